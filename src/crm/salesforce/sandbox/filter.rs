//! Whether a row is wanted: conditions, comparison, order.

use std::borrow::Cow;

use super::plan::{Get, View};
use super::schema::{Cell, Kind};
use super::soql::Compare;

/// A condition on rows.
pub enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    Is(Get, Compare, Cell<'static>),
    In(Get, Vec<Cell<'static>>),
}

impl Test {
    pub fn holds(&self, view: &View<'_>, n: usize) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(view, n)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(view, n)),
            Self::Not(inner) => !inner.holds(view, n),
            Self::Is(get, compare, wanted) => compares(&comparable(get, view, n), *compare, wanted),
            Self::In(get, wanted) => {
                let value = comparable(get, view, n);
                wanted
                    .iter()
                    .any(|wanted| compares(&value, Compare::Equal, wanted))
            }
        }
    }

    /// No row that holds is stamped earlier than this; none where the test does not say.
    pub fn least_stamp(&self) -> Option<i64> {
        match self {
            Self::All(parts) => parts.iter().filter_map(Self::least_stamp).max(),
            Self::Any(parts) => {
                let stamps: Option<Vec<i64>> = parts.iter().map(Self::least_stamp).collect();
                stamps?.into_iter().min()
            }
            Self::Is(Get::Column(column), compare, Cell::Stamp(stamp))
                if column.name == "SystemModstamp"
                    && matches!(compare, Compare::More | Compare::AtLeast | Compare::Equal) =>
            {
                Some(*stamp)
            }
            _ => None,
        }
    }
}

/// A value ready to be compared: texts in small letters, ids as they are.
fn comparable<'a>(get: &Get, view: &View<'a>, n: usize) -> Cell<'a> {
    match (get.value(view, n), get.kind()) {
        (Cell::Text(id), Kind::Id | Kind::Reference(_)) => Cell::Text(id),
        (Cell::Text(text), _) => Cell::Text(Cow::Owned(text.to_lowercase())),
        (Cell::Whole(number), _) => Cell::Number(number as f64),
        (other, _) => other,
    }
}

fn compares(value: &Cell<'_>, compare: Compare, wanted: &Cell<'_>) -> bool {
    use std::cmp::Ordering;
    if compare == Compare::Like {
        return matches!((value, wanted), (Cell::Text(text), Cell::Text(pattern))
            if like(text, pattern));
    }
    let (null, wants_null) = (*value == Cell::Null, *wanted == Cell::Null);
    if null || wants_null {
        return match compare {
            Compare::Equal => null && wants_null,
            Compare::Unequal => null != wants_null,
            _ => false,
        };
    }
    let order = order(value, wanted);
    match compare {
        Compare::Equal | Compare::Like => order == Ordering::Equal,
        Compare::Unequal => order != Ordering::Equal,
        Compare::Less => order == Ordering::Less,
        Compare::AtMost => order != Ordering::Greater,
        Compare::More => order == Ordering::Greater,
        Compare::AtLeast => order != Ordering::Less,
    }
}

/// The order of two values of one field; nothing comes first.
pub fn order(a: &Cell<'_>, b: &Cell<'_>) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    match (a, b) {
        (Cell::Null, Cell::Null) => Ordering::Equal,
        (Cell::Null, _) => Ordering::Less,
        (_, Cell::Null) => Ordering::Greater,
        (Cell::Truth(a), Cell::Truth(b)) => a.cmp(b),
        (Cell::Whole(a), Cell::Whole(b)) | (Cell::Stamp(a), Cell::Stamp(b)) => a.cmp(b),
        (Cell::Number(a), Cell::Number(b)) => a.total_cmp(b),
        (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
        (Cell::Date(a), Cell::Date(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

/// Whether a text fits a pattern of `%` and `_`; both in small letters.
fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let (mut t, mut p, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '_' || *c == text[t] => {
                t += 1;
                p += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    t = from + 1;
                    p = at + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '%')
}
