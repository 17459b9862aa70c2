//! What the sellers of a world have in mind about their deals: thought through, half thought
//! through, or not at all.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::rngs::ChaCha12Rng;

use super::world::day;
use crate::domain::Time;

/// What the seller of one deal would write, by plain part name; empty where they would not.
pub fn mind(
    n: usize,
    account: &str,
    now: Time,
    dice: &mut ChaCha12Rng,
) -> BTreeMap<&'static str, String> {
    let mut mind = BTreeMap::new();
    if n % 4 == 3 {
        return mind;
    }
    mind.insert(
        "customer_outcome",
        format!("{account} wants fewer returns before the audit."),
    );
    mind.insert(
        "approach",
        "Start with one line, because the plant lead trusts results.".to_owned(),
    );
    mind.insert("check_on", day(now, dice.random_range(3..20)).to_string());
    mind
}
