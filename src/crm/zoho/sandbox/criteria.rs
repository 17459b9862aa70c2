//! COQL's text: what a query asks, and whether a row meets its criteria.

use std::cmp::Ordering;

use serde_json::{Value as Json, json};

use super::coql::ACCOUNT_NAME;
use super::shapes::shown;
use super::{Answer, refuse};
use crate::sandbox::world::State;

/// Values of an `in`.
const MOST_VALUES: usize = 50;

/// What a column holds, for comparing.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Cell {
    Null,
    Number(i64),
    Text(String),
}

/// What a row must be.
pub enum Criteria {
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
    Compare(String, String, Cell),
    OneOf(String, bool, Vec<Cell>),
    IsNull(String, bool),
}

/// A query, read.
pub struct Select {
    pub columns: Vec<String>,
    pub criteria: Option<Criteria>,
    pub order: Vec<(String, bool)>,
    pub offset: usize,
    pub limit: usize,
}

fn syntax(near: &str, clause: &str) -> Answer {
    let details = match near {
        "" => json!({"clause": clause}),
        near => json!({"line": 1, "column": 1, "near": near}),
    };
    refuse(
        400,
        "SYNTAX_ERROR",
        details,
        "error occured while parsing the query",
    )
}

/// What a column holds in a row.
pub fn cell(state: &State, n: usize, column: &str) -> Cell {
    let deal = &state.deals[n];
    match column {
        "id" => Cell::Number(deal.id.parse().unwrap_or_default()),
        "Modified_Time" => Cell::Number(deal.changed_at.timestamp()),
        "Created_Time" => Cell::Number(deal.created_at.timestamp()),
        "Stage" => Cell::Text(state.stages[deal.stage].name.to_owned()),
        "Owner" => Cell::Text(state.people[deal.owner].id.clone()),
        ACCOUNT_NAME => Cell::Text(deal.account.clone()),
        other => match shown(state, n, &[other.to_owned()])[other].clone() {
            Json::String(text) => Cell::Text(text),
            Json::Number(number) => Cell::Number(number.as_f64().unwrap_or_default() as i64),
            _ => Cell::Null,
        },
    }
}

/// A literal, read the way the column it is held against needs it.
fn literal(column: &str, word: &str) -> Cell {
    let Some(text) = word.strip_prefix('\'') else {
        return word.parse().map_or(Cell::Null, Cell::Number);
    };
    let time = column
        .ends_with("_Time")
        .then(|| chrono::DateTime::parse_from_rfc3339(text));
    match time {
        Some(Ok(time)) => Cell::Number(time.timestamp()),
        _ => Cell::Text(text.to_owned()),
    }
}

/// How cells are ordered.
pub fn compared(a: &Cell, b: &Cell) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

impl Criteria {
    /// The columns it names, added to `into`.
    pub fn columns(&self, into: &mut Vec<String>) {
        match self {
            Self::Both(a, b) | Self::Either(a, b) => {
                a.columns(into);
                b.columns(into);
            }
            Self::Compare(column, ..) | Self::OneOf(column, ..) | Self::IsNull(column, _) => {
                into.push(column.clone());
            }
        }
    }

    /// Whether it names that column.
    pub fn names(&self, wanted: &str) -> bool {
        let mut columns = Vec::new();
        self.columns(&mut columns);
        columns.iter().any(|column| column == wanted)
    }

    /// Whether the row meets it.
    pub fn holds(&self, state: &State, n: usize) -> bool {
        match self {
            Self::Both(a, b) => a.holds(state, n) && b.holds(state, n),
            Self::Either(a, b) => a.holds(state, n) || b.holds(state, n),
            Self::IsNull(column, wanted) => (cell(state, n, column) == Cell::Null) == *wanted,
            Self::OneOf(column, wanted, values) => {
                values.contains(&cell(state, n, column)) == *wanted
            }
            Self::Compare(column, operator, wanted) => {
                let order = compared(&cell(state, n, column), wanted);
                match operator.as_str() {
                    "=" => order.is_eq(),
                    "!=" => order.is_ne(),
                    ">" => order.is_gt(),
                    ">=" => order.is_ge(),
                    "<" => order.is_lt(),
                    _ => order.is_le(),
                }
            }
        }
    }
}

/// Reads a query word by word.
pub struct Parser {
    words: Vec<String>,
    next: usize,
}

