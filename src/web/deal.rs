//! One deal: the strategy with its evidence, coaching, and every version with what changed.
//!
//! This is where the link in the CRM leads. The link carries no right of its own: who opens it is
//! judged like on every page, and whoever may not see the deal cannot tell that it exists.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use url::Url;

use super::Shared;
use super::around::{Around, OpenedBy, around, open, opened_by};
use super::board::stage_name;
use super::card_parts::ended;
use super::card_view::Item;
use super::chrome::{Chrome, Show};
use super::closing::{self, SharedLookBack};
use super::coach::open_question;
use super::crm_link::{CrmLink, crm_link};
use super::done::Done;
use super::error::Problem;
use super::marked::{How, Piece, changes, pieces};
use super::panel::panel_path;
use super::session::{Me, Reader, Sight};
use super::since::{Since, since};
use super::table::{For, Table};
use super::why::{self, Bar, Side};
use super::{answered, needs, words};
use crate::domain::Time;
use crate::domain::cadence::Reason;
use crate::domain::deal::Standing;
use crate::domain::field::Field;
use crate::domain::framework::Framework;
use crate::domain::grade::Grade;
use crate::domain::ids::{ConnectionId, DealId};
use crate::domain::strategy::{Answers, Part};
use crate::store::coaching::Word;
use crate::store::deals::Dossier;
use crate::store::people::StageRow;
use crate::store::strategies::{Question, Version};

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::People, "/deals/{connection}/{deal}", deal)
}

