//! `$filter`: read once, held against each row.

use std::borrow::Cow;
use std::cmp::Ordering;

/// What a column holds in one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    Null,
    Bool(bool),
    Number(f64),
    /// Seconds since 1970.
    Time(i64),
    Text(Cow<'a, str>),
}

impl Cell<'_> {
    /// How the CRM orders cells: nothing first.
    pub fn order(&self, other: &Cell<'_>) -> Ordering {
        match (self, other) {
            (Cell::Bool(a), Cell::Bool(b)) => a.cmp(b),
            (Cell::Number(a), Cell::Number(b)) => a.total_cmp(b),
            (Cell::Time(a), Cell::Time(b)) => a.cmp(b),
            (Cell::Text(a), Cell::Text(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Time(_) => 3,
            Self::Text(_) => 4,
        }
    }

    /// Text cell.
    pub fn text(text: &str) -> Cell<'_> {
        Cell::Text(Cow::Borrowed(text))
    }
}

/// A condition on a row.
#[derive(Debug)]
pub enum Filter {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare(String, Compare, Cell<'static>),
    Has(String, Part, String),
}

/// How two cells are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

/// Where a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Start,
    Middle,
    End,
}

impl Filter {
    /// Reads the text of a `$filter`.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut words = Words {
            words: split(text)?,
            next: 0,
        };
        let filter = words.either()?;
        match words.take() {
            None => Ok(filter),
            Some(word) => Err(format!("Syntax error at '{word}' in '{text}'.")),
        }
    }

    /// Every column it names.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::And(a, b) | Self::Or(a, b) => [a.columns(), b.columns()].concat(),
            Self::Not(a) => a.columns(),
            Self::Compare(column, ..) | Self::Has(column, ..) => vec![column],
        }
    }

    /// Whether it holds for the row whose cells `cell` gives.
    pub fn holds<'a>(&self, cell: &impl Fn(&str) -> Cell<'a>) -> bool {
        match self {
            Self::And(a, b) => a.holds(cell) && b.holds(cell),
            Self::Or(a, b) => a.holds(cell) || b.holds(cell),
            Self::Not(a) => !a.holds(cell),
            Self::Has(column, part, text) => match cell(column) {
                Cell::Text(held) => {
                    let held = held.to_lowercase();
                    match part {
                        Part::Start => held.starts_with(text),
                        Part::Middle => held.contains(text),
                        Part::End => held.ends_with(text),
                    }
                }
                _ => false,
            },
            Self::Compare(column, compare, wanted) => {
                let held = cell(column);
                let order = held.order(wanted);
                let empty = held == Cell::Null || *wanted == Cell::Null;
                match compare {
                    Compare::Eq => order == Ordering::Equal,
                    Compare::Ne => order != Ordering::Equal,
                    _ if empty => false,
                    Compare::Gt => order == Ordering::Greater,
                    Compare::Ge => order != Ordering::Less,
                    Compare::Lt => order == Ordering::Less,
                    Compare::Le => order != Ordering::Greater,
                }
            }
        }
    }
}

/// Words, quoted texts and brackets.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                word.push(c);
                loop {
                    match chars.next() {
                        Some('\'') if chars.peek() == Some(&'\'') => {
                            chars.next();
                            word.push('\'');
                        }
                        Some('\'') => break,
                        Some(other) => word.push(other),
                        None => return Err("There is an unterminated string literal.".to_owned()),
                    }
                }
                words.push(std::mem::take(&mut word));
            }
            ' ' | '(' | ')' | ',' => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                if c != ' ' {
                    words.push(c.to_string());
                }
            }
            other => word.push(other),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

struct Words {
    words: Vec<String>,
    next: usize,
}

impl Words {
    fn take(&mut self) -> Option<String> {
        let word = self.words.get(self.next).cloned();
        self.next += 1;
        word
    }

    fn accept(&mut self, word: &str) -> bool {
        let found = self.words.get(self.next).is_some_and(|next| next == word);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.accept(word) {
            Ok(())
        } else {
            Err(format!("'{word}' expected."))
        }
    }

    fn either(&mut self) -> Result<Filter, String> {
        let mut left = self.both()?;
        while self.accept("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, String> {
        let mut left = self.one()?;
        while self.accept("and") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, String> {
        if self.accept("not") {
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        if self.accept("(") {
            let inner = self.either()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let word = self.take().ok_or("Expression expected.")?;
        let part = match word.as_str() {
            "startswith" => Some(Part::Start),
            "contains" => Some(Part::Middle),
            "endswith" => Some(Part::End),
            _ => None,
        };
        if let Some(part) = part {
            self.expect("(")?;
            let column = self.take().ok_or("A property is expected.")?;
            self.expect(",")?;
            let text = self.take().unwrap_or_default();
            self.expect(")")?;
            let text = text.strip_prefix('\'').ok_or("A string is expected.")?;
            return Ok(Filter::Has(column, part, text.to_lowercase()));
        }
        let compare = match self.take().as_deref() {
            Some("eq") => Compare::Eq,
            Some("ne") => Compare::Ne,
            Some("gt") => Compare::Gt,
            Some("ge") => Compare::Ge,
            Some("lt") => Compare::Lt,
            Some("le") => Compare::Le,
            other => {
                let other = other.unwrap_or_default();
                return Err(format!("Unrecognized operator '{other}'."));
            }
        };
        let wanted = self.take().ok_or("A literal is expected.")?;
        Ok(Filter::Compare(word, compare, literal(&wanted)?))
    }
}

fn literal(word: &str) -> Result<Cell<'static>, String> {
    let text = |text: &str| Ok(Cell::Text(Cow::Owned(text.to_owned())));
    if let Some(quoted) = word.strip_prefix('\'') {
        return text(quoted);
    }
    match word {
        "null" => return Ok(Cell::Null),
        "true" => return Ok(Cell::Bool(true)),
        "false" => return Ok(Cell::Bool(false)),
        _ => {}
    }
    if let Ok(number) = word.parse::<f64>() {
        return Ok(Cell::Number(number));
    }
    if let Ok(time) = chrono::DateTime::parse_from_rfc3339(word) {
        return Ok(Cell::Time(time.timestamp()));
    }
    if word.parse::<chrono::NaiveDate>().is_ok() || (word.len() == 36 && word.contains('-')) {
        return text(word);
    }
    Err(format!("Could not find a property named '{word}'."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_as_written() {
        let row = |column: &str| match column {
            "name" => Cell::text("12 pumps"),
            "statecode" => Cell::Number(0.0),
            "modifiedon" => Cell::Time(100),
            _ => Cell::Null,
        };
        for (text, wanted) in [
            ("statecode eq 0", true),
            ("statecode ne 0 or name eq '12 Pumps'", true),
            ("not (statecode eq 0)", false),
            (
                "modifiedon ge 1970-01-01T00:01:40Z and contains(name,'pump')",
                true,
            ),
            ("modifiedon gt 1970-01-01T00:01:40Z", false),
            ("ownerid eq null", true),
            ("ownerid gt 3", false),
        ] {
            assert_eq!(
                Filter::read(text).map(|it| it.holds(&row)),
                Ok(wanted),
                "{text}"
            );
        }
        for bad in [
            "statecode",
            "statecode is 0",
            "(statecode eq 0",
            "name eq 'x",
            "a eq 1 b",
        ] {
            assert!(Filter::read(bad).is_err(), "{bad}");
        }
    }
}