impl Parser {
    /// Splits the text into words.
    pub fn new(text: &str) -> Result<Self, Answer> {
        let mut words = Vec::new();
        let mut chars = text.chars().peekable();
        let mut word = String::new();
        let mut flush = |word: &mut String| {
            if !word.is_empty() {
                words.push(std::mem::take(word));
            }
        };
        while let Some(c) = chars.next() {
            match c {
                '\'' => {
                    flush(&mut word);
                    word.push('\'');
                    loop {
                        match chars.next() {
                            Some('\\') => word.extend(chars.next()),
                            Some('\'') => break,
                            Some(other) => word.push(other),
                            None => return Err(syntax("'", "where")),
                        }
                    }
                    flush(&mut word);
                }
                '(' | ')' | ',' => {
                    flush(&mut word);
                    word.push(c);
                    flush(&mut word);
                }
                '=' | '!' | '<' | '>' => {
                    flush(&mut word);
                    word.push(c);
                    if chars.peek() == Some(&'=') {
                        word.extend(chars.next());
                    }
                    flush(&mut word);
                }
                c if c.is_whitespace() => flush(&mut word),
                other => word.push(other),
            }
        }
        flush(&mut word);
        Ok(Self { words, next: 0 })
    }

    fn peek(&self) -> &str {
        self.words.get(self.next).map_or("", String::as_str)
    }

    fn take(&mut self) -> String {
        let word = self.peek().to_owned();
        self.next += 1;
        word
    }

    fn accept(&mut self, word: &str) -> bool {
        let found = self.peek().eq_ignore_ascii_case(word);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str, clause: &str) -> Result<(), Answer> {
        if self.accept(word) {
            Ok(())
        } else {
            Err(syntax(self.peek(), clause))
        }
    }

    /// The whole query.
    pub fn select(mut self) -> Result<Select, Answer> {
        self.expect("select", "select")?;
        let mut columns = vec![self.take()];
        while self.accept(",") {
            columns.push(self.take());
        }
        self.expect("from", "from")?;
        let module = self.take();
        if module != "Deals" {
            let details = json!({"module": module});
            let message = "module given seems to be invalid";
            return Err(refuse(400, "INVALID_QUERY", details, message));
        }
        // Without a condition there is nothing to query.
        self.expect("where", "where")?;
        let criteria = Some(self.criteria()?);
        let mut order = Vec::new();
        if self.accept("order") {
            self.expect("by", "order by")?;
            loop {
                let column = self.take();
                let down = self.accept("desc");
                if !down {
                    self.accept("asc");
                }
                order.push((column, down));
                if !self.accept(",") {
                    break;
                }
            }
        }
        let (mut offset, mut limit) = (0, 200);
        if self.accept("limit") {
            limit = self.count()?;
            if self.accept(",") {
                offset = limit;
                limit = self.count()?;
            }
        }
        if self.accept("offset") {
            offset = self.count()?;
        }
        match self.peek() {
            "" => Ok(Select {
                columns,
                criteria,
                order,
                offset,
                limit,
            }),
            word => Err(syntax(word, "limit")),
        }
    }

    fn count(&mut self) -> Result<usize, Answer> {
        let word = self.take();
        word.parse().map_err(|_| syntax(&word, "limit"))
    }

    /// One criterion, or two of them: more have to be put into brackets by pairs.
    fn criteria(&mut self) -> Result<Criteria, Answer> {
        let left = self.one()?;
        let joined = if self.accept("and") {
            Criteria::Both(Box::new(left), Box::new(self.one()?))
        } else if self.accept("or") {
            Criteria::Either(Box::new(left), Box::new(self.one()?))
        } else {
            return Ok(left);
        };
        match self.peek().to_lowercase().as_str() {
            "and" | "or" => Err(syntax(self.peek(), "where")),
            _ => Ok(joined),
        }
    }

    fn one(&mut self) -> Result<Criteria, Answer> {
        if self.accept("(") {
            let inner = self.criteria()?;
            self.expect(")", "where")?;
            return Ok(inner);
        }
        let column = self.take();
        if self.accept("is") {
            let wanted = !self.accept("not");
            self.expect("null", "where")?;
            return Ok(Criteria::IsNull(column, wanted));
        }
        let inverted = self.accept("not");
        if self.accept("in") {
            self.expect("(", "where")?;
            let mut values = Vec::new();
            loop {
                let word = self.take();
                values.push(literal(&column, &word));
                if !self.accept(",") {
                    break;
                }
            }
            self.expect(")", "where")?;
            if values.len() > MOST_VALUES {
                let details = json!({"limit": MOST_VALUES});
                return Err(refuse(400, "LIMIT_EXCEEDED", details, "too many values"));
            }
            return Ok(Criteria::OneOf(column, !inverted, values));
        }
        let operator = self.take();
        if !["=", "!=", ">", ">=", "<", "<="].contains(&operator.as_str()) {
            return Err(syntax(&operator, "where"));
        }
        let word = self.take();
        let wanted = literal(&column, &word);
        Ok(Criteria::Compare(column, operator, wanted))
    }
}
