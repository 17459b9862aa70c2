//! What the panel shows, from the deal, the draft, and where the words are on their way.

use super::around::{OpenedBy, opened_by};
use super::board::stage_name;
use super::card_view::Item;
use super::closing::{self, Closing};
use super::coach::open_question;
use super::deal::{self, Asked, Shown, Versions, asked, editions, facts};
use super::error::Problem;
use super::marked::{How, changes};
use super::needs::send_up_path;
use super::on_its_way::{DRAFT_BELOW, Told, sentence};
use super::preview::{self, Preview};
use super::session::Me;
use super::windows::{self, Aside};
use super::{Shared, assets, needs, words};
use crate::crm::setup::FieldMap;
use crate::domain::cadence::Reason;
use crate::domain::field::Field;
use crate::domain::framework::{Framework, StageGuide};
use crate::domain::strategy::{Answers, Part};
use crate::store::carriage::Carriage;
use crate::store::deals::Dossier;
use crate::store::drafts::Draft;

/// A seller at one of their own deals.
pub struct Desk {
    /// The seller.
    pub me: Me,
    /// The deal.
    pub dossier: Dossier,
}

/// The panel, without what stands around it.
pub struct Body {
    /// Where its forms go.
    pub action: String,
    /// The script that keeps drafts and shows previews.
    pub script: &'static str,
    /// Goes with every form; empty where a token of another kind does.
    pub csrf: String,
    /// What the script keeps a draft under on this machine.
    pub key: String,
    /// What the seller calls the deal.
    pub name: String,
    /// Its few facts.
    pub facts: Vec<(&'static str, String)>,
    /// Why it is asked for now.
    pub why: Option<&'static str>,
    /// The stage of the framework, if it maps to one.
    pub stage: String,
    /// What the customer will have said or done.
    pub evidence: Vec<String>,
    /// The lines inside which it is the seller's call.
    pub guardrails: Vec<Guardrail>,
    /// The four questions and the need.
    pub asks: Vec<Ask>,
    /// Asks for the check date.
    pub check_prompt: String,
    /// The check date.
    pub check_on: String,
    /// Whether one is published, which can be taken back.
    pub check_stands: bool,
    /// Asks for the confidence.
    pub confidence_prompt: String,
    /// The choices: percent, and whether it is chosen.
    pub confidence: Vec<(i64, bool)>,
    /// The version started from.
    pub base: i64,
    /// The window that opens with this.
    pub window: String,
    /// The mark of the draft that stands in the form; empty for none.
    pub seen: String,
    /// What was kept in other windows.
    pub asides: Vec<Aside>,
    /// When the draft was last kept.
    pub drafted: Option<String>,
    /// Where the latest words are on their way.
    pub told: Told,
    /// The grade-to-be.
    pub preview: Preview,
    /// The questions of a closed deal, in place of the strategy's.
    pub closing: Option<Closing>,
    /// The question that waits for an answer.
    pub waits: Option<Asked>,
    /// Questions from before.
    pub questions: Vec<Asked>,
    /// What managers said besides: help they offer, another view.
    pub said: Vec<Asked>,
    /// What stands in its way, and who owes an answer.
    pub needs: Vec<Item>,
    /// Where what is needed becomes an obstacle, to be sent up.
    pub send_up: String,
    /// The deal's page, which says how it was graded.
    pub deal: String,
    /// Other words than those the seller started from, or published at the same time.
    pub clash: Option<Clash>,
    /// Every version.
    pub versions: Versions,
    /// Who opened it, and when last.
    pub opened: Vec<OpenedBy>,
}

/// One question of the form.
pub struct Ask {
    /// The plain name.
    pub name: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// This stage's words for it.
    pub prompt: String,
    /// What has been typed.
    pub text: String,
    /// How many characters the CRM's field shows, where they are few.
    pub shown: Option<usize>,
    /// Whether something stands there that can be taken back.
    pub stands: bool,
}

/// A line inside which it is the seller's call.
pub struct Guardrail {
    /// The line.
    pub line: String,
    /// Why it is there.
    pub reason: String,
    /// Whom to ask about it.
    pub owner: String,
    /// When it is looked at again.
    pub review: String,
}

/// A field of the CRM that holds fewer characters than this is worth a word to whoever types.
const FEW: usize = 2_000;

/// Two versions that were made at once.
pub struct Clash {
    /// Whether the seller published (and picks), or still types.
    pub published: bool,
    /// What the other version says differently.
    pub theirs: Vec<Shown>,
}

/// Everything the panel shows.
///
/// # Errors
/// The database's.
pub async fn body(app: &Shared, desk: &Desk, action: &str, csrf: &str) -> Result<Body, Problem> {
    let (connection, deal, person) = desk.ids();
    let mut tx = app.store.read().await?;
    let stages = tx.stages(&connection).await?;
    let draft = tx.draft(&connection, &deal, &person).await?;
    let aside = tx.drafts_aside(&connection, &deal, &person).await?;
    let carriage = tx.carriage(&connection, &deal).await?;
    let versions = tx.versions(&connection, &deal).await?;
    let confidence = tx.confidence(&connection, &deal, &person).await?;
    let mut questions = tx.questions(&connection, &[deal.as_str()]).await?;
    let questions = questions.remove(deal.as_str()).unwrap_or_default();
    let said = tx.words_to_read(&connection, deal.as_str()).await?;
    let authors: Vec<&str> = questions
        .iter()
        .filter_map(|it| it.author.as_deref())
        .chain(said.iter().map(|it| it.person.as_str()))
        .collect();
    let names = tx.names(&connection, &authors).await?;
    let opened = tx.openings(&connection, deal.as_str()).await?;
    let closing = closing::of(app, &mut tx, desk).await?;
    let known = tx.connection(&connection).await?;
    let fields = known.and_then(|it| serde_json::from_value::<FieldMap>(it.fields?.0).ok());
    let dossier = &desk.dossier;
    let stage = stage_name(&stages, &dossier.stage);
    let guide = app.framework.stage(stage);
    let published = dossier
        .answers
        .as_ref()
        .map(|it| it.0.clone())
        .unwrap_or_default();
    let now = app.env.now();
    let (typed, at) = match &draft {
        Some(draft) => (&draft.answers.0, now),
        None => (&published, dossier.published_at.unwrap_or(now)),
    };
    let preview = preview::of(app, &mut tx, desk, (typed, at)).await?;
    let needs = needs::of_deal(app, &mut tx, &desk.me, (deal.as_str(), false)).await?;
    drop(tx);
    let chosen = draft.as_ref().map_or(confidence, |it| it.confidence);
    let mut told = sentence(carriage.as_ref(), desk.me.zone());
    if csrf.is_empty() {
        told = told.framed();
    }
    if draft.is_some() && told.state == "there" {
        DRAFT_BELOW.clone_into(&mut told.sentence);
        told.state = "";
    }
    let clash = clash(
        &app.framework,
        stage,
        desk,
        &versions,
        carriage.as_ref(),
        draft.as_ref(),
    );
    let zone = desk.me.zone();
    let waits = open_question(&questions, dossier, now);
    Ok(Body {
        action: action.to_owned(),
        script: assets::PANEL.href(),
        csrf: csrf.to_owned(),
        key: format!("{connection}/{deal}/{person}"),
        name: dossier.name.clone(),
        facts: facts(app, &desk.me, dossier, &stages)
            .into_iter()
            .filter(|(label, _)| *label != "Seller")
            .collect(),
        why: deal::reason(dossier)
            .filter(|_| closing.is_none())
            .map(Reason::told),
        stage: guide.map_or_else(|| stage.to_owned(), |it| it.name.clone()),
        evidence: guide.map(|it| it.evidence.clone()).unwrap_or_default(),
        guardrails: guide.map(guardrails).unwrap_or_default(),
        asks: asks(&app.framework, guide, (typed, &published), fields.as_ref()),
        check_prompt: app.framework.prompts.check_on.clone(),
        check_on: typed.check_on.map(|it| it.to_string()).unwrap_or_default(),
        check_stands: published.check_on.is_some(),
        confidence_prompt: app.framework.prompts.confidence.clone(),
        confidence: (1..=9).map(|n| (n * 10, chosen == Some(n * 10))).collect(),
        base: dossier.version,
        window: windows::opens(app),
        seen: draft.as_ref().map(Draft::mark).unwrap_or_default(),
        asides: windows::asides(&app.framework, stage, typed, aside, zone),
        drafted: draft.as_ref().map(|it| words::moment(it.saved_at, zone)),
        told,
        preview,
        closing,
        waits: waits.map(|it| asked(it, &names, zone)),
        questions: questions
            .iter()
            .filter(|it| !waits.is_some_and(|waits| std::ptr::eq(*it, waits)))
            .map(|it| asked(it, &names, zone))
            .collect(),
        said: said.iter().map(|it| deal::told(it, &names, zone)).collect(),
        needs,
        send_up: send_up_path(connection.as_str(), deal.as_str()),
        deal: words::deal_path(connection.as_str(), deal.as_str()),
        clash,
        versions: Versions {
            editions: editions(&app.framework, &stages, &versions, zone),
        },
        opened: opened_by(opened, zone),
    })
}

fn guardrails(guide: &StageGuide) -> Vec<Guardrail> {
    let lines = guide.guardrails.iter();
    lines
        .map(|it| Guardrail {
            line: it.line.clone(),
            reason: it.reason.trim_end_matches('.').to_owned(),
            owner: it.owner.clone(),
            review: words::day(it.review_on),
        })
        .collect()
}

fn asks(
    framework: &Framework,
    guide: Option<&StageGuide>,
    (typed, published): (&Answers, &Answers),
    fields: Option<&FieldMap>,
) -> Vec<Ask> {
    let shown = |part: Part| {
        let place = fields.and_then(|it| it.0.get(&part.field()));
        place.and_then(|it| it.longest).filter(|it| *it < FEW)
    };
    Part::ALL
        .into_iter()
        .map(|part| Ask {
            name: part.name(),
            label: part.field().label(),
            prompt: framework.prompt(guide, part).to_owned(),
            text: typed.part(part).to_owned(),
            shown: shown(part),
            stands: !published.part(part).trim().is_empty(),
        })
        .collect()
}

/// What the CRM says in place of what the seller published or started from.
fn clash(
    framework: &Framework,
    stage: &str,
    desk: &Desk,
    versions: &[crate::store::strategies::Version],
    carriage: Option<&Carriage>,
    draft: Option<&Draft>,
) -> Option<Clash> {
    let latest = desk.dossier.answers.as_ref().map(|it| &it.0)?;
    let (published, mine) = match carriage.and_then(|it| it.conflict_version) {
        Some(mine) => (
            true,
            &versions.iter().find(|it| it.version == mine)?.answers.0,
        ),
        None => (
            false,
            &draft
                .filter(|it| it.base_version < desk.dossier.version)?
                .answers
                .0,
        ),
    };
    let theirs = differences(framework, stage, mine, latest);
    (!theirs.is_empty()).then_some(Clash { published, theirs })
}

/// How other words differ from some, part by part; nothing where they do not.
pub fn differences(
    framework: &Framework,
    stage: &str,
    some: &Answers,
    other: &Answers,
) -> Vec<Shown> {
    let mut differences: Vec<Shown> = Part::ALL
        .into_iter()
        .map(|part| Shown {
            label: part.field().label(),
            prompt: framework.prompt(framework.stage(stage), part).to_owned(),
            pieces: changes(some.part(part), other.part(part)),
        })
        .filter(|it| it.pieces.iter().any(|piece| piece.how != How::Plain))
        .collect();
    if some.check_on != other.check_on {
        let day = |it: &Answers| it.check_on.map(words::day).unwrap_or_default();
        differences.push(Shown {
            label: Field::CheckOn.label(),
            prompt: framework.prompts.check_on.clone(),
            pieces: changes(&day(some), &day(other)),
        });
    }
    differences
}
