//! COQL: `select … from Deals where … order by … limit …`.

use std::cmp::Ordering;

use axum::http::Method;
use serde_json::{Map, Value as Json, json};

use super::fields::STANDARD;
use super::records::shown;
use super::{Answer, Ask, Office, data, no_such_method, nothing, refuse};
use crate::sandbox::world::State;

/// Rows of one query.
const MOST_ROWS: usize = 2_000;
/// Rows that offsets reach.
const MOST_OFFSET: usize = 100_000;
const MOST_COLUMNS: usize = 50;
const MOST_CRITERIA: usize = 25;
/// Values of an `in`.
const MOST_VALUES: usize = 50;
const ACCOUNT_NAME: &str = "Account_Name.Account_Name";

/// What a column holds, for comparing.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Cell {
    Null,
    Number(i64),
    Text(String),
}

enum Criteria {
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
    Compare(String, String, Cell),
    OneOf(String, bool, Vec<Cell>),
    IsNull(String, bool),
}

struct Select {
    columns: Vec<String>,
    criteria: Option<Criteria>,
    order: Vec<(String, bool)>,
    offset: usize,
    limit: usize,
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

fn invalid(column: &str, message: &str) -> Answer {
    refuse(
        400,
        "INVALID_QUERY",
        json!({"column_name": column}),
        message,
    )
}

/// Carries out a query.
pub fn answer(office: &Office, state: &State, ask: &Ask) -> Result<Answer, Answer> {
    if ask.method != Method::POST {
        return Err(no_such_method());
    }
    let body: Json = serde_json::from_slice(&ask.body).unwrap_or_default();
    let Some(text) = body["select_query"].as_str() else {
        let details = json!({"api_name": "select_query", "json_path": "$.select_query"});
        return Err(refuse(
            400,
            "MANDATORY_NOT_FOUND",
            details,
            "required field not found",
        ));
    };
    let query = Parser::new(text)?.select()?;
    checked(state, &query)?;
    let now = office.world.now();
    let by_change = query
        .criteria
        .as_ref()
        .is_some_and(|it| it.names("Modified_Time"));
    let mut rows: Vec<usize> = (0..state.deals.len())
        .filter(|n| {
            let deal = &state.deals[*n];
            deal.deleted_at.is_none()
                && (!by_change || deal.visible_at <= now)
                && query.criteria.as_ref().is_none_or(|it| it.holds(state, *n))
        })
        .collect();
    let order = |a: &usize, b: &usize| {
        for (column, down) in &query.order {
            let order = compared(&cell(state, *a, column), &cell(state, *b, column));
            if order.is_ne() {
                return if *down { order.reverse() } else { order };
            }
        }
        a.cmp(b)
    };
    let by_id = query
        .order
        .first()
        .is_none_or(|(column, down)| column == "id" && !down);
    let end = query.offset + query.limit;
    let more = rows.len() > end;
    if more && !by_id {
        rows.select_nth_unstable_by(end, order);
        rows.truncate(end);
    }
    if !by_id {
        rows.sort_unstable_by(order);
    }
    let mut found: Vec<Json> = rows
        .into_iter()
        .skip(query.offset)
        .take(query.limit)
        .map(|n| row(state, n, &query.columns))
        .collect();
    let credits = match query.limit {
        0..=200 => 1,
        201..=1_000 => 2,
        _ => 3,
    };
    if found.is_empty() {
        return Ok(Answer {
            credits,
            ..nothing(204)
        });
    }
    if office.world.weather().duplicates() {
        found.insert(0, found[0].clone());
    }
    let info = json!({"count": found.len(), "more_records": more});
    Ok(Answer {
        credits,
        ..data(200, json!({"data": found, "info": info}))
    })
}

fn known(state: &State, column: &str) -> bool {
    column == "id"
        || column == ACCOUNT_NAME
        || STANDARD.iter().any(|(name, ..)| *name == column)
        || state.fields.contains_key(column)
}

fn checked(state: &State, query: &Select) -> Result<(), Answer> {
    if query.columns.len() > MOST_COLUMNS {
        return Err(refuse(
            400,
            "LIMIT_EXCEEDED",
            json!({"limit": MOST_COLUMNS}),
            "too many columns",
        ));
    }
    if query.limit > MOST_ROWS || query.offset > MOST_OFFSET {
        return Err(refuse(
            400,
            "LIMIT_EXCEEDED",
            json!({"limit": MOST_ROWS}),
            "the limit is exceeded",
        ));
    }
    let mut compared = Vec::new();
    if let Some(criteria) = &query.criteria {
        criteria.columns(&mut compared);
    }
    if compared.len() > MOST_CRITERIA {
        return Err(refuse(
            400,
            "LIMIT_EXCEEDED",
            json!({"limit": MOST_CRITERIA}),
            "too many criteria",
        ));
    }
    let ordered = query.order.iter().map(|(column, _)| column);
    let mut every = query.columns.iter().chain(&compared).chain(ordered);
    if let Some(column) = every.find(|column| !known(state, column)) {
        return Err(invalid(column, "column given seems to be invalid"));
    }
    let long = |column: &&String| {
        let made = state.fields.get(column.as_str());
        column.as_str() == "Description" || made.is_some_and(|it| it["data_type"] == "textarea")
    };
    match compared.iter().find(long) {
        Some(column) => Err(invalid(
            column,
            "multi-line fields are not supported in criteria",
        )),
        None => Ok(()),
    }
}

/// A row: lookups come as an id alone.
fn row(state: &State, n: usize, columns: &[String]) -> Json {
    let Json::Object(mut found) = shown(state, n, columns) else {
        return Json::Null;
    };
    for column in columns {
        if let Some(Json::Object(lookup)) = found.get(column) {
            let id = lookup.get("id").cloned().unwrap_or_default();
            found.insert(
                column.clone(),
                Json::Object(Map::from_iter([("id".to_owned(), id)])),
            );
        }
    }
    if columns.iter().any(|column| column == ACCOUNT_NAME) {
        found.insert(ACCOUNT_NAME.to_owned(), json!(state.deals[n].account));
    }
    Json::Object(found)
}

fn cell(state: &State, n: usize, column: &str) -> Cell {
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

fn compared(a: &Cell, b: &Cell) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

impl Criteria {
    fn columns(&self, into: &mut Vec<String>) {
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

    fn names(&self, wanted: &str) -> bool {
        let mut columns = Vec::new();
        self.columns(&mut columns);
        columns.iter().any(|column| column == wanted)
    }

    fn holds(&self, state: &State, n: usize) -> bool {
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

struct Parser {
    words: Vec<String>,
    next: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Self, Answer> {
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

    fn select(mut self) -> Result<Select, Answer> {
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
