//! The rubric against people's ratings, and what may not move a score.

mod against;
mod agreement;
mod any_text;
mod filler;
mod invariance;
mod matter;
mod names;
mod newcomers;
mod notes;
mod questions;
mod terse;
mod trades;
mod voices;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use latitude::domain::strategy::Answers;
use latitude::ops::evaluate::{Rated, rated};

/// The four answers.
fn answers(parts: [&str; 4]) -> Answers {
    let [customer_outcome, conversation_goal, approach, obstacles] = parts.map(str::to_owned);
    Answers {
        customer_outcome,
        conversation_goal,
        approach,
        obstacles,
        ..Answers::default()
    }
}

/// A set from `rated/`.
fn set(name: &str) -> Vec<Rated> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("rated")
        .join(name);
    rated(BufReader::new(File::open(path).unwrap())).unwrap()
}
