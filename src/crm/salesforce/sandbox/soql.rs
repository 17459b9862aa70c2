//! Reads SOQL: the subset that integrations use.

use chrono::{DateTime, NaiveDate, Utc};

use super::answer::Refusal;
use super::calendar::PERIODS;
use super::days::Days;
use super::lexer::{Token, shown, tokens, unexpected};

/// A query as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    pub select: Select,
    pub object: String,
    pub filter: Option<Filter>,
    pub order: Vec<Order>,
    pub limit: Option<usize>,
    pub offset: usize,
}

/// What a query asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Select {
    /// Paths such as `Owner.Name`.
    Fields(Vec<String>),
    /// `COUNT()`.
    Count,
    /// `DAY_ONLY(…)` and `COUNT(Id)`, grouped by the day.
    Days(Days),
}

/// One key of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub path: String,
    pub descending: bool,
    pub nulls_last: bool,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Is(String, Compare, Literal),
    In(String, bool, Vec<Literal>),
    /// Among what a query of another object finds, or not.
    Within(String, bool, Box<Query>),
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
    Like,
}

/// A value in a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Null,
    Truth(bool),
    Number(f64),
    Text(String),
    Date(NaiveDate),
    Time(DateTime<Utc>),
    /// Such as `TODAY` or `NEXT_N_DAYS:30`.
    Days(String, i64),
}

/// The longest query.
const LONGEST_QUERY: usize = 100_000;
/// The farthest row a query may start from.
const FARTHEST: usize = 2_000;
/// How deep conditions may nest.
const DEEPEST: usize = 100;

