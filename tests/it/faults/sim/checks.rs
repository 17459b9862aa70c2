//! The invariants, checked while it happens and at the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use latitude::crm::setup::FieldMap;
use latitude::domain::cadence::State;
use latitude::domain::field::{Field, Owner};
use latitude::domain::framework::Framework;
use latitude::domain::grade::Grade;
use latitude::domain::outlook::Outlook;
use latitude::domain::similarity::Print;
use latitude::domain::strategy::{Answers, Part, same_words};
use latitude::domain::{Time, rubric};
use latitude::store::schedule::CLOCKS_APART;
use latitude::sync::work::LEASE;
use latitude::sync::{ASK, RECONCILE, WRITE_BACK};
use reqwest::Request;
use serde_json::Value;
use sqlx::types::Json;

use super::people::CLOSED;
use super::people::sqlite;
use super::{POLL, Sim, lock};

/// The most calls of a cycle in which nothing changed.
const IDLE_CALLS: u64 = 4;

type Custom = BTreeMap<String, Value>;

/// A deal as the database has it.
#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    version: i64,
    grade: Option<String>,
    standing: String,
    gone_at: Option<Time>,
    carry_version: Option<i64>,
    conflict_version: Option<i64>,
    parked: Option<String>,
    write_at: Option<Time>,
    written_mark: Option<String>,
    desired_mark: Option<String>,
    answers: Option<Json<Answers>>,
}

