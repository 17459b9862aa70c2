//! What the sellers of a world have in mind about their deals: thought through, half thought
//! through, or not at all.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use serde::Deserialize;

use super::company::FIRST;
use super::world::{PARTS, day};
use crate::domain::Time;
use crate::domain::strategy::{Answers, Part};

/// One deal in so many is one its seller has no strategy for.
const NOTHING_IN_MIND_ONE_IN: usize = 4;

#[derive(Deserialize)]
struct Minds {
    mind: Vec<BTreeMap<String, String>>,
}

/// Part to text, with places in braces for the names and days of a deal.
static MINDS: LazyLock<Vec<BTreeMap<String, String>>> = LazyLock::new(|| {
    let minds: Minds = toml::from_str(include_str!("minds.toml")).expect("the file is our own");
    minds.mind
});

/// What a seller has in mind, as answers.
pub fn answers(mind: &BTreeMap<&'static str, String>) -> Answers {
    let mut answers = Answers::default();
    for part in Part::ALL {
        let text = mind.get(part.name());
        text.map_or("", String::as_str)
            .clone_into(answers.part_mut(part));
    }
    answers.check_on = mind.get("check_on").and_then(|it| it.parse().ok());
    answers
}

/// What the seller of one deal would write, by plain part name; empty where they would not.
///
/// `fresh` are the minds that this seller has not used yet: nobody writes the same for two customers
/// before all have been used.
pub fn mind(
    n: usize,
    fresh: &mut Vec<usize>,
    account: &str,
    now: Time,
    dice: &mut ChaCha12Rng,
) -> BTreeMap<&'static str, String> {
    if n % NOTHING_IN_MIND_ONE_IN == NOTHING_IN_MIND_ONE_IN - 1 {
        return BTreeMap::new();
    }
    let buyer = dice.random_range(0..FIRST.len());
    let other = (buyer + dice.random_range(1..FIRST.len())) % FIRST.len();
    let ahead = dice.random_range(3..14);
    let (soon, later) = (day(now, ahead), day(now, ahead + 7));
    if fresh.is_empty() {
        fresh.extend(0..MINDS.len());
    }
    let template = &MINDS[fresh.swap_remove(dice.random_range(0..fresh.len()))];
    let of_part = |part: &'static str| {
        let text = template.get(part).filter(|text| !text.is_empty())?;
        // A date field takes the plain form, a sentence the one people write.
        let form = if part == "check_on" {
            "%Y-%m-%d"
        } else {
            "%-d %B"
        };
        let told = text
            .replace("{account}", account)
            .replace("{buyer}", FIRST[buyer])
            .replace("{other}", FIRST[other])
            .replace("{day}", &soon.format(form).to_string())
            .replace("{later}", &later.format(form).to_string());
        Some((part, told))
    };
    PARTS.into_iter().filter_map(of_part).collect()
}