/// Reads a query.
pub fn parse(text: &str) -> Result<Query, Refusal> {
    if text.len() > LONGEST_QUERY {
        return Err(Refusal::malformed_query(
            "SOQL statements cannot be longer than 100000 characters.",
        ));
    }
    let mut reader = Reader {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let query = reader.query()?;
    match reader.tokens.get(reader.at) {
        Some(token) => Err(unexpected(&shown(token))),
        None => Ok(query),
    }
}

pub(super) struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn query(&mut self) -> Result<Query, Refusal> {
        self.must("SELECT")?;
        let mut select = self.select()?;
        self.must("FROM")?;
        let object = self.word()?;
        let filter = if self.takes("WHERE") {
            Some(self.any()?)
        } else {
            None
        };
        if let Select::Days(days) = &mut select {
            self.group_by_day(days)?;
        }
        let mut order = Vec::new();
        if self.takes("ORDER") {
            self.must("BY")?;
            order.push(self.order()?);
            while self.takes(",") {
                order.push(self.order()?);
            }
        }
        let limit = if self.takes("LIMIT") {
            Some(self.count()?)
        } else {
            None
        };
        let offset = if self.takes("OFFSET") {
            self.count()?
        } else {
            0
        };
        if offset > FARTHEST {
            return Err(Refusal::new(
                400,
                "NUMBER_OUTSIDE_VALID_RANGE",
                "Maximum SOQL offset allowed is 2000",
            ));
        }
        Ok(Query {
            select,
            object,
            filter,
            order,
            limit,
            offset,
        })
    }

    fn select(&mut self) -> Result<Select, Refusal> {
        if self.takes("DAY_ONLY") {
            return self.days().map(Select::Days);
        }
        let mut paths = vec![self.word()?];
        if paths[0].eq_ignore_ascii_case("COUNT") && self.takes("(") {
            self.must(")")?;
            return Ok(Select::Count);
        }
        while self.takes(",") {
            paths.push(self.word()?);
        }
        Ok(Select::Fields(paths))
    }

    fn order(&mut self) -> Result<Order, Refusal> {
        let path = self.word()?;
        let descending = !self.takes("ASC") && self.takes("DESC");
        let mut nulls_last = false;
        if self.takes("NULLS") {
            nulls_last = self.takes("LAST");
            if !nulls_last {
                self.must("FIRST")?;
            }
        }
        Ok(Order {
            path,
            descending,
            nulls_last,
        })
    }

    fn any(&mut self) -> Result<Filter, Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Refusal::malformed_query(
                "the condition is nested too deeply",
            ));
        }
        let mut parts = vec![self.one()?];
        let joint = ["AND", "OR"].into_iter().find(|word| self.is(word));
        while let Some(joint) = joint
            && self.takes(joint)
        {
            parts.push(self.one()?);
        }
        // Mixing both without parentheses is refused, as Salesforce does.
        if let Some(other) = ["AND", "OR"].into_iter().find(|word| self.is(word)) {
            return Err(unexpected(other));
        }
        self.depth -= 1;
        Ok(match joint {
            Some("OR") => Filter::Any(parts),
            Some(_) => Filter::All(parts),
            None => parts.remove(0),
        })
    }

    fn one(&mut self) -> Result<Filter, Refusal> {
        if self.takes("NOT") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(Refusal::malformed_query(
                    "the condition is nested too deeply",
                ));
            }
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        if self.takes("(") {
            let inner = self.any()?;
            self.must(")")?;
            return Ok(inner);
        }
        let path = self.word()?;
        let inside = if self.takes("IN") {
            Some(true)
        } else if self.takes("NOT") {
            self.must("IN")?;
            Some(false)
        } else {
            None
        };
        if let Some(inside) = inside {
            self.must("(")?;
            if self.is("SELECT") {
                let inner = self.query()?;
                self.must(")")?;
                return Ok(Filter::Within(path, inside, Box::new(inner)));
            }
            let mut values = vec![self.literal()?];
            while self.takes(",") {
                values.push(self.literal()?);
            }
            self.must(")")?;
            return Ok(Filter::In(path, inside, values));
        }
        let compare = self.compare()?;
        Ok(Filter::Is(path, compare, self.literal()?))
    }

    fn compare(&mut self) -> Result<Compare, Refusal> {
        const WORDS: [(&str, Compare); 8] = [
            ("=", Compare::Equal),
            ("!=", Compare::Unequal),
            ("<>", Compare::Unequal),
            ("<=", Compare::AtMost),
            ("<", Compare::Less),
            (">=", Compare::AtLeast),
            (">", Compare::More),
            ("LIKE", Compare::Like),
        ];
        let found = WORDS.into_iter().find(|(word, _)| self.is(word));
        let (_, compare) = found.ok_or_else(|| self.stuck())?;
        self.at += 1;
        Ok(compare)
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        let token = self
            .tokens
            .get(self.at)
            .cloned()
            .ok_or_else(|| self.stuck())?;
        self.at += 1;
        Ok(match token {
            Token::Text(text) => Literal::Text(text),
            Token::Number(text) => number(&text).ok_or_else(|| unexpected(&text))?,
            Token::Word(word) => match word.to_ascii_uppercase().as_str() {
                "NULL" => Literal::Null,
                "TRUE" => Literal::Truth(true),
                "FALSE" => Literal::Truth(false),
                "TODAY" | "YESTERDAY" | "TOMORROW" => Literal::Days(word.to_ascii_uppercase(), 0),
                period if PERIODS.contains(&period) => Literal::Days(period.to_owned(), 0),
                days @ ("LAST_N_DAYS" | "NEXT_N_DAYS" | "N_DAYS_AGO") => {
                    self.must(":")?;
                    let count = i64::try_from(self.count()?).unwrap_or(i64::MAX);
                    Literal::Days(days.to_owned(), count.min(36_500))
                }
                _ => return Err(unexpected(&word)),
            },
            Token::Sign(sign) => return Err(unexpected(sign)),
        })
    }

    fn count(&mut self) -> Result<usize, Refusal> {
        let token = self.tokens.get(self.at).ok_or_else(|| self.stuck())?;
        let Token::Number(digits) = token else {
            return Err(unexpected(&shown(token)));
        };
        let count = digits.parse().map_err(|_| unexpected(digits))?;
        self.at += 1;
        Ok(count)
    }

    pub(super) fn word(&mut self) -> Result<String, Refusal> {
        match self.tokens.get(self.at) {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.stuck()),
        }
    }

    pub(super) fn is(&self, word: &str) -> bool {
        match self.tokens.get(self.at) {
            Some(Token::Word(found)) => found.eq_ignore_ascii_case(word),
            Some(Token::Sign(sign)) => *sign == word,
            _ => false,
        }
    }

    pub(super) fn takes(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn must(&mut self, word: &str) -> Result<(), Refusal> {
        if self.takes(word) {
            Ok(())
        } else {
            Err(self.stuck())
        }
    }

    pub(super) fn stuck(&self) -> Refusal {
        unexpected(&self.tokens.get(self.at).map_or("<EOF>".to_owned(), shown))
    }
}

fn number(text: &str) -> Option<Literal> {
    if text.contains('T') {
        let time = DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
        return Some(Literal::Time(time.ok()?.to_utc()));
    }
    if let Ok(date) = text.parse() {
        return Some(Literal::Date(date));
    }
    text.parse().ok().map(Literal::Number)
}
