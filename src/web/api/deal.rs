//! One deal, with everything its page and its panel show.

use axum::Json;
use axum::extract::Path;

use super::caller::Caller;
use super::deals::line;
use super::shapes::{
    AssessmentOfDeal, Deal, Finding, Guardrail, Guide, InTheCrm, OpenedBy, SaidOfDeal,
    SinceLastTalk, Strategy, VersionOfStrategy,
};
use crate::domain::framework::Framework;
use crate::domain::grade::{Assessment, Dimension};
use crate::domain::ids::DealId;
use crate::domain::role::Scope;
use crate::domain::strategy::{Answers, Part};
use crate::store::board::BoardRow;
use crate::web::api::problem::Detail;
use crate::web::around::{around, open_as};
use crate::web::board::stage_name;
use crate::web::closing;
use crate::web::coach::open_question;
use crate::web::crm_link::CrmPages;
use crate::web::deal::reason;
use crate::web::error::Problem;
use crate::web::on_its_way::sentence;
use crate::web::session::Sight;
use crate::web::since::since;
use crate::web::words;

/// One deal, with strategy, assessment, coaching and every version. Its seller sees who opened it.
#[utoipa::path(get, path = "/api/v1/deals/{deal}", tag = "deals", security(("token" = ["deals"])),
    params(("deal" = String, Path, description = "The CRM's id")),
    responses(
        (status = 200, body = Deal),
        (status = "4XX", body = Detail, content_type = "application/problem+json"),
    )
)]
pub async fn one(caller: Caller, Path(deal): Path<String>) -> Result<Json<Deal>, Problem> {
    caller.may(Scope::Deals)?;
    let me = &caller.me;
    let (dossier, sight) = open_as(&caller.app, me, &DealId::from(deal)).await?;
    let around = around(&caller.app, me, &dossier, sight).await?;
    let mut tx = caller.app.store.read().await?;
    let look_back = closing::shared(&mut tx, me, &dossier).await?;
    let pages = CrmPages::of(&caller.app, &mut tx, &me.connection).await?;
    let talk = match sight {
        Sight::Own => None,
        Sight::Team => tx.talk(&me.connection, &dossier.id, &me.face.id).await?,
    };
    let carriage = match sight {
        Sight::Own => {
            let id = DealId::from(dossier.id.as_str());
            tx.carriage(&me.connection, &id).await?
        }
        Sight::Team => None,
    };
    drop(tx);
    let guide = guide(
        &caller.app.framework,
        stage_name(&around.stages, &dossier.stage),
    );
    let since = talk.map(|talk| {
        since(
            &talk,
            &dossier,
            (&around.stages, &around.versions),
            me.zone(),
        )
    });
    let open = open_question(&around.questions, &dossier, caller.app.env.now());
    let waits = open.map(|it| it.at);
    let answers = dossier.answers.as_ref().map(|it| &it.0);
    let assessment = dossier.assessment.as_ref().map(|it| &it.0);
    let name = |id: &str| around.names.get(id).cloned();
    let questions = around.questions.iter().map(|it| SaidOfDeal {
        who: it.author.as_deref().and_then(name),
        at: it.at,
        kind: "question".to_owned(),
        text: it.text.clone(),
    });
    let said = around.said.iter().map(|it| SaidOfDeal {
        who: name(&it.person),
        at: it.at,
        kind: it.kind.clone(),
        text: it.text.clone(),
    });
    let versions = around.versions.iter().map(|it| VersionOfStrategy {
        version: it.version,
        at: it.at,
        source: it.source.clone(),
        grade: it.assessment.as_ref().map(|it| it.grade.label()),
        strategy: Strategy::from(&it.answers.0),
    });
    let opened = around.opened.iter().map(|it| OpenedBy {
        name: it.name.clone(),
        on: words::local_day(it.at, me.zone()),
    });
    let asked = reason(&dossier);
    Ok(Json(Deal {
        asked_because: asked.map(|it| match sight {
            Sight::Own => it.told(),
            Sight::Team => it.told_of_another(),
        }),
        question_open_since: waits,
        guide,
        since_last_talk: since.map(SinceLastTalk::from),
        in_the_crm: carriage.map(|it| InTheCrm::from(sentence(Some(&it), me.zone()))),
        strategy: answers.map(Strategy::from),
        assessment: answers
            .zip(assessment)
            .map(|(answers, it)| assessed(answers, it, around.notes)),
        questions: questions.collect(),
        said: said.collect(),
        versions: versions.collect(),
        look_back,
        opened_by: (sight == Sight::Own).then(|| opened.collect()),
        deal: line(
            &caller,
            (&around.stages, &pages),
            BoardRow {
                id: dossier.id,
                name: dossier.name,
                account: dossier.account,
                stage: dossier.stage,
                amount: dossier.amount,
                currency: dossier.currency,
                close_on: dossier.close_on,
                seller: dossier.seller,
                grade: dossier.grade,
                score: dossier.score,
                weakest: dossier.weakest,
                state: dossier.state,
            },
        ),
    }))
}

fn assessed(answers: &Answers, assessment: &Assessment, coaching: Vec<String>) -> AssessmentOfDeal {
    let points = Dimension::ALL.map(|it| (it.name(), assessment.dims.of(it)));
    let findings = assessment.findings.iter().filter(|it| it.points != 0);
    AssessmentOfDeal {
        grade: assessment.grade.label(),
        score: assessment.score,
        points: points.into_iter().collect(),
        findings: findings
            .map(|it| Finding {
                rule: it.rule.clone(),
                dimension: it.dimension.map(Dimension::name),
                part: it.part.name(),
                quote: answers
                    .part(it.part)
                    .get(it.start..it.end)
                    .unwrap_or_default()
                    .trim()
                    .to_owned(),
                points: it.points,
            })
            .collect(),
        coaching,
    }
}

/// What a stage asks.
fn guide(framework: &Framework, stage: &str) -> Guide {
    let guide = framework.stage(stage);
    let prompt = |part: Part| (part.name(), framework.prompt(guide, part).to_owned());
    let guardrails = guide.map(|it| it.guardrails.as_slice()).unwrap_or_default();
    Guide {
        stage: guide.map(|it| it.name.clone()),
        prompts: Part::ALL.into_iter().map(prompt).collect(),
        evidence: guide.map(|it| it.evidence.clone()).unwrap_or_default(),
        guardrails: guardrails
            .iter()
            .map(|it| Guardrail {
                line: it.line.clone(),
                reason: it.reason.clone(),
                owner: it.owner.clone(),
                review_on: it.review_on,
            })
            .collect(),
    }
}
