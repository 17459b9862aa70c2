//! What must be so, whatever happened: looked at in the CRM, in its history of changes, and in
//! Latitude's books.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use latitude::domain::field::{Field, Value};
use latitude::domain::framework::Framework;
use latitude::domain::grade::Grade;
use latitude::domain::rubric;
use latitude::domain::similarity::Print;
use latitude::domain::strategy::{Answers, same_words};
use latitude::sandbox::world::Change;
use serde_json::Value as Json;

use super::books::{Door, Noted, Standing, Version};
use super::company::Company;
use super::people::{Said, Words};
use super::stage::Stage;
use super::story::Story;
use super::watch::{Waits, Watch};

/// A lease that was lost is taken up again within so many leases; looking takes a moment, too.
const LEASES: i32 = 2;
const GRACE: TimeDelta = TimeDelta::milliseconds(400);

/// Who says what about a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Its seller only publishes in Latitude.
    Panel,
    /// Its seller only types in the CRM.
    Crm,
    /// Its seller does both, and words may overtake one another.
    Both,
}

impl Side {
    /// By the deal's position.
    pub fn of(deal: usize) -> Self {
        [Self::Panel, Self::Crm, Self::Both][deal % 3]
    }
}

/// Latitude's books at one moment.
pub struct Books {
    ledger: Vec<Noted>,
    versions: Vec<Version>,
    standings: Vec<Standing>,
}

impl Books {
    /// Reads them.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(door: &mut Door) -> anyhow::Result<Self> {
        Ok(Self {
            ledger: door.ledger().await?,
            versions: door.versions().await?,
            standings: door.standings().await?,
        })
    }

    /// The last entries of the ledger that tell of something that did not go well.
    pub fn last_troubles(&self, most: usize) -> Vec<&Noted> {
        let mut troubles: Vec<&Noted> = self
            .ledger
            .iter()
            .filter(|it| it.outcome != "written")
            .collect();
        troubles.drain(..troubles.len().saturating_sub(most));
        troubles
    }

    /// Whether the same was ever written for another deal.
    fn hold_a_copy(&self, company: &Company, deal: &str, answers: &Answers) -> bool {
        let print = Print::of(answers);
        let elsewhere = |it: &&Version| it.connection == company.id.as_str() && it.deal != deal;
        let mut others = self.versions.iter().filter(elsewhere);
        others.any(|it| print.is_near_copy(&Print::of(&it.answers)))
    }

    fn versions_of(&self, company: &Company, deal: &str) -> Vec<&Version> {
        let theirs = |it: &&Version| it.connection == company.id.as_str() && it.deal == deal;
        self.versions.iter().filter(theirs).collect()
    }
}

/// What is not at rest yet; nothing once everything is as it should be.
///
/// # Errors
/// The CRM's, whose weather is calm.
pub async fn not_at_rest(
    companies: &[Company],
    words: &Words,
    books: &Books,
) -> anyhow::Result<Vec<String>> {
    let framework = Framework::standard();
    let mut wrong = Vec::new();
    let said = words.all().clone();
    for (n, company) in companies.iter().enumerate() {
        for one in books
            .standings
            .iter()
            .filter(|it| it.connection == company.id.as_str())
        {
            if let Some(why) = &one.parked {
                wrong.push(format!("{} deal {} is given up: {why}", company.id, one.id));
            } else if one.open_ends {
                wrong.push(format!("{} deal {} has open ends", company.id, one.id));
            }
        }
        let open = company.open();
        let there = company.now(&open).await?;
        for (deal, there) in open.into_iter().zip(there) {
            let id = company.deal_id(deal);
            let mut tell = |what: String| wrong.push(format!("{} deal {id}: {what}", company.id));
            let Some(there) = there else {
                tell("is not in the CRM".to_owned());
                continue;
            };
            let nothing = Answers::default();
            let newest = books.versions_of(company, &id).last().map(|it| &it.answers);
            let answers = newest.unwrap_or(&nothing);
            let should = rubric::assess(answers, &framework.rubric).grade.label();
            let shown = |field: Field| {
                let found = there.shown.iter().find(|(known, _)| *known == field);
                found.map(|(_, value)| value)
            };
            let copied = Value::text(Grade::NotEnoughYet.label());
            let is_right = |grade: &Value| {
                *grade == Value::text(should)
                    || *grade == copied && books.hold_a_copy(company, &id, answers)
            };
            if let Some(grade) = shown(Field::Grade).filter(|it| !is_right(it)) {
                tell(format!("shows {grade:?}, where its strategy is {should}"));
            }
            let told = said.get(&(n, deal)).cloned().unwrap_or_default();
            if let Some(text) = told.typed.last()
                && !same_words(&there.answers.conversation_goal, text)
            {
                tell("no longer holds what its seller typed last".to_owned());
            }
            if Side::of(deal) != Side::Both && !there.answers.says_the_same(answers) {
                tell(format!(
                    "holds other words than the strategy: {:?} where it is {:?}",
                    there.answers, answers
                ));
            }
            let text = company.served.world.state().deals[deal]
                .custom
                .get(&company.field(Field::Strategy))
                .cloned();
            let text = text.as_ref().and_then(Json::as_str).unwrap_or_default();
            for part in [&answers.approach, &answers.conversation_goal] {
                if !text.contains(part.trim()) {
                    tell(format!(
                        "shows an older strategy: {part:?} is not in {text:?}"
                    ));
                }
            }
        }
    }
    Ok(wrong)
}

