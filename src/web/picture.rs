//! How a team's plans stand by stage, and how what was published changed week by week.
//!
//! Pictures are of groups. They take no filter, so that no two of them can be subtracted to find
//! one person; a row stands only for five sellers or more; there is no total beside other rows from
//! which a hidden one could be told.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Days, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::board::{chosen, stage_name};
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::promise;
use super::session::{Me, Reader};
use super::table::{For, Table};
use super::{App, Shared, words};
use crate::domain::deal::Standing;
use crate::domain::grade::Grade;
use crate::domain::group::{SMALLEST_GROUP, is_group};
use crate::domain::week::monday;
use crate::store::picture::Publication;
use crate::store::tx::Tx;

/// Weeks looked back.
const WEEKS: u32 = 12;
/// Width of the drawing, in its own units.
const WIDTH: f64 = 600.0;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::People, "/board/picture", picture)
}

/// How a group's plans stand.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Picture {
    /// By stage, in order.
    pub by_stage: Vec<Row>,
    /// By week, oldest first.
    pub by_week: Vec<Row>,
    /// Stages and weeks that stand for too few sellers to be shown.
    pub hidden: usize,
    /// Which stages these are, in order.
    pub hidden_stages: Vec<String>,
}

/// One row of a picture: shares of each grade, best first, in percent.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = PictureRow)]
pub struct Row {
    /// The stage, or the week's Monday.
    pub name: String,
    /// Best grade first.
    pub shares: Vec<Share>,
}

/// How much of a group has a grade.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ShareOfGrade)]
pub struct Share {
    /// The label of the grade.
    pub grade: &'static str,
    /// In percent.
    pub percent: u32,
}

/// Draws the picture of everyone a person leads; weeks are those of the zone the person lives in.
///
/// # Errors
/// The database's.
pub async fn of_team(app: &App, tx: &mut Tx, me: &Me) -> Result<Picture, Problem> {
    let sellers = me.sellers();
    let stages = tx.stages(&me.connection).await?;
    let groups: BTreeMap<String, i64> = tx
        .sellers_by_stage(&me.connection, &sellers)
        .await?
        .into_iter()
        .collect();
    let cells = tx.grades_by_stage(&me.connection, &sellers).await?;
    let (now, hours) = (app.env.now(), app.settings.hours.of(app, me.zone()));
    let first = monday(hours.date(now)) - Days::new(7 * u64::from(WEEKS));
    // More than any zone needs; what is of weeks before is left out below.
    let since = now - TimeDelta::weeks(i64::from(WEEKS) + 2);
    let published = tx.publications(&me.connection, &sellers, since).await?;
    let published = published
        .into_iter()
        .map(|it| (monday(hours.date(it.at)), it))
        .filter(|(monday, _)| *monday >= first);
    let mut hidden = Vec::new();
    let mut by_stage = Vec::new();
    // Pipelines may have stages in common: one row each.
    let mut seen = BTreeSet::new();
    let open = stages.iter().filter(|it| it.standing() == Standing::Open);
    for stage in open.filter(|it| seen.insert(it.id.as_str())) {
        let group = groups.get(&stage.id).copied().unwrap_or(0);
        if group == 0 {
            continue;
        }
        if !is_group(group) {
            hidden.push(stage_name(&stages, &stage.id).to_owned());
            continue;
        }
        let counts = cells
            .iter()
            .filter(|cell| cell.stage == stage.id)
            .map(|cell| (cell.grade.as_str(), cell.deals));
        by_stage.push(row(stage_name(&stages, &stage.id), counts));
    }
    // Where no stage is shown, none can be told from what all of them are together.
    if by_stage.is_empty() && is_group(tx.sellers_with_deals(&me.connection, &sellers).await?) {
        let all = cells.iter().map(|cell| (cell.grade.as_str(), cell.deals));
        by_stage.push(row("All stages", all));
    }
    let (by_week, quiet) = weeks(published);
    Ok(Picture {
        by_stage,
        by_week,
        hidden: hidden.len() + quiet,
        hidden_stages: hidden,
    })
}

