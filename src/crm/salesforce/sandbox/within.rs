//! Queries inside a condition (semi-joins and anti-joins): ids of another object.

use std::borrow::Cow;

use super::answer::Refusal;
use super::plan::{Planner, Source, View};
use super::schema::{Cell, Kind};
use super::soql::{Query, Select};

/// The ids that a query inside a condition on `path` finds.
pub fn ids(outer: &Planner<'_>, path: &str, query: &Query) -> Result<Vec<Cell<'static>>, Refusal> {
    let source = Source::named(&query.object)?;
    if source.name() == outer.source.name() {
        return Err(Refusal::malformed_query(
            "The inner and outer selects should not be on the same object type",
        ));
    }
    let inner = Planner {
        source,
        state: outer.state,
        access: outer.access,
        today: outer.today,
    };
    let column = match &query.select {
        Select::Fields(paths) if paths.len() == 1 => inner.path(&paths[0])?,
        _ => {
            return Err(Refusal::malformed_query(
                "semi join sub-selects can only select one field",
            ));
        }
    };
    let is_id = |kind| matches!(kind, Kind::Id | Kind::Reference(_));
    if !is_id(column.kind()) || path.contains('.') || !is_id(outer.path(path)?.kind()) {
        return Err(Refusal::malformed_query(
            "semi join sub-selects can only be compared by ID fields",
        ));
    }
    let test = query.filter.as_ref().map(|it| inner.test(it)).transpose()?;
    let view = View::of(source, inner.state);
    let rows: Vec<usize> = match source {
        Source::Table(table) => (table.rows)(inner.state),
        Source::Thing(_) => (0..view.data.len()).collect(),
    };
    let wanted = |n: &usize| test.as_ref().is_none_or(|test| test.holds(&view, *n));
    let found = rows.into_iter().filter(wanted);
    let found = found.filter_map(|n| match column.value(&view, n) {
        Cell::Text(id) => Some(Cell::Text(Cow::Owned(id.into_owned()))),
        _ => None,
    });
    Ok(found.collect())
}
