//! The model: what people wrote, where it was seen, and what the CRM was told.

use std::collections::{BTreeMap, BTreeSet};

use latitude::domain::field::Field;

/// What people wrote and what became of it.
#[derive(Default)]
pub struct Words {
    /// Numbers the texts, so that each is told apart from all others.
    pub told: u64,
    /// Everything a person ever wrote into a field, in the CRM or in the panel.
    pub known: BTreeSet<(usize, Field, String)>,
    /// What was published in the panel, and the version the seller was told.
    pub published: Vec<(String, i64, Field, String)>,
    /// A seller's words that a call of ours replaced in the CRM.
    pub replaced: Vec<(String, Field, String)>,
    /// Every version as first seen; what a person wrote is only added to.
    pub versions: BTreeMap<(String, i64), String>,
    /// The version that the CRM showed last, by deal.
    pub shown: BTreeMap<usize, i64>,
    /// What our fields held since someone last did something to a deal, in order.
    pub contents: BTreeMap<usize, Vec<String>>,
    /// Tokens that were saved at some time.
    pub tokens: BTreeSet<String>,
}

impl Words {
    /// Something happened to a deal: what stands in our fields may change, for a new cause.
    pub fn new_cause(&mut self, deal: usize) {
        self.contents.remove(&deal);
    }

    /// A new text, unlike any other.
    pub fn text(&mut self, deal: usize, field: Field, told: &str) -> String {
        self.told += 1;
        let text = format!("{told} (note {})", self.told);
        self.known.insert((deal, field, text.clone()));
        text
    }
}
