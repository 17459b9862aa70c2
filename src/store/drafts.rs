//! What a seller is typing. One draft of a deal is shown and goes on; what another window of the
//! same seller kept meanwhile is set aside, until they take it up again or let it go.

use sqlx::types::Json;
use sqlx::{FromRow, query, query_as};

use super::Result;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::{ConnectionId, DealId, PersonId};
use crate::domain::strategy::Answers;

/// What a seller is typing.
#[derive(Clone, Debug, FromRow)]
pub struct Draft {
    /// So far.
    pub answers: Json<Answers>,
    /// How likely they think it is, in percent.
    pub confidence: Option<i64>,
    /// The version they started from.
    pub base_version: i64,
    /// When it was last kept.
    pub saved_at: Time,
    /// The window of the browser it was typed in; empty where that is not known.
    pub window: String,
}

impl Draft {
    /// What is being typed, from the version it started from.
    pub fn of(answers: Answers, confidence: Option<i64>, base_version: i64, now: Time) -> Self {
        Self {
            answers: Json(answers),
            confidence,
            base_version,
            saved_at: now,
            window: String::new(),
        }
    }

    /// The same, typed in that window.
    #[must_use]
    pub fn in_window(self, window: &str) -> Self {
        let window = window.to_owned();
        Self { window, ..self }
    }

    /// Tells this state of the draft from every other.
    pub fn mark(&self) -> String {
        format!("{}@{}", self.window, self.saved_at.timestamp_micros())
    }
}

/// A window of the browser, and what it knows.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Its name.
    pub name: &'a str,
    /// The mark of the draft it went on from; empty for none.
    pub seen: &'a str,
    /// The words in it now.
    pub words: &'a Answers,
}

impl Window<'_> {
    /// Whether nothing is lost when these words take the place of that draft.
    fn goes_on_from(&self, draft: &Draft) -> bool {
        draft.window == self.name || draft.mark() == self.seen || draft.answers.0 == *self.words
    }

    /// Whether that draft holds what was typed in this window after its words were sent.
    fn went_on_to(&self, draft: &Draft, sent_at: Time) -> bool {
        let newer = draft.window == self.name && draft.saved_at > sent_at;
        newer && draft.answers.0 != *self.words
    }
}

/// The columns of a [`Draft`].
macro_rules! draft_row {
    () => {
        "answers, confidence, base_version, saved_at, COALESCE(browser_window, '') AS \"window\""
    };
}

/// Makes a draft, or does this where there is one.
macro_rules! insert_draft {
    ($or:literal) => {
        concat!(
            "INSERT INTO draft
               (connection, deal, person, answers, confidence, base_version, saved_at, browser_window)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (connection, deal, person) DO ",
            $or
        )
    };
}

