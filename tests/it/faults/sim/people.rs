//! What people do: sellers type in the CRM and publish in the panel, managers ask, deals move,
//! close, disappear and come back, admins lock records and restore backups.

use std::sync::Arc;

use chrono::TimeDelta;
use latitude::domain::field::Field;
use latitude::domain::ids::{DealId, PersonId};
use latitude::domain::strategy::{Answers, Part};
use latitude::sandbox::world::Trouble;
use latitude::store::tx::Tx;
use latitude::sync::publish::{Published, publish};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, SqliteConnection};

use super::{Sim, lock};

/// The first of the stages in which a deal is won or lost.
pub const CLOSED: usize = 6;

/// Sentences that sellers use; each becomes a text of its own.
const SENTENCES: [&str; 6] = [
    "Ask Ada Lovelace for the gate review on Tuesday because she owns the budget",
    "Show Ben the cost of waiting: 40,000 a month, from his own report",
    "They want to close the books in five days instead of nine",
    "Legal may stall; option one is their own paper, option two a pilot",
    "Agree with Carla who signs, and by when",
    "I need a reference customer in logistics from product by Friday",
];

impl Sim {
    /// Whether a write in this CRM can be made to depend on what was read.
    pub fn checks_revisions(&self) -> bool {
        ["salesforce", "dynamics365", "espocrm"].contains(&self.served.crm)
    }

    /// What sellers had in mind when they first saw our fields.
    pub fn remember_minds(&self) {
        let fields = lock(&self.fields).clone();
        let world = self.served.world.state();
        let mut state = self.state();
        for (n, deal) in world.deals.iter().enumerate() {
            for part in Part::ALL {
                let name = fields.name(part.field()).unwrap_or_default();
                if let Some(Value::String(text)) = deal.custom.get(name) {
                    state.words.known.insert((n, part.field(), text.clone()));
                }
            }
        }
    }

    /// Someone does something. Typing over a seller's fields only where `may_type`: between a read
    /// and a write that cannot depend on it, nobody could notice.
    pub async fn people_act(self: &Arc<Self>, may_type: bool) {
        let deals = self.served.world.state().deals.len();
        let n = self.roll(0..deals);
        // Stamps are kept to the second by some.
        self.truth.advance(TimeDelta::seconds(2));
        match self.roll(0..100) {
            0..30 if may_type => self.type_in_crm(n),
            0..30 => self.publish(n).await,
            30..50 => self.publish(n).await,
            50..55 if may_type => self.blank_in_crm(n),
            50..60 => self.ask_in_crm(n),
            60..72 => self.move_on(n),
            72..78 => self.close_or_reopen(n),
            78..84 => self.delete_or_restore(n),
            84..90 => self.spoil(n),
            _ => self.hinder(n),
        }
        self.truth.advance(TimeDelta::seconds(2));
    }

    fn change(
        &self,
        n: usize,
        what: &str,
        change: impl FnOnce(&mut latitude::sandbox::world::Deal),
    ) {
        let world = &self.served.world;
        let mut state = world.state();
        if state.deals[n].deleted_at.is_some() {
            return;
        }
        change(&mut state.deals[n]);
        let owner = state.deals[n].owner;
        world.touch(&mut state, n, owner);
        drop(state);
        self.state().words.new_cause(n);
        self.count(what);
        self.say(&format!("deal {n}: {what}"));
    }

    fn type_in_crm(&self, n: usize) {
        let part = *self.pick(&Part::ALL);
        let sentence = *self.pick(&SENTENCES);
        let Some(name) = self.name_of(part.field()) else {
            return;
        };
        if self.served.world.state().deals[n].deleted_at.is_some() {
            return;
        }
        let text = self.state().words.text(n, part.field(), sentence);
        self.say(&format!("deal {n}: {} = {text}", part.name()));
        self.change(n, "typed in the CRM", |deal| {
            deal.custom.insert(name, Value::String(text));
        });
    }

    fn blank_in_crm(&self, n: usize) {
        let part = *self.pick(&Part::ALL);
        let Some(name) = self.name_of(part.field()) else {
            return;
        };
        self.change(n, "blanked in the CRM", |deal| {
            deal.custom.remove(&name);
        });
    }

    fn ask_in_crm(&self, n: usize) {
        let Some(name) = self.name_of(Field::ManagerQuestion) else {
            return;
        };
        let text = self
            .state()
            .words
            .text(n, Field::ManagerQuestion, "Who else decides?");
        self.change(n, "a manager asked", |deal| {
            deal.custom.insert(name, Value::String(text));
        });
    }

    fn move_on(&self, n: usize) {
        let stage = self.roll(0..CLOSED);
        let more = f64::from(self.roll(1..90_u32)) * 1000.0;
        self.change(n, "moved", |deal| {
            deal.stage = stage;
            deal.amount = Some(more);
        });
    }

    fn close_or_reopen(&self, n: usize) {
        let to = self.roll(CLOSED..CLOSED + 2);
        self.change(n, "closed or reopened", |deal| {
            deal.stage = if deal.stage < CLOSED { to } else { 2 };
        });
    }

    fn delete_or_restore(&self, n: usize) {
        let world = &self.served.world;
        let mut state = world.state();
        let was = state.deals[n].deleted_at;
        let owner = state.deals[n].owner;
        world.touch(&mut state, n, owner);
        state.deals[n].deleted_at = match was {
            Some(_) => None,
            None => Some(world.now()),
        };
        drop(state);
        self.state().words.new_cause(n);
        let what = if was.is_some() {
            "brought back"
        } else {
            "deleted"
        };
        self.count(what);
        self.say(&format!("deal {n}: {what}"));
    }

