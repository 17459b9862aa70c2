//! What people said beside a strategy: managers' questions, needs, notes that do not apply.

use std::collections::HashMap;

use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::store::Result;
use crate::store::needs::NeedShown;
use crate::store::strategies::Question;
use crate::store::tx::Tx;

/// All of it, for some deals.
pub struct Beside {
    questions: HashMap<String, Vec<Question>>,
    needs: HashMap<String, NeedShown>,
    dismissed: HashMap<String, Vec<String>>,
}

impl Beside {
    /// Reads it.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(tx: &mut Tx, id: &ConnectionId, deals: &[&str], now: Time) -> Result<Self> {
        Ok(Self {
            questions: tx.questions(id, deals).await?,
            needs: tx.needs_shown(id, deals, now).await?,
            dismissed: tx.dismissed_notes(id, deals).await?,
        })
    }

    /// The questions about a deal, newest first.
    pub fn questions(&self, deal: &str) -> &[Question] {
        self.questions
            .get(deal)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// What a deal's need fields say.
    pub fn need(&self, deal: &str) -> NeedShown {
        self.needs.get(deal).copied().unwrap_or_default()
    }

    /// The notes that stay away from a deal in its stage.
    pub fn dismissed(&self, deal: &str) -> &[String] {
        self.dismissed
            .get(deal)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}
