//! Reading in pages: what was seen, and where to go on.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::domain::deal::Deal;
use crate::domain::ids::DealId;

/// A place in a CRM's changes. Opaque to everyone but its connector; empty is the very beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

impl Cursor {
    /// The place as the connector wrote it; its default at the beginning or where it is unreadable.
    ///
    /// Starting over is always safe: the store drops what it already knows.
    pub fn place<T: serde::de::DeserializeOwned + Default>(&self) -> T {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// A place a connector wants back.
    pub fn at(place: &impl Serialize) -> Self {
        Self(
            serde_json::to_string(place)
                .unwrap_or_else(|error| unreachable!("places are plain data: {error}")),
        )
    }
}

/// What is left of a pull, split into parts that may be read side by side.
///
/// Between them the parts hold every deal that was there when they were made and has not changed
/// since, each in one part only; what changes meanwhile is found from `then`, and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// Where each part that is not yet read to its end goes on.
    pub side_by_side: Vec<Cursor>,
    /// Where the pull goes on once all of them are.
    pub then: Cursor,
}

/// A page of a pull.
#[derive(Debug)]
pub struct Page<T> {
    /// What was read, oldest change first.
    pub items: Vec<T>,
    /// Whether there is more.
    pub next: Next,
}

/// Deals in the order of the ids that were asked for; none where one was not found.
pub fn in_order(ids: &[DealId], found: Vec<Deal>) -> Vec<Option<Deal>> {
    let mut found: HashMap<DealId, Deal> = found
        .into_iter()
        .map(|deal| (deal.id.clone(), deal))
        .collect();
    ids.iter().map(|id| found.remove(id)).collect()
}

/// Both carry the place to continue from: now, or at the next pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// There are more pages.
    More(Cursor),
    /// That was all for now.
    Done(Cursor),
}

/// What a pull sees of a deal.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// It is there.
    Here(Box<Deal>),
    /// It was deleted, or may not be seen any more.
    Gone(DealId),
    /// It was merged into another, which comes by itself.
    Merged {
        /// The id it had.
        from: DealId,
        /// The deal that goes on.
        into: DealId,
    },
}