/// Rows of what was published, each with its week's Monday; and how many weeks have none.
fn weeks(published: impl Iterator<Item = (NaiveDate, Publication)>) -> (Vec<Row>, usize) {
    let mut weeks: BTreeMap<NaiveDate, Vec<Publication>> = BTreeMap::new();
    for (monday, one) in published {
        weeks.entry(monday).or_default().push(one);
    }
    let mut hidden = 0;
    let mut rows = Vec::new();
    for (monday, published) in weeks {
        let group: BTreeSet<&str> = published.iter().map(|it| it.seller.as_str()).collect();
        if group.len() < SMALLEST_GROUP {
            hidden += 1;
            continue;
        }
        let counts = published.iter().map(|it| (it.grade.as_str(), 1));
        rows.push(row(&words::day(monday), counts));
    }
    (rows, hidden)
}

fn row<'a>(name: &str, counts: impl Iterator<Item = (&'a str, i64)>) -> Row {
    let mut by_grade: BTreeMap<Grade, i64> = BTreeMap::new();
    for (label, count) in counts {
        if let Some(grade) = Grade::labelled(label) {
            *by_grade.entry(grade).or_default() += count;
        }
    }
    let total: i64 = by_grade.values().sum();
    let share = |count: i64| (count as f64 * 100.0 / total.max(1) as f64).round() as u32;
    Row {
        name: name.to_owned(),
        shares: by_grade
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(grade, count)| Share {
                grade: grade.label(),
                percent: share(*count),
            })
            .collect(),
    }
}

#[derive(askama::Template)]
#[template(path = "picture.html")]
struct Page {
    chrome: Chrome,
    charts: Vec<Chart>,
    /// What is not shown, and why.
    missing: Option<String>,
    legend: Vec<(&'static str, &'static str)>,
}

struct Chart {
    title: &'static str,
    rows: Vec<Drawn>,
}

struct Drawn {
    name: String,
    told: String,
    bars: Vec<Bar>,
}

struct Bar {
    x: String,
    width: String,
    class: &'static str,
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    connection: String,
}

async fn picture(
    State(app): State<Shared>,
    reader: Reader,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let me = chosen(&reader, &wish.connection)?;
    if !me.leads() {
        return Err(Problem::NotFound);
    }
    let mut tx = app.store.read().await?;
    if !promise::is_made(&mut tx, me).await? {
        return Ok(Redirect::to(&promise::path(&me.connection)).into_response());
    }
    let picture = of_team(&app, &mut tx, me).await?;
    Ok(Show(Page {
        chrome: Chrome::of("Plan quality", &reader, "/board"),
        charts: vec![
            chart("Open deals by stage", &picture.by_stage),
            chart("Strategies published, by week", &picture.by_week),
        ],
        missing: missing(&picture),
        legend: Grade::ALL
            .into_iter()
            .map(|grade| (grade.label(), words::grade_class(grade.label())))
            .collect(),
    })
    .into_response())
}

/// What stands for too few sellers to be shown, by name where it has one.
fn missing(picture: &Picture) -> Option<String> {
    let stages = picture.hidden_stages.join(", ");
    let weeks = match picture.hidden - picture.hidden_stages.len() {
        0 => String::new(),
        1 => "one week".to_owned(),
        many => format!("{many} weeks"),
    };
    let between = match stages.is_empty() || weeks.is_empty() {
        true => "",
        false => "; and ",
    };
    (picture.hidden > 0).then(|| {
        format!(
            "Not shown by themselves, since each stands for fewer than five people: \
             {stages}{between}{weeks}."
        )
    })
}

fn chart(title: &'static str, rows: &[Row]) -> Chart {
    Chart {
        title,
        rows: rows.iter().map(drawn).collect(),
    }
}

fn drawn(row: &Row) -> Drawn {
    let total: u32 = row.shares.iter().map(|it| it.percent).sum();
    // One unit is free at either end, where half of an edge is drawn.
    let scale = (WIDTH - 2.0) / f64::from(total.max(1));
    let mut x = 1.0;
    let bars = row
        .shares
        .iter()
        .map(|it| {
            let width = f64::from(it.percent) * scale;
            let bar = Bar {
                x: format!("{x:.1}"),
                width: format!("{:.1}", (width - 2.0).max(0.5)),
                class: words::grade_class(it.grade),
            };
            x += width;
            bar
        })
        .collect();
    let told: Vec<String> = row
        .shares
        .iter()
        .map(|it| format!("{} {} %", it.grade, it.percent))
        .collect();
    Drawn {
        name: row.name.clone(),
        told: told.join(", "),
        bars,
    }
}
