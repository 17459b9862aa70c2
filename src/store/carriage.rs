//! What a seller keeps to themselves besides drafts: confidence, what they said about notes; and
//! where their words are on their way.

use std::collections::HashMap;

use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar};

use super::Result;
use super::deals::{DOSSIER, Dossier};
use super::rows::ROWS;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::{ConnectionId, DealId, PersonId};

/// Where a published version is on its way to the CRM.
#[derive(Clone, Debug, FromRow)]
pub struct Carriage {
    /// The latest version; 0 for none.
    pub version: i64,
    /// The version still to be carried.
    pub carry_version: Option<i64>,
    /// A published version that an edit in the CRM overtook.
    pub conflict_version: Option<i64>,
    /// When the CRM's fields were last written.
    pub written_at: Option<Time>,
    /// Why the CRM would not take it.
    pub parked: Option<String>,
    /// The word of the connection's state.
    pub state: String,
    /// What blocks the connection.
    pub state_message: Option<String>,
}

impl Tx {
    /// Notes how likely the seller thinks it is, at a version: the latest word about it counts.
    pub async fn save_confidence(
        &mut self,
        connection: &ConnectionId,
        (deal, version): (&DealId, i64),
        person: &PersonId,
        percent: i64,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO confidence (connection, deal, version, person, percent)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (connection, deal, version) DO UPDATE
             SET person = excluded.person, percent = excluded.percent",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(version).bind(person.as_str())
            .bind(percent).execute(db).await.map(drop))
    }

    /// A seller would rather not say any more how likely they think it is: nothing of it stays.
    pub async fn drop_confidence(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        person: &PersonId,
    ) -> Result<()> {
        sql!(self, db => query(
            "DELETE FROM confidence WHERE connection = $1 AND deal = $2 AND person = $3",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(person.as_str())
            .execute(db).await.map(drop))
    }

    /// How likely a person themselves thought it was, last.
    pub async fn confidence(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        person: &PersonId,
    ) -> Result<Option<i64>> {
        sql!(self, db => query_scalar(
            "SELECT percent FROM confidence WHERE connection = $1 AND deal = $2 AND person = $3
             ORDER BY version DESC LIMIT 1",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(person.as_str())
            .fetch_optional(db).await)
    }

    /// Has a note stay away for a deal in a stage.
    pub async fn dismiss_note(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        (stage, note): (&str, &str),
        now: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO dismissed_note (connection, deal, stage, note, at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(stage).bind(note).bind(now)
            .execute(db).await.map(drop))
    }

    /// Has a note that stayed away come back.
    pub async fn ask_note_again(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        (stage, note): (&str, &str),
    ) -> Result<()> {
        sql!(self, db => query(
            "DELETE FROM dismissed_note
             WHERE connection = $1 AND deal = $2 AND stage = $3 AND note = $4",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(stage).bind(note)
            .execute(db).await.map(drop))
    }

    /// The notes that stay away from these deals in the stage each is in.
    pub async fn dismissed_notes(
        &mut self,
        connection: &ConnectionId,
        deals: &[&str],
    ) -> Result<HashMap<String, Vec<String>>> {
        let mut notes: HashMap<String, Vec<String>> = HashMap::new();
        for some in deals.chunks(ROWS) {
            let rows: Vec<(String, String)> = sql!(&mut *self, db => {
                let mut select = QueryBuilder::new(
                    "SELECT n.deal, n.note FROM dismissed_note n JOIN deal d
                       ON d.connection = n.connection AND d.id = n.deal AND d.stage = n.stage
                     WHERE n.connection = ",
                );
                select.push_bind(connection.as_str()).push(" AND n.deal IN (");
                let mut list = select.separated(", ");
                for deal in some {
                    list.push_bind(*deal);
                }
                select.push(")");
                select.build_query_as().fetch_all(db).await
            })?;
            for (deal, note) in rows {
                notes.entry(deal).or_default().push(note);
            }
        }
        Ok(notes)
    }

    /// A seller's open deals, at most two hundred: those first whose words stand nowhere yet, that a
    /// leader has asked about or that a strategy is asked of, then those that close soonest.
    pub async fn deals_of(
        &mut self,
        connection: &ConnectionId,
        seller: &PersonId,
    ) -> Result<Vec<Dossier>> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(DOSSIER);
            select.push(" WHERE d.connection = ").push_bind(connection.as_str());
            select.push(" AND d.standing = 'open' AND d.gone_at IS NULL AND d.seller = ");
            select.push_bind(seller.as_str());
            select.push(
                " ORDER BY d.conflict_version IS NULL, d.parked IS NULL,
                  NOT EXISTS (SELECT 1 FROM question q
                    WHERE q.connection = d.connection AND q.deal = d.id),
                  d.asked_reason IS NULL, d.close_on NULLS LAST, d.id LIMIT 200",
            );
            select.build_query_as().fetch_all(db).await
        })
    }

    /// Has the latest version of a deal carried to the CRM.
    pub async fn carry(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
        now: Time,
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE deal SET carry_version = version, conflict_version = NULL, parked = NULL,
             write_failures = 0, look_at = $3, write_at = $3 WHERE connection = $1 AND id = $2",
        ).bind(connection.as_str()).bind(deal.as_str()).bind(now).execute(db).await.map(drop))
    }

    /// Takes the CRM's words as they stand: what was published meanwhile stays a version.
    pub async fn settle_conflict(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
    ) -> Result<()> {
        sql!(self, db => query(
            "UPDATE deal SET conflict_version = NULL WHERE connection = $1 AND id = $2",
        ).bind(connection.as_str()).bind(deal.as_str()).execute(db).await.map(drop))
    }

    /// Where a deal's latest words are on their way to the CRM.
    pub async fn carriage(
        &mut self,
        connection: &ConnectionId,
        deal: &DealId,
    ) -> Result<Option<Carriage>> {
        sql!(self, db => query_as(
            "SELECT d.version, d.carry_version, d.conflict_version, d.written_at, d.parked, c.state,
             c.state_message FROM deal d JOIN connection c ON c.id = d.connection
             WHERE d.connection = $1 AND d.id = $2 AND d.gone_at IS NULL",
        ).bind(connection.as_str()).bind(deal.as_str()).fetch_optional(db).await)
    }
}
