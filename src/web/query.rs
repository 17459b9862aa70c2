//! The board's filters as they stand in the address, so that a view can be sent to a colleague.

use chrono::NaiveDate;
use serde::Deserialize;

use super::day;
use super::session::Me;
use crate::domain::field::{GRADES, PARTS, STATES};
use crate::store::board::{After, Filter};
use crate::store::people::StageRow;

/// Where a page begins, as [`place_after`] wrote it down.
pub fn place(text: &str) -> Option<After> {
    let (date, id) = text.split_once('~')?;
    let close_on = match date {
        "" => None,
        date => Some(day::read(date)?),
    };
    let id = id.to_owned();
    Some(After { close_on, id })
}

/// Where the page after that deal begins, in an address.
pub fn place_after(close_on: Option<NaiveDate>, id: &str) -> String {
    let date = close_on.map(|date| date.to_string()).unwrap_or_default();
    format!("{date}~{id}")
}

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Which connection, where the reader is known in several.
    pub connection: String,
    /// Labels of grades.
    pub grade: Vec<String>,
    /// Labels of states.
    pub state: Vec<String>,
    /// Labels of weakest parts.
    pub weakest: Vec<String>,
    /// Names of stages.
    pub stage: Vec<String>,
    /// One seller, by the CRM's id; in a large team also by a part of the name.
    pub seller: String,
    /// Lowest score.
    pub score_from: String,
    /// Highest score.
    pub score_to: String,
    /// Lowest amount.
    pub amount_from: String,
    /// Highest amount.
    pub amount_to: String,
    /// First close date.
    pub close_from: String,
    /// Last close date.
    pub close_to: String,
    /// Where the page begins.
    pub after: String,
}

impl Query {
    /// What of it is understood, and a sentence about each thing that is not: that filters nothing.
    pub fn understood(mut self, stages: &[StageRow]) -> (Self, Vec<String>) {
        let mut misread = Vec::new();
        let names: Vec<&str> = stages.iter().map(|it| it.name.as_str()).collect();
        for (what, asked, labels) in [
            ("grade", &mut self.grade, GRADES),
            ("state", &mut self.state, STATES),
            ("weakest part", &mut self.weakest, PARTS),
            ("stage", &mut self.stage, names.as_slice()),
        ] {
            asked.retain(|it| {
                let known = it.is_empty() || labels.contains(&it.as_str());
                if !known {
                    misread.push(format!(
                        "There is no {what} “{it}”: it filters nothing. Pick one below."
                    ));
                }
                known
            });
        }
        let mut fits = |what: &str, text: &mut String, fits: bool, remedy: &str| {
            if !fits && !text.trim().is_empty() {
                misread.push(format!("{what} “{text}” filters nothing: {remedy}."));
                text.clear();
            }
        };
        for (what, text) in [
            ("Score from", &mut self.score_from),
            ("Score to", &mut self.score_to),
        ] {
            let whole = number::<i64>(text).is_some();
            fits(what, text, whole, "write a whole number from 0 to 100");
        }
        for (what, text) in [
            ("Amount from", &mut self.amount_from),
            ("Amount to", &mut self.amount_to),
        ] {
            let finite = number::<f64>(text).is_some_and(f64::is_finite);
            fits(what, text, finite, "write a number such as 12500");
        }
        for (what, text) in [
            ("Closing from", &mut self.close_from),
            ("Closing by", &mut self.close_to),
        ] {
            let is_day = day::read(text).is_some();
            fits(what, text, is_day, "write a day such as 2026-12-04");
        }
        let begins = self.place().is_some();
        fits(
            "The page after",
            &mut self.after,
            begins,
            "this is the first one",
        );
        (self, misread)
    }