/// What must never have been; nothing if all is well.
pub fn broken(stage: &Stage<'_>, books: &Books) -> Vec<String> {
    let (companies, story, refused) = (&stage.companies, &stage.story, &stage.refused);
    let mut wrong = Vec::new();
    let said = stage.words.all().clone();
    for (n, company) in companies.iter().enumerate() {
        fences(company, books, &mut wrong);
        let mut of_deals: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
        let state = company.served.world.state();
        for change in state.history.iter().flatten() {
            of_deals.entry(change.deal).or_default().push(change);
        }
        for deal in 0..state.deals.len() {
            let told = said.get(&(n, deal)).cloned().unwrap_or_default();
            let id = &state.deals[deal].id;
            let mut tell = |what: String| wrong.push(format!("{} deal {id}: {what}", company.id));
            let versions = books.versions_of(company, id);
            lost(&told, &versions, &mut tell);
            let changes = of_deals.remove(&deal).unwrap_or_default();
            if let Some(last) = changes.last()
                && last.custom != state.deals[deal].custom
            {
                tell("the sandbox kept no history of its last change".to_owned());
            }
            let before = &company.before[deal];
            texts_of_others(company, before, &changes, &told, &mut tell);
            if Side::of(deal) != Side::Both {
                going_back(company, story, &changes, &mut tell);
            }
            same_cause(company, &changes, &mut tell);
        }
    }
    for (n, deal, message) in refused {
        let id = companies[*n].deal_id(*deal);
        let told = books.ledger.iter().any(|it| {
            it.deal.as_ref() == Some(&id)
                && it.message.as_ref().is_some_and(|it| it.contains(message))
        });
        if !told {
            wrong.push(format!(
                "the ledger does not tell why deal {id} was refused"
            ));
        }
    }
    wrong
}

/// The fence: who lost a lease writes nothing any more, and no deal gets an older version.
fn fences(company: &Company, books: &Books, wrong: &mut Vec<String>) {
    let mut newest = 0;
    let mut versions: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in books
        .ledger
        .iter()
        .filter(|it| it.connection == company.id.as_str())
    {
        // Entries about the database itself are under no fence.
        if entry.attempt > 0 && entry.attempt < newest {
            wrong.push(format!(
                "{}: the ledger has an entry of attempt {} after one of {newest}: {} {:?}",
                company.id, entry.attempt, entry.outcome, entry.message
            ));
        }
        newest = newest.max(entry.attempt);
        if let (Some(deal), Some(version)) = (entry.deal.as_deref(), entry.version)
            && entry.outcome == "written"
        {
            let before = versions.entry(deal).or_default();
            if version < *before {
                wrong.push(format!(
                    "{} deal {deal}: version {version} was written after {before}",
                    company.id
                ));
            }
            *before = version;
        }
    }
}

