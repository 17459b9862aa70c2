//! Near-copies: how much one strategy reads like another of the same seller.
//!
//! Kept outside the assessor, which sees one text alone: whoever calls this chooses what to
//! compare with, and a likeness only ever raises a private question.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::strategy::{Answers, Part};

/// So many words in a row are compared.
const RUN_WORDS: usize = 3;
/// Shorter strategies are alike by chance.
const FEWEST_RUNS: usize = 8;
/// From this likeness on, in percent, one reads like a copy of the other.
pub const NEAR_COPY_PERCENT: u32 = 60;

/// The runs of words in a strategy, to be compared with those of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Print(HashSet<u64>);

impl Print {
    /// The print of a strategy; the order of its parts, letter case and punctuation leave no mark.
    pub fn of(answers: &Answers) -> Self {
        let mut runs = HashSet::new();
        for part in Part::ANSWERS {
            let words: Vec<String> = answers
                .part(part)
                .split(|letter: char| !letter.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_lowercase)
                .collect();
            runs.extend(words.windows(RUN_WORDS).map(hash));
        }
        Self(runs)
    }

    /// How alike two strategies are: shared runs of words, in percent of the shorter one's.
    ///
    /// The shorter one counts, so that a copy with a paragraph added is still a copy.
    pub fn likeness(&self, other: &Self) -> u32 {
        let shorter = self.0.len().min(other.0.len());
        if shorter < FEWEST_RUNS {
            return 0;
        }
        let shared = self.0.intersection(&other.0).count();
        u32::try_from(shared * 100 / shorter).unwrap_or(100)
    }
}

/// The deal whose strategy this one copies most closely, if any does.
pub fn nearest_copy<'a, Deal>(print: &Print, others: &'a [(Deal, Print)]) -> Option<&'a Deal> {
    let (deal, likeness) = others
        .iter()
        .map(|(deal, other)| (deal, print.likeness(other)))
        .max_by_key(|(_, likeness)| *likeness)?;
    (likeness >= NEAR_COPY_PERCENT).then_some(deal)
}

fn hash(words: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "Plant manager Jo lost two shifts in May because the line jammed, and she \
        has to tell the board by Friday what will be different this winter.";

    fn print(text: &str) -> Print {
        Print::of(&Answers {
            approach: text.to_owned(),
            ..Answers::default()
        })
    }

    #[test]
    fn a_copy_with_another_name_is_still_a_copy() {
        let others = [
            ("Acme", print(PLAN)),
            (
                "Bolt",
                print("Something else about quite another customer and her warehouse."),
            ),
        ];

        let copied = print(&PLAN.to_uppercase().replace("JO", "ANA"));

        assert_eq!(nearest_copy(&copied, &others), Some(&"Acme"));
    }

    #[test]
    fn two_plans_of_ones_own_are_no_copies() {
        let others = [("Acme", print(PLAN))];
        let own = print(
            "The school board votes in June; Ana, the bursar, wants three quotes that compare like with like.",
        );

        assert_eq!(nearest_copy(&own, &others), None);
        assert_eq!(nearest_copy(&print("tbd"), &[("Acme", print("tbd"))]), None);
    }
}