#[derive(askama::Template)]
#[template(path = "deal.html")]
struct Page {
    chrome: Chrome,
    done: Option<String>,
    own: bool,
    name: String,
    there: Option<CrmLink>,
    href: String,
    facts: Vec<(&'static str, String)>,
    board: String,
    grade: String,
    class: &'static str,
    score: Option<u8>,
    /// What was said of the plan as a whole.
    whole: Option<String>,
    /// Whether there is a grade that one may see differently.
    graded: bool,
    state: String,
    asked: Option<&'static str>,
    dims: Vec<Bar>,
    answers: Vec<Shown>,
    /// The stage they were written in, where that is another one.
    written_in: Option<String>,
    check_on: Option<String>,
    why: Vec<Side>,
    questions: Vec<Asked>,
    notes: Vec<String>,
    private_notes: Vec<String>,
    versions: Vec<Edition>,
    said: Vec<Asked>,
    waits: bool,
    since: Option<Since>,
    opened: Vec<OpenedBy>,
    /// `won` or `lost`; empty while it is open.
    ended: &'static str,
    panel: String,
    look_back: Option<SharedLookBack>,
    needs: Vec<Item>,
    /// Where an obstacle to it is added.
    add_need: String,
}

/// One part of the strategy.
pub struct Shown {
    /// What it is called.
    pub label: &'static str,
    /// What was asked.
    pub prompt: String,
    /// The words.
    pub pieces: Vec<Piece>,
}

/// What a manager asked or said.
pub struct Asked {
    /// Who asked.
    pub who: String,
    /// When.
    pub when: String,
    /// The moment itself, as forms name it.
    pub at: String,
    /// What.
    pub text: String,
    /// Which version answered a question; none while none did.
    pub answered: Option<String>,
}

/// One version, and what changed with it.
pub struct Edition {
    /// Counts up from 1.
    pub number: i64,
    /// When it was published.
    pub when: String,
    /// Where.
    pub source: &'static str,
    /// The label of its grade.
    pub grade: String,
    /// The class that is drawn with.
    pub class: &'static str,
    /// The parts that changed.
    pub changed: Vec<Shown>,
}

/// Every version as the panel lists it: drawn by itself too, for a panel that cannot be loaded once more.
#[derive(askama::Template)]
#[template(path = "versions.html")]
pub struct Versions {
    /// The newest first.
    pub editions: Vec<Edition>,
}

async fn deal(
    State(app): State<Shared>,
    Path((connection, deal)): Path<(String, String)>,
    Query(done): Query<Done>,
    headers: HeaderMap,
    reader: Reader,
) -> Result<Show<impl askama::Template>, Problem> {
    let (connection, deal) = (ConnectionId::from(connection), DealId::from(deal));
    let (me, dossier, sight) = open(&app, &reader, &connection, &deal).await?;
    let Around {
        stages,
        versions,
        questions,
        said,
        opened,
        names,
        notes,
        private_notes,
    } = around(&app, me, &dossier, sight).await?;
    let own = sight == Sight::Own;
    let mut tx = app.store.read().await?;
    let talk = tx.talk(&connection, deal.as_str(), &me.face.id).await?;
    let look_back = closing::shared(&mut tx, me, &dossier).await?;
    let needs = needs::of_deal(&app, &mut tx, me, (deal.as_str(), false)).await?;
    drop(tx);
    let now = app.env.now();
    // The words answer the questions of the stage they were written in.
    let written_in = versions.first().map_or(&dossier.stage, |it| &it.stage);
    let written_in = stage_name(&stages, written_in);
    let moved = written_in != stage_name(&stages, &dossier.stage);
    let assessment = dossier.assessment.as_ref().map(|it| &it.0);
    let answers = dossier.answers.as_ref().map(|it| &it.0);
    // Where nothing is scored, no words earned or cost anything.
    let scored = assessment.filter(|it| it.score.is_some());
    let findings = scored.map_or(&[][..], |it| &it.findings);
    let grade = assessment.map_or(Grade::NoStrategyYet, |it| it.grade);
    let ended = ended(&dossier.standing);
    let withdrawn = ended.map(|how| format!("Not open any more: the deal is {how}"));
    Ok(Show(Page {
        chrome: Chrome::of(&dossier.name, &reader, "/board"),
        done: done.sentence(me.name_of(dossier.seller.as_deref().unwrap_or_default())),
        own,
        there: crm_link(&app, &connection, &deal).await?,
        href: words::deal_path(connection.as_str(), deal.as_str()),
        facts: facts(&app, me, &dossier, &stages),
        board: board_before(&headers),
        grade: grade.label().to_owned(),
        class: words::grade_class(grade.label()),
        score: assessment.and_then(|it| it.score),
        whole: answers
            .zip(assessment)
            .and_then(|(answers, it)| why::whole(answers, it)),
        graded: ![Grade::NoStrategyYet, Grade::NotAssessedLanguage].contains(&grade),
        state: dossier.state.clone().unwrap_or_default(),
        asked: reason(&dossier)
            .filter(|_| ended.is_none())
            .map(|it| match own {
                true => it.told(),
                false => it.told_of_another(),
            }),
        dims: answers
            .zip(assessment)
            .map(|(answers, it)| why::bars(answers, it))
            .unwrap_or_default(),
        answers: answers
            .map(|answers| {
                shown(&app.framework, written_in, |part| {
                    pieces(answers.part(part), part, findings)
                })
            })
            .unwrap_or_default(),
        written_in: moved.then(|| written_in.to_owned()),
        check_on: answers.and_then(|it| it.check_on).map(words::day),
        why: answers
            .zip(assessment)
            .map(|(answers, it)| why::sides(answers, it))
            .unwrap_or_default(),
        waits: open_question(&questions, &dossier, now).is_some(),
        questions: questions
            .iter()
            .map(|it| Asked {
                answered: answered::by(it, &versions, me.zone()).or_else(|| withdrawn.clone()),
                ..asked(it, &names, me.zone())
            })
            .collect(),
        said: said.iter().map(|it| told(it, &names, me.zone())).collect(),
        since: talk
            .filter(|_| !own)
            .map(|talk| since(&talk, &dossier, (&stages, &versions), me.zone())),
        opened: opened_by(opened, me.zone()),
        notes,
        private_notes,
        versions: editions(&app.framework, &stages, &versions, me.zone()),
        panel: panel_path(connection.as_str(), deal.as_str()),
        ended: ended.unwrap_or_default(),
        look_back,
        needs,
        add_need: format!(
            "/obstacles?deal={}%2F{}",
            words::encoded(connection.as_str()),
            words::encoded(deal.as_str())
        ),
        name: dossier.name,
    }))
}

/// Why a strategy is asked for, as it stands now: whoever has just written one is not told that
/// there is none.
pub fn reason(deal: &Dossier) -> Option<Reason> {
    let reason = deal.asked_reason.as_deref().and_then(Reason::named);
    let answered = deal.published_at > deal.asked_at;
    reason.filter(|it| !answered && (*it != Reason::NewDeal || deal.version == 0))
}

/// The board as the reader left it, with its filters; the plain one where they came from elsewhere.
fn board_before(headers: &HeaderMap) -> String {
    let before = headers.get(header::REFERER).and_then(|it| it.to_str().ok());
    let before = before.and_then(|it| Url::parse(it).ok());
    match before.filter(|it| it.path() == "/board") {
        Some(before) => format!("/board?{}", before.query().unwrap_or_default()),
        None => "/board".to_owned(),
    }
}

/// The few facts of a deal.
pub fn facts(
    app: &Shared,
    me: &Me,
    deal: &Dossier,
    stages: &[StageRow],
) -> Vec<(&'static str, String)> {
    let today = me.today(app);
    let mut facts = vec![("Stage", stage_name(stages, &deal.stage).to_owned())];
    if let Some(account) = &deal.account {
        facts.insert(0, ("Account", account.clone()));
    }
    if let Some(seller) = &deal.seller {
        facts.push(("Seller", me.name_of(seller).to_owned()));
    }
    if let Some(amount) = deal.amount {
        facts.push(("Amount", words::money(amount, deal.currency.as_deref())));
    }
    if let Some(date) = deal.close_on {
        facts.push(match Standing::named(&deal.standing) {
            Standing::Open => (
                if date < today {
                    "Was to close"
                } else {
                    "Closes"
                },
                format!("{}, {}", words::day(date), words::away(date, today)),
            ),
            // The CRM keeps the day on which it was to close, or did.
            _ => ("Close date", words::day(date)),
        });
    }
    facts
}

/// Every part that has words, in order, under a stage's prompts.
pub fn shown(framework: &Framework, stage: &str, text: impl Fn(Part) -> Vec<Piece>) -> Vec<Shown> {
    Part::ALL
        .into_iter()
        .map(|part| Shown {
            label: part.field().label(),
            prompt: framework.prompt(framework.stage(stage), part).to_owned(),
            pieces: text(part),
        })
        .filter(|shown| {
            shown
                .pieces
                .iter()
                .any(|piece| !piece.text.trim().is_empty())
        })
        .collect()
}

/// A moment as forms name it, to the last digit.
fn named(at: Time) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// A question, in words. `zone` is the reader's.
pub fn asked(question: &Question, names: &HashMap<String, String>, zone: Option<&str>) -> Asked {
    let author = question.author.as_ref().and_then(|id| names.get(id));
    Asked {
        who: author.map_or("Your manager", String::as_str).to_owned(),
        when: words::day(words::local_day(question.at, zone)),
        at: named(question.at),
        text: question.text.clone(),
        answered: None,
    }
}

/// What a manager said besides, in words. `zone` is the reader's.
pub fn told(word: &Word, names: &HashMap<String, String>, zone: Option<&str>) -> Asked {
    let name = names
        .get(&word.person)
        .map_or("Your manager", String::as_str);
    Asked {
        who: match word.kind.as_str() {
            "help" => format!("{name} offers help"),
            _ => format!("{name} sees it differently"),
        },
        when: words::day(words::local_day(word.at, zone)),
        at: named(word.at),
        text: word.text.clone(),
        answered: None,
    }
}

/// The check date of a version where it is another one than before, or the first.
fn check_date(
    framework: &Framework,
    (before, now): (&Answers, &Answers),
    first: bool,
) -> Option<Shown> {
    let day = |it: &Answers| it.check_on.map(words::day).unwrap_or_default();
    let shown = if first {
        now.check_on.is_some()
    } else {
        before.check_on != now.check_on
    };
    let before = if first { day(now) } else { day(before) };
    shown.then(|| Shown {
        label: Field::CheckOn.label(),
        prompt: framework.prompts.check_on.clone(),
        pieces: changes(&before, &day(now)),
    })
}

/// Every version with what changed since the one before.
///
/// `zone` is the reader's.
pub fn editions(
    framework: &Framework,
    stages: &[StageRow],
    versions: &[Version],
    zone: Option<&str>,
) -> Vec<Edition> {
    let nothing = Answers::default();
    versions
        .iter()
        .enumerate()
        .map(|(n, version)| {
            let before = versions.get(n + 1).map_or(&nothing, |it| &it.answers.0);
            let assessment = version.assessment.as_ref();
            let grade = assessment.map_or("Not assessed yet", |it| it.grade.label());
            // Of the first version everything is new: marks would only make it harder to read.
            let first = n + 1 == versions.len();
            let stage = stage_name(stages, &version.stage);
            let mut changed = shown(framework, stage, |part| {
                let words = version.answers.part(part);
                let before = if first { words } else { before.part(part) };
                changes(before, words)
            });
            changed.retain(|it| first || it.pieces.iter().any(|piece| piece.how != How::Plain));
            changed.extend(check_date(framework, (before, &version.answers.0), first));
            Edition {
                number: version.version,
                when: words::moment(version.at, zone),
                source: match version.source.as_str() {
                    "panel" => "written in Latitude",
                    "merge" => "picked from two",
                    "import" => "brought along",
                    _ => "written in the CRM",
                },
                grade: grade.to_owned(),
                class: words::grade_class(grade),
                changed,
            }
        })
        .collect()
}