/// Words that someone was told are saved, or that stand in the CRM, and that are not in the books.
fn lost(told: &Said, versions: &[&Version], tell: &mut impl FnMut(String)) {
    let kept = |text: &str, of: fn(&Answers) -> &String| {
        versions.iter().any(|it| same_words(of(&it.answers), text))
    };
    for (text, acknowledged) in &told.published {
        if *acknowledged && !kept(text, |it| &it.approach) {
            tell(format!("a published strategy is lost: {text:?}"));
        }
    }
    if let Some(text) = told
        .typed
        .last()
        .filter(|text| !kept(text, |it| &it.conversation_goal))
    {
        tell(format!("what was typed last is not in the books: {text:?}"));
    }
    for (n, version) in versions.iter().enumerate() {
        if version.version != n as i64 + 1 {
            tell(format!(
                "version {} is the {}. of them",
                version.version,
                n + 1
            ));
        }
    }
}

/// Latitude writes into a seller's field only what that seller published.
fn texts_of_others(
    company: &Company,
    before: &BTreeMap<String, Json>,
    changes: &[&Change],
    told: &Said,
    tell: &mut impl FnMut(String),
) {
    let mut before = before;
    let fields = company.sellers_fields();
    for Change {
        by, custom: after, ..
    } in changes
    {
        for field in fields
            .iter()
            .filter(|field| *by == 0 && before.get(*field) != after.get(*field))
        {
            let value = after.get(field).and_then(Json::as_str).unwrap_or_default();
            if !told
                .published
                .iter()
                .any(|(text, _)| same_words(text, value))
            {
                tell(format!(
                    "Latitude changed {field} to {value:?}, which nobody published"
                ));
            }
        }
        before = after;
    }
}

/// What stood in the strategy once does not come back after something newer.
fn going_back(
    company: &Company,
    story: &Story,
    changes: &[&Change],
    tell: &mut impl FnMut(String),
) {
    let name = company.field(Field::Strategy);
    let mut stood: Vec<(&str, String)> = Vec::new();
    for change in changes {
        let text = change
            .custom
            .get(&name)
            .and_then(Json::as_str)
            .unwrap_or_default();
        if stood.last().is_none_or(|(last, _)| *last != text) {
            let which = text.find(" note ").or_else(|| text.find(" talk "));
            let which = which
                .and_then(|at| text.get(at + 1..at + 7))
                .unwrap_or("other");
            let told = format!(
                "{:.3} s {which:?} by {}",
                story.second(change.at),
                change.by
            );
            let again = stood.iter().any(|(before, _)| *before == text);
            stood.push((text, told));
            if again {
                let all: Vec<&str> = stood.iter().map(|(_, told)| told.as_str()).collect();
                tell(format!("the strategy went back: {}", all.join(", ")));
            }
        }
    }
}

/// The same strategy has the same grade and score whenever it is written.
fn same_cause(company: &Company, changes: &[&Change], tell: &mut impl FnMut(String)) {
    let strategy = company.field(Field::Strategy);
    let judged = [Field::Grade, Field::Score, Field::WeakestPart];
    let judged = judged.map(|field| company.field(field));
    let mut known: BTreeMap<&str, [Option<&Json>; 3]> = BTreeMap::new();
    for Change { custom: after, .. } in changes.iter().filter(|it| it.by == 0) {
        let text = after
            .get(&strategy)
            .and_then(Json::as_str)
            .unwrap_or_default();
        let judgement = [0, 1, 2].map(|n| after.get(&judged[n]).filter(|it| !it.is_null()));
        let first = *known.entry(text).or_insert(judgement);
        if first != judgement {
            tell(format!(
                "{text:?} was written with {first:?} and with {judgement:?}"
            ));
        }
    }
}

/// Connections that waited for a worker for longer than they should.
pub fn too_long(watch: &Watch, lease: TimeDelta) -> (Waits, Vec<String>) {
    let waits = watch.waits(lease);
    let most = (lease * LEASES + GRACE).to_std().unwrap_or_default();
    let mut wrong = Vec::new();
    for (id, wait) in waits.recoveries.iter().filter(|(_, wait)| *wait > most) {
        wrong.push(format!("{id} was taken over only after {wait:.1?}"));
    }
    if waits.idle > most {
        wrong.push(format!(
            "a connection that was due waited {:.1?} for a worker",
            waits.idle
        ));
    }
    (waits, wrong)
}
