//! The parts of an obstacle's card, in words, as more than one page shows them.

use super::words;
use crate::domain::deal::Standing;
use crate::domain::obstacle::kinds::{Ended, Ground, State};
use crate::domain::obstacle::{Obstacle, Turn};

/// What someone is called whom the CRM does not know any more.
pub const GONE: &str = "Someone who has left";

/// The deal that a card stands in the way of.
pub struct OfDeal {
    /// Its page, where the reader may see it.
    pub href: Option<String>,
    /// What its seller calls it.
    pub name: String,
    /// `won` or `lost`; nothing while it is open.
    pub ended: Option<&'static str>,
}

/// How a deal ended, in a word; nothing while it is open.
pub fn ended(standing: &str) -> Option<&'static str> {
    match Standing::named(standing) {
        Standing::Open => None,
        ended => Some(ended.as_str()),
    }
}

/// An option of the seller's own.
pub struct OwnOption {
    /// The label of its kind.
    pub kind: &'static str,
    /// The words.
    pub text: String,
    /// Whether the seller chose it.
    pub chosen: bool,
}

/// What is needed.
pub struct Needed {
    /// What.
    pub what: String,
    /// From whom.
    pub whom: String,
    /// By when.
    pub by: String,
    /// Whether it is a gap in the product.
    pub gap: bool,
}

/// Whose turn it was to answer.
pub struct Turned {
    /// The label of the level.
    pub level: &'static str,
    /// Since when.
    pub since: String,
    /// How it ended.
    pub ended: String,
}

/// Something said about a need.
pub struct Said {
    /// Who, as far as the reader knows them.
    pub who: String,
    /// When.
    pub when: String,
    /// What kind of answer.
    pub kind: &'static str,
    /// The words.
    pub text: String,
    /// The second half.
    pub more: String,
}

/// The seller's options, in order.
pub fn options(it: &Obstacle) -> Vec<OwnOption> {
    let each = it.options.iter().enumerate();
    each.map(|(n, option)| OwnOption {
        kind: option.kind.label(),
        text: option.text.clone(),
        chosen: it.chosen == Some(n),
    })
    .collect()
}

/// What is needed, once it was sent up.
pub fn need(it: &Obstacle) -> Option<Needed> {
    it.need.as_ref().map(|it| Needed {
        what: it.what.clone(),
        whom: it.whom.clone(),
        by: words::day(it.by),
        gap: it.gap,
    })
}

/// Why it could be sent up. Options speak for themselves; another ground is said.
pub fn ground(it: &Obstacle) -> &'static str {
    it.ground
        .filter(|it| *it != Ground::OwnOption)
        .map_or("", Ground::label)
}

/// Whose turn it was, for a reader in that time zone: a leader's, the seller's once the leader asked, and
/// the leader's again once the seller replied.
pub fn turns(it: &Obstacle, zone: Option<&str>) -> Vec<Turned> {
    it.turns
        .iter()
        .flat_map(|turn| phases(turn, zone))
        .collect()
}

fn phases(turn: &Turn, zone: Option<&str>) -> Vec<Turned> {
    let moment = |at| words::moment(at, zone);
    let phase = |level, since, ended| Turned {
        level,
        since: moment(since),
        ended,
    };
    let (leader, seller, clock) = (turn.level.label(), "Seller", &turn.clock);
    let how = |until: &str| match &turn.ended {
        Some((at, Ended::Silent)) => format!("no answer yet, {}", moment(*at)),
        Some((at, how)) => format!("{how}, {}", moment(*at)),
        None => until.to_owned(),
    };
    let Some(asked) = clock.paused_at else {
        return vec![phase(leader, clock.started_at, how("to answer"))];
    };
    let told = format!("asked one question, {}", moment(asked));
    let mut phases = vec![phase(leader, clock.started_at, told)];
    match clock.resumed_at {
        Some(replied) => {
            let told = format!("replied, {}", moment(replied));
            phases.push(phase(seller, asked, told));
            phases.push(phase(leader, replied, how("to answer")));
        }
        None => phases.push(phase(seller, asked, how("to reply"))),
    }
    phases
}

/// What became of what was promised for a day. `came` is whether it happened in time, where the seller
/// said that it happened.
pub fn promised(it: &Obstacle, state: State, came: Option<bool>) -> Option<String> {
    let day = words::day(it.promised?);
    Some(match (state, came) {
        (State::Promised, _) => format!("Promised for {day}."),
        (_, Some(true)) => "It happened.".to_owned(),
        (_, Some(false)) => "It happened, late.".to_owned(),
        (State::Missed, None) => {
            format!("It was to happen by {day}. Nobody has said that it did.")
        }
        _ => format!("It was to happen by {day}."),
    })
}

/// Whether what was said stopped the clock for good.
pub fn is_answer(kind: &str) -> bool {
    matches!(kind, "backed" | "another" | "no")
}

/// What a kind of answer is called.
pub fn kind(word: &str) -> &'static str {
    match word {
        "backed" => "Backed",
        "one_question" => "One question",
        "another" => "Another option, because",
        "no" => "No, because",
        "passed_up" => "Passed up with backing",
        _ => "Answer to the question",
    }
}