fn text(custom: &Custom, name: Option<&str>) -> String {
    match name.and_then(|name| custom.get(name)) {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}

/// What Latitude's own fields of a deal hold, in one text.
fn own(custom: &Custom, fields: &FieldMap) -> String {
    let ours = Field::ALL
        .into_iter()
        .filter(|field| field.owner() == Owner::Latitude);
    let held = ours.filter_map(|field| {
        let name = fields.name(field)?;
        Some(format!("{}={}", field.name(), custom.get(name)?))
    });
    held.collect::<Vec<_>>().join("|")
}

/// The strategy as it would be shown.
fn told(answers: &Answers) -> String {
    let framework = Framework::standard();
    let outlook = Outlook {
        framework: &framework,
        stage: None,
        stage_name: "",
        state: State::Current,
        asked: None,
        answers: Some(answers),
        assessment: None,
        questions: &[],
        dismissed: &[],
        need: ("None", None),
        panel: String::new(),
    };
    outlook.strategy()
}

impl Sim {
    /// What every deal's fields hold in the CRM.
    pub fn written(&self) -> Vec<Custom> {
        let state = self.served.world.state();
        state.deals.iter().map(|deal| deal.custom.clone()).collect()
    }

    /// What a call of ours changed: I3, I4 and I5 as it happens.
    pub fn look_at_writes(&self, place: usize, before: &[Custom], late: bool) {
        let fields = lock(&self.fields).clone();
        if fields.0.is_empty() {
            return;
        }
        let after = self.written();
        for (n, (before, after)) in before.iter().zip(&after).enumerate() {
            if before == after {
                continue;
            }
            self.count("deals written");
            for part in Part::ALL {
                self.look_at_words(n, part, (before, after), &fields);
            }
            self.look_at_version(place, n, (before, after), (&fields, late));
            let content = own(after, &fields);
            let mut state = self.state();
            let contents = state.words.contents.entry(n).or_default();
            let again = contents.last() != Some(&content) && contents.contains(&content);
            if late {
                // What it wrote over is written again, and rightly so.
                contents.clear();
            }
            if !late && again {
                drop(state);
                self.find(format!(
                    "I3: deal {n} was written to and fro without a cause: {content}"
                ));
            } else {
                contents.push(content);
            }
        }
    }

    fn look_at_words(
        &self,
        n: usize,
        part: Part,
        (before, after): (&Custom, &Custom),
        fields: &FieldMap,
    ) {
        let name = fields.name(part.field());
        let (old, new) = (text(before, name), text(after, name));
        if same_words(&old, &new) {
            return;
        }
        let id = self.served.world.state().deals[n].id.clone();
        let mut state = self.state();
        let by_a_person = state
            .words
            .published
            .iter()
            .any(|it| it.0 == id && same_words(&it.3, &new));
        let known = state
            .words
            .known
            .iter()
            .any(|it| it.0 == n && same_words(&it.2, &new));
        if !old.is_empty() {
            state.words.replaced.push((id, part.field(), old.clone()));
        }
        drop(state);
        if !known || !by_a_person && !old.is_empty() && new.is_empty() {
            self.find(format!(
                "I5: deal {n}: a call of ours made {} of a seller \"{new}\", was \"{old}\"",
                part.name()
            ));
        }
    }

    /// The versions of a deal, newest first.
    fn versions_of(&self, deal: &str) -> Vec<(i64, Answers)> {
        const VERSIONS: &str = "SELECT version, answers FROM strategy_version WHERE deal = ?1
                                ORDER BY version DESC";
        let eyes = lock(&self.eyes);
        let mut versions = eyes.prepare(VERSIONS).expect("versions");
        let rows = versions.query_map([deal], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
        let rows = rows.expect("versions").map(|row| {
            let (version, answers) = row.expect("a version");
            (version, serde_json::from_str(&answers).expect("answers"))
        });
        rows.collect()
    }

    fn look_at_version(
        &self,
        place: usize,
        n: usize,
        (before, after): (&Custom, &Custom),
        (fields, late): (&FieldMap, bool),
    ) {
        let name = fields.name(Field::Strategy);
        let (old, new) = (text(before, name), text(after, name));
        if old == new || new.is_empty() {
            return;
        }
        let id = self.served.world.state().deals[n].id.clone();
        let found = self
            .versions_of(&id)
            .into_iter()
            .find(|(_, answers)| same_words(&told(answers), &new));
        let Some((version, _)) = found else {
            self.find(format!(
                "I3: deal {n} shows a strategy that no version has: {new}"
            ));
            return;
        };
        let last = self.state().words.shown.insert(n, version).unwrap_or(0);
        if late {
            // Nobody can call it back; that it is put right is seen at the end.
            self.state().words.shown.insert(n, last.min(version));
        } else if version < last {
            self.find(format!(
                "I4: engine {place} took deal {n} from version {last} back to {version}"
            ));
        }
    }

    /// Remembers the token that is saved now.
    pub fn note_token(&self) {
        let sealed: Option<Vec<u8>> = lock(&self.eyes)
            .query_row("SELECT tokens FROM connection", [], |row| row.get(0))
            .expect("the connection");
        let Some(sealed) = sealed else { return };
        let place = latitude::sync::vault::place(&self.id);
        let plain = self
            .store
            .seal()
            .open(&place, &sealed)
            .expect("our own seal");
        let plain: Value = serde_json::from_slice(&plain).expect("plain data");
        if let Some(access) = plain["access"].as_str() {
            self.state().words.tokens.insert(access.to_owned());
        }
    }

    /// No call carries a token that was not saved before.
    pub fn check_token(&self, request: &Request) {
        let value = request.headers().get("authorization");
        let bearer = value
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.strip_prefix("Bearer "));
        let Some(bearer) = bearer else { return };
        let fixed = self.settings().token.is_some();
        if fixed || self.state().words.tokens.contains(bearer) {
            return;
        }
        self.note_token();
        if !self.state().words.tokens.contains(bearer) {
            self.find("C10: a call carries a token that is not saved".to_owned());
        }
    }

    /// I1: what was published stays, word for word; a version never changes and never goes away.
    pub async fn check_versions(&self) {
        let mut tx = self.store.read().await.expect("the database");
        let rows: Vec<(String, i64, String)> =
            sqlx::query_as("SELECT deal, version, answers FROM strategy_version")
                .fetch_all(sqlite(&mut tx))
                .await
                .expect("versions");
        drop(tx);
        let now: BTreeMap<(String, i64), String> = rows
            .into_iter()
            .map(|(deal, version, answers)| ((deal, version), answers))
            .collect();
        let before = std::mem::replace(&mut self.state().words.versions, now.clone());
        for (key, answers) in before {
            if now.get(&key) != Some(&answers) {
                self.find(format!(
                    "I1: version {} of deal {} is no longer what it was",
                    key.1, key.0
                ));
            }
        }
    }

    /// When a turn found nothing to claim: is there really nothing to do?
    pub async fn check_claimable(&self, place: usize) {
        let now = self.truth.at_now();
        let (depth, died, ahead) = {
            let state = self.state();
            (state.depth, state.died_at, state.was_ahead)
        };
        let skewed = latitude::env::Clock::now(&*self.locals[place]) < now;
        if depth > 0 || skewed || died.is_some_and(|at| now < at + LEASE * 2) {
            return;
        }
        let mut tx = self.store.read().await.expect("the database");
        // The model's hints carry parts of a millisecond, which an engine's clock does not.
        let due = tx.due(&self.id, now - TimeDelta::seconds(1)).await;
        if let Some(due) = due.expect("the database").first() {
            // A lease that a clock ahead of ours gave may be believed from the time it is looked at
            // first, for that much longer; see 0040.
            let since = *self.state().refused_at.get_or_insert(now);
            if ahead && now < since + LEASE + CLOCKS_APART {
                return;
            }
            let late = (now - due.run_at).num_seconds();
            self.find(format!("no engine may work {}, due for {late} s", due.step));
        }
    }

    /// Whether nothing is left to do but the next poll.
    pub async fn is_settled(&self) -> bool {
        self.unsettled().await.is_empty()
    }

    /// What is left to do, in words.
    pub async fn unsettled(&self) -> String {
        let now = self.truth.at_now();
        let mut tx = self.store.read().await.expect("the database");
        let db = sqlite(&mut tx);
        let moves: Vec<(String, Time, i64)> = sqlx::query_as(
            "SELECT move, run_at, failures FROM schedule WHERE run_at <= $1 OR failures > 0",
        )
        .bind(now)
        .fetch_all(&mut *db)
        .await
        .expect("the schedule");
        let deals: Vec<(String, Option<Time>, i64, i64)> = sqlx::query_as(
            "SELECT id, write_at, version, assessed_version FROM deal
             WHERE gone_at IS NULL AND (look_at <= $1 OR write_at IS NOT NULL OR assessed_version < version)",
        )
        .bind(now)
        .fetch_all(&mut *db)
        .await
        .expect("deals");
        let states: Vec<String> = sqlx::query_scalar(
            "SELECT state || ' ' || COALESCE(state_message, '') FROM connection WHERE state <> 'ok'",
        )
        .fetch_all(&mut *db)
        .await
        .expect("states");
        drop(tx);
        let world = self.served.world.state();
        let hindered = |id: &str| {
            world
                .deal_at(id)
                .is_some_and(|n| world.deals[n].trouble.is_some())
        };
        let moves = moves
            .iter()
            .map(|it| format!("{} at {} failed {}", it.0, it.1.format("%d %H:%M:%S"), it.2));
        let moves: Vec<String> = moves.collect();
        let deals = deals
            .iter()
            .filter(|it| !(hindered(&it.0) && it.1.is_some_and(|at| at > now)));
        let deals: Vec<String> = deals
            .map(|it| {
                format!(
                    "deal {}: write_at {:?}, version {}, assessed {}",
                    it.0, it.1, it.2, it.3
                )
            })
            .collect();
        if moves.is_empty() && deals.is_empty() {
            return String::new();
        }
        format!(
            "{}; {}; {}",
            moves.join(", "),
            deals.join(", "),
            states.join(", ")
        )
    }

    async fn rows(&self) -> Vec<Row> {
        let mut tx = self.store.read().await.expect("the database");
        sqlx::query_as(
            "SELECT d.*, v.answers FROM deal d LEFT JOIN strategy_version v
               ON v.connection = d.connection AND v.deal = d.id AND v.version = d.version",
        )
        .fetch_all(sqlite(&mut tx))
        .await
        .expect("deals")
    }

    /// I9: what the CRM would not take is parked with its words, and in the ledger.
    pub async fn check_refusals(&self) {
        for row in self.rows().await {
            if row.gone_at.is_some() {
                continue;
            }
            let mut tx = self.store.read().await.expect("the database");
            let ledger = tx
                .ledger(&self.id, Some(&row.id), 1000)
                .await
                .expect("the ledger");
            let waits = row.parked.is_some() || row.write_at.is_some();
            if row.desired_mark != row.written_mark && row.standing == "open" && !waits {
                self.find(format!(
                    "I2: deal {} differs from what it should be and nothing is due",
                    row.id
                ));
            }
            let refused = ledger.iter().any(|it| it.outcome == "refused");
            if row.parked.is_some() && !refused {
                self.find(format!(
                    "I9: deal {} is parked, the ledger does not say why",
                    row.id
                ));
            }
        }
        self.check_words(("before the nightly reconcile", false))
            .await;
    }

    async fn rows_by_id(&self) -> BTreeMap<String, Row> {
        let rows = self.rows().await.into_iter();
        rows.map(|it| (it.id.clone(), it)).collect()
    }

    /// I1 and I2 for what people wrote: all of it is kept, and both sides say the same.
    async fn check_words(&self, (when, retried): (&str, bool)) {
        let fields = lock(&self.fields).clone();
        let rows = self.rows_by_id().await;
        let versions = self.state().words.versions.clone();
        let kept = |id: &str, words: &str| {
            let of_deal = versions.iter().filter(|((deal, _), _)| deal == id);
            let parsed =
                of_deal.filter_map(|(_, answers)| serde_json::from_str::<Answers>(answers).ok());
            let mut all = parsed.flat_map(|it| Part::ALL.map(|part| it.part(part).to_owned()));
            all.any(|it| same_words(&it, words))
        };
        let (published, replaced) = {
            let state = self.state();
            (state.words.published.clone(), state.words.replaced.clone())
        };
        for (id, version, field, words) in published {
            if !kept(&id, &words) {
                self.find(format!(
                    "I1: {} of deal {id}, published as version {version}, is lost: {words}",
                    field.name()
                ));
            }
        }
        for (id, field, words) in replaced {
            if !kept(&id, &words) {
                self.find(format!(
                    "I5: {} of deal {id} was written over unread: {words}",
                    field.name()
                ));
            }
        }
        let world = self.served.world.state();
        let deals: Vec<_> = world
            .deals
            .iter()
            .map(|it| {
                let gone = it.deleted_at.is_some();
                let stands_still = (it.trouble.is_some(), it.stage >= CLOSED);
                (it.id.clone(), it.custom.clone(), gone, stands_still)
            })
            .collect();
        drop(world);
        for (n, (id, custom, deleted, (hindered, closed))) in deals.into_iter().enumerate() {
            let Some(row) = rows.get(&id).filter(|_| !deleted) else {
                continue;
            };
            for part in Part::ALL {
                let is_refused = hindered || (closed || !retried) && row.parked.is_some();
                if is_refused && row.carry_version.is_some() {
                    // The CRM will not take them yet, some take nothing once a deal is closed; what
                    // was refused waits for an edit or a retry, whatever was put right meanwhile.
                    continue;
                }
                let there = text(&custom, fields.name(part.field()));
                let here = row
                    .answers
                    .as_ref()
                    .map(|it| it.0.part(part).to_owned())
                    .unwrap_or_default();
                if !there.trim().is_empty() && !kept(&id, &there) {
                    self.find(format!(
                        "I1: {when}: {} of deal {n} in the CRM is in no version: {there}",
                        part.name()
                    ));
                } else if !there.trim().is_empty()
                    && !same_words(&there, &here)
                    && row.conflict_version.is_none()
                {
                    self.find(format!(
                        "I2: {when}: {} of deal {n}: the CRM says \"{there}\", we \"{here}\" (carry {:?}, parked {:?})",
                        part.name(), row.carry_version, row.parked
                    ));
                }
            }
        }
    }

    /// After the storm and a night: everything stands as it should.
    pub async fn check_the_end(self: &Arc<Self>) {
        self.make_due(&[RECONCILE]).await;
        self.turn(0).await;
        self.turn(0).await;
        self.check_words(("at the end", true)).await;
        let fields = lock(&self.fields).clone();
        let rows = self.rows_by_id().await;
        let before = self.written();
        let (world, open): (Vec<(String, bool)>, Vec<bool>) = {
            let state = self.served.world.state();
            let deals = state.deals.iter();
            deals
                .map(|it| ((it.id.clone(), it.deleted_at.is_some()), it.stage < CLOSED))
                .unzip()
        };
        for (n, (id, deleted)) in world.iter().enumerate() {
            match rows.get(id) {
                // What was closed before anyone read it is nobody's business any more.
                None if !deleted && open[n] => self.find(format!("I1: deal {n} was never read")),
                Some(row) if !deleted && row.gone_at.is_some() => {
                    self.find(format!("I2: deal {n} is there, we hold it for gone"));
                }
                // Where a CRM leaves no trace of what was deleted, open deals are compared; one that was
                // closed before stays closed.
                Some(row) if *deleted && open[n] && row.gone_at.is_none() => {
                    self.find(format!("I2: deal {n} is gone, we hold it for there"));
                }
                Some(row) if !deleted && row.standing == "open" => {
                    self.check_grade(n, row, &before[n], &fields);
                }
                _ => {}
            }
        }
        self.check_rewrite(&world, &before, &fields).await;
    }

    /// Whether the same was ever written for another deal.
    fn reads_like_another(&self, row: &Row, answers: &Answers) -> bool {
        let print = Print::of(answers);
        let state = self.state();
        let mut others = state.words.versions.iter();
        others.any(|((deal, _), other)| {
            let other: Answers = serde_json::from_str(other).expect("answers");
            *deal != row.id && print.is_near_copy(&Print::of(&other))
        })
    }

    fn check_grade(&self, n: usize, row: &Row, custom: &Custom, fields: &FieldMap) {
        let rubric = &Framework::standard().rubric;
        let grade = match row.answers.as_ref().filter(|_| row.version > 0) {
            Some(answers)
                if row.grade.as_deref() == Some(Grade::NotEnoughYet.label())
                    && self.reads_like_another(row, answers) =>
            {
                Grade::NotEnoughYet
            }
            Some(answers) => rubric::assess(&answers.0, rubric).grade,
            None => Grade::NoStrategyYet,
        };
        if row.grade.as_deref().unwrap_or(Grade::NoStrategyYet.label()) != grade.label() {
            self.find(format!(
                "I2: deal {n} is held for {:?}, should be {}",
                row.grade,
                grade.label()
            ));
        }
        if fields
            .name(Field::Grade)
            .is_some_and(|name| !custom.contains_key(name))
        {
            self.find(format!("I2: deal {n} shows no grade"));
        }
        if row.written_mark != row.desired_mark {
            self.find(format!(
                "I2: deal {n} was left different from what it should be"
            ));
        }
    }

    /// Everything is written once more: nothing may change by that.
    async fn check_rewrite(
        self: &Arc<Self>,
        world: &[(String, bool)],
        before: &[Custom],
        fields: &FieldMap,
    ) {
        let mut tx = self.store.write().await.expect("the database");
        sqlx::query("UPDATE deal SET written_mark = NULL, written_facts = NULL, look_at = $1 WHERE gone_at IS NULL AND standing = 'open'")
            .bind(self.truth.at_now())
            .execute(sqlite(&mut tx))
            .await
            .expect("the database");
        tx.commit().await.expect("the database");
        self.make_due(&[ASK, WRITE_BACK]).await;
        self.turn(0).await;
        self.turn(0).await;
        for (n, (before, after)) in before.iter().zip(self.written()).enumerate() {
            let (before, after) = (own(before, fields), own(&after, fields));
            if !world[n].1 && before != after {
                self.find(format!(
                    "I2: deal {n} showed {before}, should have been {after}"
                ));
            }
        }
    }

    async fn make_due(&self, moves: &[&str]) {
        let now = self.truth.at_now();
        let mut tx = self.store.write().await.expect("the database");
        for step in moves {
            tx.hasten_anyway(&self.id, step, now).await.expect("a hint");
        }
        tx.commit().await.expect("a hint");
    }

    /// I6: a cycle in which nothing changed costs next to nothing and writes nothing.
    pub async fn check_idle(self: &Arc<Self>) {
        let calls = |sim: &Self| {
            sim.state()
                .outcome
                .counts
                .get("calls")
                .copied()
                .unwrap_or(0)
        };
        let mut spent = 0;
        for _ in 0..3 {
            self.truth.advance(POLL + TimeDelta::seconds(1));
            let (before, held) = (calls(self), self.written());
            self.turn(0).await;
            spent = calls(self) - before;
            if held != self.written() {
                self.find("I6: a cycle in which nothing changed wrote something".to_owned());
            }
        }
        if spent > IDLE_CALLS {
            self.find(format!(
                "I6: a cycle in which nothing changed cost {spent} calls"
            ));
        }
    }
}
