//! What is due, and who works it: leases with a fence.
//!
//! A connection is worked by one process at a time. The lease is a time on its row; the fence is
//! its `attempt`, which counts up with every claim and stands in every statement that depends on
//! holding the lease. A process that lost its lease touches nothing.

use chrono::TimeDelta;
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder, query, query_as, query_scalar};

use super::Result;
use super::patience::within;
use super::rows::one_of;
use super::tx::{Tx, sql};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;

/// The right to work a connection until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which connection.
    pub connection: ConnectionId,
    /// The fence.
    pub attempt: i64,
    /// Until when it is held, unless renewed.
    pub until: Time,
}

/// A move that is due.
#[derive(Clone, Debug, FromRow)]
pub struct Due {
    /// The move's word.
    #[sqlx(rename = "move")]
    pub step: String,
    /// When it became due.
    pub run_at: Time,
    /// How often it failed in a row.
    pub failures: i64,
    /// How many hints it has had; one that comes while the move runs makes it due again.
    pub hints: i64,
}

/// The moves that this release knows. A newer one that works beside it may have others: they are
/// its own to make.
macro_rules! known {
    () => {
        "('assess', 'ask', 'write_back', 'pull', 'reconcile')"
    };
}

/// Takes the lease of one of the connections that `$3` lists as JSON. PostgreSQL lets claimers pass
/// each other's rows.
macro_rules! claim {
    ($listed:literal, $lock:literal) => {
        concat!(
            "UPDATE connection SET locked_until = $2, attempt = attempt + 1,
              overtaken_from = CASE WHEN locked_until IS NULL THEN overtaken_from ELSE COALESCE(overtaken_from, $1) END,
              overtaken_to = CASE WHEN locked_until IS NULL THEN overtaken_to ELSE $1 END
            WHERE id = (SELECT c.id FROM connection c JOIN schedule s ON s.connection = c.id
              WHERE s.move IN ",
            known!(),
            " AND s.run_at <= $1 AND (c.locked_until IS NULL OR c.locked_until <= $1 OR c.locked_until > $4)
                AND c.id IN (SELECT ",
            $listed,
            ") ORDER BY s.run_at LIMIT 1",
            $lock,
            ") RETURNING id, attempt"
        )
    };
}
const CLAIM_SQLITE: &str = claim!("value FROM json_each($3)", "");
const CLAIM_POSTGRES: &str = claim!(
    "jsonb_array_elements_text($3)",
    " FOR UPDATE OF c SKIP LOCKED"
);

/// Further apart than this, a clock of ours and the CRM's cannot both be trusted with cursors,
/// leases and sign-ins: a process that finds its own so wrong makes no calls.
pub const CLOCKS_APART: TimeDelta = TimeDelta::minutes(5);

/// What a process has sent may arrive this long after it fell silent: a packet is sent again and
/// again for 924 s before Linux gives its connection up (`tcp_retries2`).
pub(super) const LATEST_ARRIVAL: TimeDelta = TimeDelta::minutes(16);

/// A right that would last until `until` if it were taken now is not believed where it lasts
/// beyond this: only a clock that was further ahead than any that works can have given it.
pub(super) fn absurd(until: Time) -> Time {
    until + CLOCKS_APART
}

impl Tx {
    /// Takes the lease of one of these connections with something due, the longest due first.
    pub async fn claim(&mut self, among: &[&str], now: Time, until: Time) -> Result<Option<Lease>> {
        let absurd = absurd(until);
        let row: Option<(String, i64)> = match self {
            Self::Sqlite(tx) => {
                let claim = query_as(CLAIM_SQLITE)
                    .bind(now)
                    .bind(until)
                    .bind(Json(among))
                    .bind(absurd);
                claim.fetch_optional(&mut **tx).await?
            }
            Self::Postgres(tx) => {
                let claim = query_as(CLAIM_POSTGRES)
                    .bind(now)
                    .bind(until)
                    .bind(Json(among))
                    .bind(absurd);
                let patience = tx.patience();
                within(patience, claim.fetch_optional(&mut **tx)).await?
            }
        };
        Ok(row.map(|(id, attempt)| Lease {
            connection: id.into(),
            attempt,
            until,
        }))
    }

    /// Whether [`Tx::claim`] would find something that was due at `at`; asked first where a claim
    /// takes the database's one writer.
    pub async fn may_claim(
        &mut self,
        among: &[&str],
        at: Time,
        (now, until): (Time, Time),
    ) -> Result<bool> {
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT EXISTS (SELECT 1 FROM connection c JOIN schedule s ON s.connection = c.id
                 WHERE s.run_at <= ",
            );
            select.push_bind(at).push(concat!(" AND s.move IN ", known!()));
            select.push(" AND (c.locked_until IS NULL OR c.locked_until <= ").push_bind(now);
            select.push(" OR c.locked_until > ").push_bind(absurd(until)).push(")");
            one_of(&mut select, "c.id", among);
            select.push(")").build_query_scalar().fetch_one(db).await
        })
    }

    /// Holds the lease for longer. `false`: it was lost, and nothing may be done in its name.
    ///
    /// Called first in every unit of work done under the lease, so that the work and the proof of
    /// holding the lease are one.
    pub async fn hold(&mut self, lease: &Lease, now: Time, until: Time) -> Result<bool> {
        let rows = sql!(self, db => query(
            "UPDATE connection SET locked_until = $4
             WHERE id = $1 AND attempt = $2 AND locked_until > $3",
        ).bind(lease.connection.as_str()).bind(lease.attempt).bind(now).bind(until)
            .execute(db).await.map(|done| done.rows_affected()))?;
        Ok(rows == 1)
    }

    /// Lets the lease end at a time that is sooner than its own.
    pub async fn let_go_at(&mut self, lease: &Lease, at: Time) -> Result<()> {
        sql!(self, db => query(
            "UPDATE connection SET locked_until = $3
             WHERE id = $1 AND attempt = $2 AND locked_until > $3",
        ).bind(lease.connection.as_str()).bind(lease.attempt).bind(at).execute(db).await.map(drop))
    }

    /// Whether nobody has claimed the connection since, however long ago the lease ran out; nobody
    /// will until this unit of work ends.
    pub async fn is_last_claim(&mut self, lease: &Lease) -> Result<bool> {
        let rows = sql!(self, db => query(
            "UPDATE connection SET attempt = attempt WHERE id = $1 AND attempt = $2",
        ).bind(lease.connection.as_str()).bind(lease.attempt)
            .execute(db).await.map(|done| done.rows_affected()))?;
        Ok(rows == 1)
    }

    /// Gives the lease back.
    pub async fn let_go(&mut self, lease: &Lease) -> Result<()> {
        sql!(self, db => query(
            "UPDATE connection SET locked_until = NULL WHERE id = $1 AND attempt = $2",
        ).bind(lease.connection.as_str()).bind(lease.attempt).execute(db).await.map(drop))
    }

    /// Lets a lease run out now, whoever holds it; the fence keeps a holder that still lives from
    /// doing harm. For an admin who knows that the holder is dead.
    pub async fn break_lease(&mut self, id: &ConnectionId, now: Time) -> Result<()> {
        sql!(self, db => query("UPDATE connection SET locked_until = $2 WHERE id = $1")
            .bind(id.as_str()).bind(now).execute(db).await.map(drop))
    }

    /// What is due for a connection, longest due first.
    pub async fn due(&mut self, id: &ConnectionId, now: Time) -> Result<Vec<Due>> {
        sql!(self, db => query_as(
            concat!(
                "SELECT move, run_at, failures, hints FROM schedule
                 WHERE connection = $1 AND run_at <= $2 AND move IN ", known!(),
                " ORDER BY run_at, move"
            ),
        ).bind(id.as_str()).bind(now).fetch_all(db).await)
    }

    /// Makes a move due no later than `at`, or once what a failure put off is due; a time that is
    /// earlier already stays.
    ///
    /// A failure's pause is for the whole connection: were each publish and each push a try of its
    /// own, each would make one failure more of it, and the next pause twice as long.
    pub async fn hasten(&mut self, id: &ConnectionId, step: &str, at: Time) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO schedule (connection, move, run_at) VALUES ($1, $2, $3)
             ON CONFLICT (connection, move) DO UPDATE SET hints = schedule.hints + 1,
             run_at = CASE WHEN schedule.run_at <= $3 THEN schedule.run_at
               WHEN schedule.failures = 0 THEN $3
               ELSE (SELECT CASE WHEN MIN(p.run_at) > $3 THEN MIN(p.run_at) ELSE $3 END
                     FROM schedule p WHERE p.connection = $1 AND p.failures > 0) END",
        ).bind(id.as_str()).bind(step).bind(at).execute(db).await.map(drop))
    }

    /// The same, whatever put it off: someone has looked at what failed, or the clock was wrong.
    pub async fn hasten_anyway(&mut self, id: &ConnectionId, step: &str, at: Time) -> Result<()> {
        sql!(self, db => query(
            "INSERT INTO schedule (connection, move, run_at) VALUES ($1, $2, $3)
             ON CONFLICT (connection, move) DO UPDATE SET hints = schedule.hints + 1,
             run_at = CASE WHEN schedule.run_at > $3 THEN $3 ELSE schedule.run_at END",
        ).bind(id.as_str()).bind(step).bind(at).execute(db).await.map(drop))
    }

    /// Makes a move due because someone outside says so, who may say so any number of times: where it
    /// last ended less than `pause` ago, after that pause.
    pub async fn hint(
        &mut self,
        id: &ConnectionId,
        step: &str,
        (now, pause): (Time, TimeDelta),
    ) -> Result<()> {
        let known: Option<Option<Time>> = sql!(&mut *self, db => query_scalar(
            "SELECT ended_at FROM schedule WHERE connection = $1 AND move = $2",
        ).bind(id.as_str()).bind(step).fetch_optional(db).await)?;
        let soonest = known.flatten().map(|at| at + pause);
        let soonest = soonest.filter(|at| *at - now <= pause);
        let at = soonest.map_or(now, |at| at.max(now));
        self.hasten(id, step, at).await
    }

    /// Sets when a move that went well is due next; its failures are forgotten, and with `all`
    /// those of every move of the connection.
    ///
    /// A hint that came while it ran stands: the move then stays due, no sooner than `soonest`.
    pub async fn reschedule(
        &mut self,
        id: &ConnectionId,
        due: &Due,
        (at, soonest): (Time, Time),
        (all, now): (bool, Time),
    ) -> Result<()> {
        sql!(&mut *self, db => query(
            "UPDATE schedule SET ended_at = $6, run_at = CASE WHEN hints = $3 THEN $4
               WHEN run_at < $5 THEN $5 ELSE run_at END WHERE connection = $1 AND move = $2",
        ).bind(id.as_str()).bind(&due.step).bind(due.hints).bind(at).bind(soonest).bind(now)
            .execute(db).await.map(drop))?;
        sql!(self, db => query(
            "UPDATE schedule SET failures = 0
             WHERE connection = $1 AND failures > 0 AND (move = $2 OR $3)",
        ).bind(id.as_str()).bind(&due.step).bind(all).execute(db).await.map(drop))
    }

    /// The most failures in a row of any of these moves.
    pub async fn failures(&mut self, id: &ConnectionId, steps: &[&str]) -> Result<i64> {
        sql!(self, db => {
            let mut select =
                QueryBuilder::new("SELECT COALESCE(MAX(failures), 0) FROM schedule WHERE connection = ");
            select.push_bind(id.as_str()).push(" AND move IN (");
            let mut list = select.separated(", ");
            for step in steps {
                list.push_bind(*step);
            }
            select.push(")");
            select.build_query_scalar().fetch_one(db).await
        })
    }

    /// Puts moves off until a time, those that are due later already excepted, and counts a
    /// failure of each.
    pub async fn put_off(&mut self, id: &ConnectionId, steps: &[&str], until: Time) -> Result<()> {
        for step in steps {
            sql!(&mut *self, db => query(
                "UPDATE schedule SET failures = failures + 1,
                 run_at = CASE WHEN run_at < $3 THEN $3 ELSE run_at END
                 WHERE connection = $1 AND move = $2",
            ).bind(id.as_str()).bind(*step).bind(until).execute(db).await.map(drop))?;
        }
        Ok(())
    }

    /// Whether a fault has put off a move of a connection that is still to come.
    pub async fn is_put_off(&mut self, id: &ConnectionId, now: Time) -> Result<bool> {
        sql!(self, db => query_scalar(
            "SELECT EXISTS (SELECT 1 FROM schedule
             WHERE connection = $1 AND failures > 0 AND run_at > $2)",
        ).bind(id.as_str()).bind(now).fetch_one(db).await)
    }

    /// Those of these connections of which something is due later than it can have been put off to: the
    /// move `step`, where it went well, beyond `latest.0`; any move but `but` that did not go well
    /// beyond `latest.1`, where the budget is spent beyond `latest.2`. The clock was set back since.
    ///
    /// A failure counts for all moves that it keeps from the CRM, also for those that had nothing to
    /// do for long anyway: where one of them is due in time, the others are not its doing.
    pub async fn due_too_late(
        &mut self,
        among: &[&str],
        (step, but): (&str, &str),
        latest: (Time, Time, Time),
    ) -> Result<Vec<String>> {
        let (well, failed, spent) = latest;
        sql!(self, db => {
            let mut select = QueryBuilder::new(
                "SELECT DISTINCT s.connection FROM schedule s JOIN connection c ON c.id = s.connection
                 WHERE s.move <> ",
            );
            select.push_bind(but).push(" AND ((s.failures = 0 AND s.move = ").push_bind(step);
            select.push(" AND s.run_at > ").push_bind(well);
            select.push(") OR (s.failures > 0 AND s.run_at > CASE WHEN c.state LIKE 'skipped%' THEN ");
            select.push_bind(spent).push(" ELSE ").push_bind(failed);
            select.push(" END AND NOT EXISTS (SELECT 1 FROM schedule o
                WHERE o.connection = s.connection AND o.failures > 0 AND o.move <> ");
            select.push_bind(but).push(" AND o.run_at <= CASE WHEN c.state LIKE 'skipped%' THEN ");
            select.push_bind(spent).push(" ELSE ").push_bind(failed).push(" END)))");
            one_of(&mut select, "c.id", among);
            select.build_query_scalar().fetch_all(db).await
        })
    }

    /// Makes everything of a connection due that waits for a later time, one move excepted.
    pub async fn all_due(&mut self, id: &ConnectionId, but: &str, now: Time) -> Result<()> {
        sql!(&mut *self, db => query(
            "UPDATE schedule SET run_at = $3, hints = hints + 1
             WHERE connection = $1 AND move <> $2 AND run_at > $3",
        ).bind(id.as_str()).bind(but).bind(now).execute(db).await.map(drop))?;
        sql!(&mut *self, db => query(
            "UPDATE deal SET look_at = $2
             WHERE connection = $1 AND look_at > $2 AND gone_at IS NULL",
        ).bind(id.as_str()).bind(now).execute(db).await.map(drop))?;
        self.writes_due(id, now).await
    }

    /// When anything is due next of these connections, but for what failed `hopeless`
    /// times in a row, and for the ordinary next turn of one move: the one that no failure put off.
    pub async fn next_due(
        &mut self,
        among: &[&str],
        (but, hopeless): (&str, i64),
        now: Time,
    ) -> Result<Option<Time>> {
        sql!(self, db => {
            let mut select = QueryBuilder::new("SELECT MIN(run_at) FROM schedule WHERE NOT (move = ");
            select.push_bind(but).push(" AND failures = 0 AND run_at > ").push_bind(now).push(")");
            select.push(" AND failures < ").push_bind(hopeless);
            select.push(concat!(" AND move IN ", known!()));
            one_of(&mut select, "connection", among);
            select.build_query_scalar().fetch_one(db).await
        })
    }
}