impl Tx {
    /// A person's draft for a deal.
    pub async fn draft(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        person: &PersonId,
    ) -> Result<Option<Draft>> {
        sql!(self, db => query_as(
            concat!("SELECT ", draft_row!(), " FROM draft
             WHERE connection = $1 AND deal = $2 AND person = $3"),
        ).bind(connection.as_str()).bind(deal.as_str()).bind(person.as_str())
            .fetch_optional(db).await)
    }

    /// The same, held until the transaction ends, so that nobody changes it meanwhile.
    async fn held_draft(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        person: &PersonId,
    ) -> Result<Option<Draft>> {
        sql!(self, db => query_as(
            concat!("UPDATE draft SET base_version = base_version
             WHERE connection = $1 AND deal = $2 AND person = $3 RETURNING ", draft_row!()),
        ).bind(connection.as_str()).bind(deal.as_str()).bind(person.as_str())
            .fetch_optional(db).await)
    }

    /// Keeps a person's draft in place of what they had.
    pub async fn save_draft(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        person: &PersonId,
        draft: &Draft,
    ) -> Result<()> {
        let over = insert_draft!(
            "UPDATE SET answers = excluded.answers, confidence = excluded.confidence,
             base_version = excluded.base_version, saved_at = excluded.saved_at,
             browser_window = excluded.browser_window"
        );
        self.insert_draft((connection, deal, person), draft, over)
            .await
            .map(drop)
    }

    /// Runs an `insert_draft!`; returns how many rows it made or changed.
    async fn insert_draft(
        &mut self,
        (connection, deal, person): (&ConnectionId, &DealId, &PersonId),
        draft: &Draft,
        statement: &'static str,
    ) -> Result<u64> {
        sql!(self, db => query(statement)
            .bind(connection.as_str()).bind(deal.as_str()).bind(person.as_str())
            .bind(&draft.answers).bind(draft.confidence).bind(draft.base_version)
            .bind(draft.saved_at).bind(&draft.window)
            .execute(db).await.map(|done| done.rows_affected()))
    }

    /// Keeps what was typed in a window. What another window kept, which this one does not go on
    /// from, is set aside.
    pub async fn keep_draft(
        &mut self,
        (connection, deal, person): (&ConnectionId, &DealId, &PersonId),
        draft: &Draft,
        seen: &str,
    ) -> Result<()> {
        // Whoever comes first makes the row; whoever comes second finds it, and waits for it.
        let first = self
            .insert_draft((connection, deal, person), draft, insert_draft!("NOTHING"))
            .await?;
        let window = Window {
            name: &draft.window,
            seen,
            words: &draft.answers.0,
        };
        if first == 0 {
            self.make_room((connection, deal, person), window).await?;
            self.save_draft(connection, deal, person, draft).await?;
        }
        self.drop_aside((connection, deal, person), window.name)
            .await
    }

    /// Ends the draft of a window, since its words, which were sent at that moment, are published or
    /// nothing is left of them. What the same window kept after that moment stays, and is returned:
    /// these are newer words. What another window kept, which this one does not go on from, is set
    /// aside.
    pub async fn end_draft(
        &mut self,
        (connection, deal, person): (&ConnectionId, &DealId, &PersonId),
        (window, sent_at): (Window<'_>, Time),
    ) -> Result<Option<Draft>> {
        let there = self.held_draft(connection, deal, person).await?;
        let newer = there.filter(|it| window.went_on_to(it, sent_at));
        if newer.is_none() {
            self.make_room((connection, deal, person), window).await?;
            self.drop_draft(connection, deal, person).await?;
        }
        self.drop_aside((connection, deal, person), window.name)
            .await?;
        Ok(newer)
    }

    async fn make_room(
        &mut self,
        (connection, deal, person): (&ConnectionId, &DealId, &PersonId),
        window: Window<'_>,
    ) -> Result<()> {
        let there = self.held_draft(connection, deal, person).await?;
        match there {
            Some(there) if !window.goes_on_from(&there) => {
                self.set_aside((connection, deal, person), &there).await
            }
            _ => Ok(()),
        }
    }

    async fn set_aside(
        &mut self,
        (connection, deal, person): (&ConnectionId, &DealId, &PersonId),
        draft: &Draft,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO set_aside
               (connection, deal, person, browser_window, answers, confidence, base_version, saved_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (connection, deal, person, browser_window) DO UPDATE
             SET answers = excluded.answers, confidence = excluded.confidence,
             base_version = excluded.base_version, saved_at = excluded.saved_at",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(person.as_str()).bind(&draft.window)
            .bind(&draft.answers).bind(draft.confidence).bind(draft.base_version)
            .bind(draft.saved_at).execute(db).await.map(drop))
    }

    /// What a person kept in other windows, the latest first.
    pub async fn drafts_aside(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        person: &PersonId,
    ) -> Result<Vec<Draft>> {
        sql!(self, db => query_as(
            "SELECT answers, confidence, base_version, saved_at, browser_window AS \"window\"
             FROM set_aside WHERE connection = $1 AND deal = $2 AND person = $3
             ORDER BY saved_at DESC, browser_window",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(person.as_str()).fetch_all(db).await)
    }

    /// Has what was set aside stand as the draft; what stood there is set aside in turn. Returns
    /// whether there was such a one.
    pub async fn take_up_draft(
        &mut self,
        (connection, deal, person): (&ConnectionId, &DealId, &PersonId),
        window: &str,
    ) -> Result<bool> {
        let aside = self.drafts_aside(connection, deal, person).await?;
        let Some(taken) = aside.into_iter().find(|it| it.window == window) else {
            return Ok(false);
        };
        self.keep_draft((connection, deal, person), &taken, "")
            .await?;
        Ok(true)
    }

    /// Throws away what was set aside of a window.
    pub async fn drop_aside(
        &mut self,
        (connection, deal, person): (&ConnectionId, &DealId, &PersonId),
        window: &str,
    ) -> Result<()> {
        sql!(self, db => query(
            "DELETE FROM set_aside WHERE connection = $1 AND deal = $2 AND person = $3
             AND browser_window = $4",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(person.as_str()).bind(window)
            .execute(db).await.map(drop))
    }

    /// Throws a person's draft away.
    pub async fn drop_draft(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        person: &PersonId,
    ) -> Result<()> {
        sql!(self, db => query(
            "DELETE FROM draft WHERE connection = $1 AND deal = $2 AND person = $3",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(person.as_str())
            .execute(db).await.map(drop))
    }
}