    /// Someone, or another integration, overwrites what we wrote.
    fn spoil(&self, n: usize) {
        let field = *self.pick(&[Field::Grade, Field::Score, Field::State, Field::WeakestPart]);
        let Some(name) = self.name_of(field) else {
            return;
        };
        let others = self.served.world.state();
        let other = others
            .deals
            .iter()
            .filter_map(|it| it.custom.get(&name))
            .next_back()
            .cloned();
        drop(others);
        self.change(n, "a fact was spoiled", |deal| {
            match other {
                Some(other) => deal.custom.insert(name, other),
                None => deal.custom.remove(&name),
            };
        });
    }

    fn hinder(&self, n: usize) {
        let trouble = match self.roll(0..5) {
            0 => Some(Trouble::Refused(
                "Close date cannot be in the past".to_owned(),
            )),
            1 => Some(Trouble::Busy(self.roll(1..4))),
            2 => Some(Trouble::Locked),
            3 => Some(Trouble::ReadOnly),
            _ => None,
        };
        self.say(&format!("deal {n}: {trouble:?}"));
        self.served.world.state().deals[n].trouble = trouble;
        self.state().words.new_cause(n);
        self.count("a record was hindered");
    }

    /// Nothing stands in the way of writing any more.
    pub fn clear_troubles(&self) {
        for deal in &mut self.served.world.state().deals {
            deal.trouble = None;
        }
    }

    /// A seller publishes in the panel, as the panel does it.
    async fn publish(&self, n: usize) {
        let (id, owner) = {
            let world = self.served.world.state();
            let deal = &world.deals[n];
            (deal.id.clone(), world.people[deal.owner].id.clone())
        };
        let part = *self.pick(&Part::ALL);
        let sentence = *self.pick(&SENTENCES);
        let stale = self.chance(0.1);
        let now = self.truth.at_now();
        let mut tx = self.store.write().await.expect("the database");
        let deal = DealId::from(id.as_str());
        let found = tx.dossier(&self.id, &deal).await.expect("the database");
        let Some(dossier) = found else { return };
        let text = self.state().words.text(n, part.field(), sentence);
        let mut answers = dossier
            .answers
            .as_ref()
            .map(|it| it.0.clone())
            .unwrap_or_default();
        let typed: &mut Answers = &mut answers;
        typed.part_mut(part).clone_from(&text);
        let base = dossier.version - i64::from(stale);
        let seller = PersonId::from(owner.as_str());
        let done = publish(
            &mut tx,
            &self.id,
            (&dossier, base),
            (&seller, &answers),
            &latitude::domain::framework::Framework::standard(),
            now,
        )
        .await;
        let done = done.expect("the database");
        tx.commit().await.expect("the database");
        self.count("published in the panel");
        self.say(&format!(
            "deal {n}: {} is published: {text}: {done:?}",
            part.name()
        ));
        if let Published::Saved(version) = done {
            let mut state = self.state();
            state
                .words
                .published
                .push((id, version, part.field(), text));
            state.words.new_cause(n);
        }
    }

    /// What the CRM calls a field.
    pub fn name_of(&self, field: Field) -> Option<String> {
        lock(&self.fields).name(field).map(str::to_owned)
    }

    /// Takes a backup, or puts the last one back while nothing runs.
    #[expect(
        clippy::disallowed_methods,
        reason = "the path is ours, and VACUUM takes no bound values"
    )]
    pub async fn back_up_or_restore(&self) {
        let backup = self.state().backup.clone();
        let mut db = self.database().await;
        match backup {
            None => {
                let backup = self.file.with_extension("backup");
                drop(std::fs::remove_file(&backup));
                let into = format!("VACUUM INTO '{}'", backup.display());
                db.execute(AssertSqlSafe(into)).await.expect("a backup");
                self.state().backup = Some(backup);
                self.count("backup");
                self.say("a backup is taken");
            }
            Some(backup) => {
                lock(&self.engines).iter_mut().for_each(|it| *it = None);
                restore(&mut db, &backup).await;
                drop(std::fs::remove_file(&backup));
                let mut state = self.state();
                state.backup = None;
                // What came after the backup is gone with the database, as everyone knows.
                state.words.published.clear();
                state.words.replaced.clear();
                state.words.versions.clear();
                state.words.shown.clear();
                state.words.contents.clear();
                drop(state);
                self.count("restore");
                self.say("the backup is put back");
            }
        }
    }

    /// A connection of the model's own.
    pub async fn database(&self) -> SqliteConnection {
        use sqlx::Connection;
        let address = format!("sqlite://{}", self.file.display());
        SqliteConnection::connect(&address)
            .await
            .expect("the database")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the names are the schema's, and DDL takes no bound values"
)]
async fn restore(db: &mut SqliteConnection, backup: &std::path::Path) {
    let run = async |db: &mut SqliteConnection, text: String| {
        db.execute(AssertSqlSafe(text)).await.expect("a restore");
    };
    run(db, "PRAGMA foreign_keys = OFF".to_owned()).await;
    run(db, format!("ATTACH '{}' AS backup", backup.display())).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM backup.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .fetch_all(&mut *db)
    .await
    .expect("tables");
    run(db, "BEGIN IMMEDIATE".to_owned()).await;
    for table in tables {
        run(db, format!("DELETE FROM main.{table}")).await;
        run(
            db,
            format!("INSERT INTO main.{table} SELECT * FROM backup.{table}"),
        )
        .await;
    }
    run(db, "COMMIT".to_owned()).await;
    run(db, "DETACH backup".to_owned()).await;
}

/// The SQLite side of a unit of work; simulations run on nothing else.
pub fn sqlite(tx: &mut Tx) -> &mut SqliteConnection {
    match tx {
        Tx::Sqlite(tx) => tx,
        Tx::Postgres(_) => unreachable!("simulations run on SQLite"),
    }
}