    /// What is asked of the store, of the deals in the reader's reach.
    pub fn filter(&self, me: &Me, stages: &[StageRow]) -> Filter {
        let known = |asked: &[String], labels: &[&str]| -> Vec<String> {
            let known = |it: &&String| labels.contains(&it.as_str());
            asked.iter().filter(known).cloned().collect()
        };
        let asked = self.seller.trim();
        let by_id = me.in_reach().any(|(id, _)| id == asked);
        let part = asked.to_lowercase();
        let is_meant = |(id, name): &(&str, &str)| match by_id {
            true => *id == asked,
            false => name.to_lowercase().contains(&part),
        };
        let sellers = me.in_reach().filter(is_meant);
        let mut ids: Vec<String> = stages
            .iter()
            .filter(|stage| self.stage.contains(&stage.name))
            .map(|stage| stage.id.clone())
            .collect();
        ids.dedup();
        Filter {
            sellers: sellers.map(|(id, _)| id.to_owned()).collect(),
            grades: known(&self.grade, GRADES),
            states: known(&self.state, STATES),
            weakest: known(&self.weakest, PARTS),
            stages: ids,
            score: (number(&self.score_from), number(&self.score_to)),
            amount: (number(&self.amount_from), number(&self.amount_to)),
            close_on: (number(&self.close_from), number(&self.close_to)),
        }
    }

    /// Where the page begins.
    pub fn place(&self) -> Option<After> {
        place(&self.after)
    }

    /// How many filters are set.
    pub fn set(&self) -> usize {
        self.pairs()
            .iter()
            .filter(|(name, _)| *name != "connection")
            .count()
    }

    /// The address of the page after this one, which ends with that deal.
    pub fn next(&self, close_on: Option<NaiveDate>, id: &str) -> String {
        self.address(&[("after", &place_after(close_on, id))], None)
    }

    /// The address of the first page.
    pub fn first_page(&self) -> String {
        self.address(&[], None)
    }

    /// What is set, each with the address of the board without it.
    pub fn chips(&self, name_of: impl Fn(&str) -> String) -> Vec<Chip> {
        self.pairs()
            .into_iter()
            .enumerate()
            .filter(|(_, (name, _))| *name != "connection")
            .map(|(n, (name, value))| Chip {
                text: match name {
                    "seller" => name_of(value),
                    "score_from" => format!("score from {value}"),
                    "score_to" => format!("score to {value}"),
                    "amount_from" => format!("amount from {value}"),
                    "amount_to" => format!("amount to {value}"),
                    "close_from" => format!("closing from {value}"),
                    "close_to" => format!("closing by {value}"),
                    "weakest" => format!("weakest part: {value}"),
                    _ => value.to_owned(),
                },
                without: self.address(&[], Some(n)),
            })
            .collect()
    }

    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let many = [
            ("grade", &self.grade),
            ("state", &self.state),
            ("stage", &self.stage),
            ("weakest", &self.weakest),
        ];
        let one = [
            ("connection", &self.connection),
            ("seller", &self.seller),
            ("score_from", &self.score_from),
            ("score_to", &self.score_to),
            ("amount_from", &self.amount_from),
            ("amount_to", &self.amount_to),
            ("close_from", &self.close_from),
            ("close_to", &self.close_to),
        ];
        many.iter()
            .flat_map(|(name, values)| values.iter().map(|value| (*name, value.as_str())))
            .chain(one.iter().map(|(name, value)| (*name, value.as_str())))
            .filter(|(_, value)| !value.is_empty())
            .collect()
    }

    fn address(&self, more: &[(&str, &str)], without: Option<usize>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (n, (name, value)) in self.pairs().into_iter().enumerate() {
            if Some(n) != without {
                query.append_pair(name, value);
            }
        }
        for (name, value) in more {
            query.append_pair(name, value);
        }
        match query.finish().as_str() {
            "" => "/board".to_owned(),
            query => format!("/board?{query}"),
        }
    }
}

/// A filter that is set.
pub struct Chip {
    /// What it says.
    pub text: String,
    /// The board without it.
    pub without: String,
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_wholly_in_its_address() {
        let query = Query {
            grade: vec!["Thin".to_owned(), "No strategy yet".to_owned()],
            seller: "a&b".to_owned(),
            close_to: "2026-12-31".to_owned(),
            ..Query::default()
        };

        let next = query.next("2026-12-01".parse().ok(), "d 1");
        let chips = query.chips(str::to_owned);

        assert_eq!(
            next,
            "/board?grade=Thin&grade=No+strategy+yet&seller=a%26b&close_to=2026-12-31&after=2026-12-01%7Ed+1"
        );
        assert_eq!(chips.len(), 4);
        assert_eq!(
            chips[0].without,
            "/board?grade=No+strategy+yet&seller=a%26b&close_to=2026-12-31"
        );
    }
}
