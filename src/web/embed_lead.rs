//! The panel inside a CRM's page as a leader sees it: the seller's words with what the assessment
//! quotes, the coaching, what changed since they last spoke, and one question to ask. The same rights
//! as on the deal's page, and the same trace: the seller sees who opened it.

use axum::response::{IntoResponse, Response};

use super::around::around;
use super::board::stage_name;
use super::card_parts::ended;
use super::chrome::Show;
use super::closing::{self, SharedLookBack};
use super::coach::open_question;
use super::deal::{Asked, Shown, asked, facts, shown};
use super::error::Problem;
use super::marked::{How, pieces};
use super::panel_view::Desk;
use super::session::Sight;
use super::since::{Since, since};
use super::{Shared, assets, why, words};
use crate::domain::grade::Grade;

#[derive(askama::Template)]
#[template(path = "embed_lead.html")]
struct Page {
    title: String,
    token: String,
    action: String,
    script: &'static str,
    open: String,
    facts: Vec<(&'static str, String)>,
    grade: String,
    class: &'static str,
    score: Option<u8>,
    /// What was said of the plan as a whole.
    whole: Option<String>,
    state: String,
    since: Option<Since>,
    answers: Vec<Shown>,
    check_on: Option<String>,
    questions: Vec<Asked>,
    notes: Vec<String>,
    waits: bool,
    /// `won` or `lost`; nothing while it is open.
    ended: Option<&'static str>,
    look_back: Option<SharedLookBack>,
}

/// The page, for a desk whose person leads the deal's seller.
///
/// # Errors
/// The database's.
pub async fn page(
    app: &Shared,
    desk: &Desk,
    (action, token): (String, String),
) -> Result<Response, Problem> {
    let (me, dossier) = (&desk.me, &desk.dossier);
    let kept = around(app, me, dossier, Sight::Team).await?;
    let mut tx = app.store.read().await?;
    let talk = tx.talk(&me.connection, &dossier.id, &me.face.id).await?;
    let look_back = closing::shared(&mut tx, me, dossier).await?;
    drop(tx);
    let stage = stage_name(&kept.stages, &dossier.stage);
    let assessment = dossier.assessment.as_ref().map(|it| &it.0);
    let answers = dossier.answers.as_ref().map(|it| &it.0);
    // Where nothing is scored, no words earned or cost anything.
    let scored = assessment.filter(|it| it.score.is_some());
    let findings = scored.map_or(&[][..], |it| &it.findings);
    let grade = assessment.map_or(Grade::NoStrategyYet, |it| it.grade);
    let now = app.env.now();
    let written = answers.map(|answers| {
        shown(&app.framework, stage, |part| {
            pieces(answers.part(part), part, findings)
        })
    });
    Ok(Show(Page {
        title: dossier.name.clone(),
        token,
        action,
        script: assets::PANEL.href(),
        open: words::deal_path(me.connection.as_str(), &dossier.id),
        facts: facts(app, me, dossier, &kept.stages),
        grade: grade.label().to_owned(),
        class: words::grade_class(grade.label()),
        score: assessment.and_then(|it| it.score),
        whole: answers
            .zip(assessment)
            .and_then(|(answers, it)| why::whole(answers, it)),
        state: dossier.state.clone().unwrap_or_default(),
        since: talk.map(|talk| since(&talk, dossier, (&kept.stages, &kept.versions), me.zone())),
        answers: written.unwrap_or_default(),
        check_on: answers.and_then(|it| it.check_on).map(words::day),
        waits: open_question(&kept.questions, dossier, now).is_some(),
        ended: ended(&dossier.standing),
        questions: kept
            .questions
            .iter()
            .map(|it| asked(it, &kept.names, me.zone()))
            .collect(),
        notes: kept.notes,
        look_back,
    })
    .into_response())
}
