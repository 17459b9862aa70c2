//! Near-copies: how much one strategy reads like another of the same seller.
//!
//! Kept outside the assessor, which sees one text alone: whoever calls this chooses what to
//! compare with.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Time;
use super::strategy::{Answers, Part};

/// So many words in a row are compared.
const RUN_WORDS: usize = 3;
/// Shorter strategies are alike by chance.
const FEWEST_RUNS: usize = 8;
/// From this likeness on, in percent, one reads like a copy of the other.
const NEAR_COPY_PERCENT: usize = 60;

/// The runs of words in a strategy, to be compared with those of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Print(Vec<u64>);

impl Print {
    /// The print of a strategy; the order of its parts, letter case and punctuation leave no mark.
    pub fn of(answers: &Answers) -> Self {
        let mut runs = Vec::new();
        for part in Part::ANSWERS {
            let words: Vec<u64> = answers
                .part(part)
                .split(|letter: char| !letter.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(word)
                .collect();
            runs.extend(words.windows(RUN_WORDS).map(hash));
        }
        runs.sort_unstable();
        runs.dedup();
        Self(runs)
    }

    /// Whether one of the two reads like a copy of the other.
    pub fn is_near_copy(&self, other: &Self) -> bool {
        self.likeness(other) >= NEAR_COPY_PERCENT
    }

    /// How alike two strategies are: shared runs of words, in percent of the shorter one's.
    ///
    /// The shorter one counts, so that a copy with a paragraph added is still a copy.
    pub fn likeness(&self, other: &Self) -> usize {
        let shorter = self.0.len().min(other.0.len());
        if shorter < FEWEST_RUNS {
            return 0;
        }
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut shared = 0;
        while let (Some(our), Some(their)) = (ours.peek(), theirs.peek()) {
            let order = our.cmp(their);
            shared += usize::from(order.is_eq());
            if order.is_le() {
                ours.next();
            }
            if order.is_ge() {
                theirs.next();
            }
        }
        shared * 100 / shorter
    }
}

/// A strategy among others of the same seller.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The CRM's id of its deal.
    pub deal: String,
    /// What the seller calls the deal.
    pub name: String,
    /// The customer.
    pub account: Option<String>,
    /// When it was written.
    pub at: Time,
    /// Its words.
    pub print: Print,
}

impl Plan {
    /// The strategy that this one copies most closely, if it copies any.
    ///
    /// A copy is what was written later, for another customer: two deals with one customer may well
    /// be won the same way.
    pub fn original<'a>(&self, others: &'a [Self]) -> Option<&'a Self> {
        let is_same_customer =
            |other: &Self| self.account.is_some() && self.account == other.account;
        others
            .iter()
            .filter(|other| (other.at, &other.deal) < (self.at, &self.deal))
            .filter(|other| other.deal != self.deal && !is_same_customer(other))
            .map(|other| (other, self.print.likeness(&other.print)))
            .filter(|(_, likeness)| *likeness >= NEAR_COPY_PERCENT)
            .max_by_key(|(_, likeness)| *likeness)
            .map(|(other, _)| other)
    }
}

fn word(letters: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for letter in letters.chars().flat_map(char::to_lowercase) {
        letter.hash(&mut hasher);
    }
    hasher.finish()
}

fn hash(words: &[u64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "Plant manager Jo lost two shifts in May because the line jammed, and she \
        has to tell the board by Friday what will be different this winter.";

    /// The plan for a customer, written on that day.
    fn plan(customer: &str, day: i64, text: &str) -> Plan {
        Plan {
            deal: customer.to_lowercase(),
            name: format!("{customer} rollout"),
            account: Some(customer.to_owned()),
            at: Time::UNIX_EPOCH + chrono::TimeDelta::days(day),
            print: Print::of(&Answers {
                approach: text.to_owned(),
                ..Answers::default()
            }),
        }
    }

    fn copied<'a>(plan: &Plan, others: &'a [Plan]) -> Option<&'a str> {
        plan.original(others).map(|it| it.name.as_str())
    }

    #[test]
    fn a_copy_with_another_name_is_still_a_copy() {
        let others = [
            plan("Acme", 1, PLAN),
            plan(
                "Bolt",
                1,
                "Something else about quite another customer and her warehouse.",
            ),
        ];

        let later = plan("Crane", 2, &PLAN.to_uppercase().replace("JO", "ANA"));

        assert_eq!(copied(&later, &others), Some("Acme rollout"));
    }

    #[test]
    fn two_plans_of_ones_own_are_no_copies() {
        let others = [plan("Acme", 1, PLAN), plan("Bolt", 1, "tbd")];
        let own = plan(
            "Crane",
            2,
            "The school board votes in June; Ana, the bursar, wants three quotes that compare like with like.",
        );

        assert_eq!(copied(&own, &others), None);
        assert_eq!(copied(&plan("Crane", 2, "tbd"), &others), None);
    }

    #[test]
    fn what_was_there_first_is_no_copy_nor_is_a_second_deal_with_one_customer() {
        let first = plan("Acme", 1, PLAN);
        let second = Plan {
            deal: "acme-2".to_owned(),
            ..plan("Acme", 2, PLAN)
        };

        assert_eq!(copied(&first, &[plan("Bolt", 2, PLAN)]), None);
        assert_eq!(copied(&second, std::slice::from_ref(&first)), None);
        assert_eq!(copied(&first, std::slice::from_ref(&first)), None);
    }
}
