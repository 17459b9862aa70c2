//! Deals: the board's, one with everything its page shows, and how plans stand.

use axum::Json;
use axum::extract::Path;
use axum_extra::extract::Query;
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::caller::Caller;
use super::shapes::{
    AssessmentOfDeal, Deal, DealLine, Deals, Finding, OpenedBy, SaidOfDeal, Strategy,
    VersionOfStrategy,
};
use crate::domain::cadence::Reason;
use crate::domain::field::{GRADES, PARTS, STATES};
use crate::domain::grade::{Assessment, Dimension, Grade};
use crate::domain::ids::DealId;
use crate::domain::outlook::MOST_NOTES;
use crate::domain::role::Scope;
use crate::domain::strategy::Answers;
use crate::store::board::{After, BoardRow, Filter};
use crate::store::people::StageRow;
use crate::web::board::stage_name;
use crate::web::closing;
use crate::web::crm_link::CrmPages;
use crate::web::deal::{around, open_as};
use crate::web::error::{Detail, Problem};
use crate::web::picture::{Picture, of_team};
use crate::web::promise::made_first;
use crate::web::session::{Me, Sight};
use crate::web::words;

/// Deals in one answer, unless it is said how many …
const PAGE: usize = 50;
/// … and at most.
const LARGEST_PAGE: usize = 200;

/// Which deals. Several values of one filter mean any of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    /// Labels of grades, such as `Thin`.
    grade: Vec<String>,
    /// Labels of states, such as `Past check date`.
    state: Vec<String>,
    /// Labels of weakest parts, such as `Next step`.
    weakest: Vec<String>,
    /// Names of stages.
    stage: Vec<String>,
    /// One seller, by the CRM's id.
    seller: Option<String>,
    /// Lowest score.
    score_from: Option<i64>,
    /// Highest score.
    score_to: Option<i64>,
    /// Lowest amount.
    amount_from: Option<f64>,
    /// Highest amount.
    amount_to: Option<f64>,
    /// First close date.
    close_from: Option<NaiveDate>,
    /// Last close date.
    close_to: Option<NaiveDate>,
    /// `next` of the page before.
    after: Option<String>,
    /// Deals on a page: 1 to 200, 50 where it is not given.
    limit: Option<usize>,
}

fn known(asked: Vec<String>, what: &str, labels: &[&str]) -> Result<Vec<String>, Problem> {
    match asked.iter().find(|it| !labels.contains(&it.as_str())) {
        Some(unknown) => Err(Problem::Unfit(format!(
            "There is no {what} `{unknown}`. There are: {}.",
            labels.join(", ")
        ))),
        None => Ok(asked),
    }
}

fn filter(asked: Asked, me: &Me, stages: &[StageRow]) -> Result<Filter, Problem> {
    let names: Vec<&str> = stages.iter().map(|it| it.name.as_str()).collect();
    let wanted = known(asked.stage, "stage", &names)?;
    let ids = stages.iter().filter(|it| wanted.contains(&it.name));
    let mut sellers = me.sellers();
    if let Some(one) = &asked.seller {
        sellers.retain(|it| it == one);
    }
    Ok(Filter {
        sellers,
        grades: known(asked.grade, "grade", GRADES)?,
        states: known(asked.state, "state", STATES)?,
        weakest: known(asked.weakest, "part", PARTS)?,
        stages: ids.map(|it| it.id.clone()).collect(),
        score: (asked.score_from, asked.score_to),
        amount: (asked.amount_from, asked.amount_to),
        close_on: (asked.close_from, asked.close_to),
    })
}

fn place(after: &str) -> Option<After> {
    let (date, id) = after.split_once('~')?;
    let close_on = match date {
        "" => None,
        date => Some(date.parse().ok()?),
    };
    let id = id.to_owned();
    Some(After { close_on, id })
}

/// Open deals of the person and of those they lead, soonest to close first.
#[utoipa::path(get, path = "/api/v1/deals", params(Asked), tag = "deals", responses(
    (status = 200, body = Deals),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn list(caller: Caller, Query(asked): Query<Asked>) -> Result<Json<Deals>, Problem> {
    caller.may(Scope::Deals)?;
    let (app, me) = (&caller.app, &caller.me);
    let limit = asked.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::Unfit(format!(
            "limit: a page has 1 to {LARGEST_PAGE} deals."
        )));
    }
    let begin = match asked.after.as_deref() {
        None => None,
        Some(after) => Some(place(after).ok_or_else(|| {
            Problem::Unfit("after: send `next` of the page before, as it came.".to_owned())
        })?),
    };
    let mut tx = app.store.read().await?;
    made_first(app, &mut tx, me).await?;
    let stages = tx.stages(&me.connection).await?;
    let filter = filter(asked, me, &stages)?;
    let board = tx.board(&me.connection, &filter, begin.as_ref(), limit + 1);
    let mut rows = board.await?;
    let pages = CrmPages::of(app, &mut tx, &me.connection).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| {
        let date = row.close_on.map(|it| it.to_string()).unwrap_or_default();
        format!("{date}~{}", row.id)
    });
    let deals = rows
        .into_iter()
        .map(|row| line(&caller, (&stages, &pages), row));
    Ok(Json(Deals {
        deals: deals.collect(),
        next,
    }))
}

fn line(caller: &Caller, (stages, pages): (&[StageRow], &CrmPages), row: BoardRow) -> DealLine {
    let me = &caller.me;
    let path = words::deal_path(me.connection.as_str(), &row.id);
    DealLine {
        link: format!("{}{path}", caller.app.settings.public_url),
        crm_link: pages.link(&row.id).map(|it| it.url),
        stage: stage_name(stages, &row.stage).to_owned(),
        seller_name: row.seller.as_deref().map(|it| me.name_of(it).to_owned()),
        grade: row
            .grade
            .unwrap_or_else(|| Grade::NoStrategyYet.label().to_owned()),
        id: row.id,
        name: row.name,
        account: row.account,
        seller: row.seller,
        amount: row.amount,
        currency: row.currency,
        close_on: row.close_on,
        score: row.score,
        weakest: row.weakest,
        state: row.state,
    }
}

/// One deal, with strategy, assessment, coaching and every version. Its seller sees who opened it.
#[utoipa::path(get, path = "/api/v1/deals/{deal}", tag = "deals",
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
    let around = around(&caller.app, me, &dossier.id, sight).await?;
    let mut tx = caller.app.store.read().await?;
    let look_back = closing::shared(&mut tx, me, &dossier).await?;
    let pages = CrmPages::of(&caller.app, &mut tx, &me.connection).await?;
    drop(tx);
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
        on: it.at.date_naive(),
    });
    let asked = dossier.asked_reason.as_deref().and_then(Reason::named);
    Ok(Json(Deal {
        asked_because: asked.map(Reason::told),
        strategy: answers.map(Strategy::from),
        assessment: answers.zip(assessment).map(|(a, it)| assessed(a, it)),
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

fn assessed(answers: &Answers, assessment: &Assessment) -> AssessmentOfDeal {
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
                    .to_owned(),
                points: it.points,
            })
            .collect(),
        coaching: assessment
            .notes
            .iter()
            .take(MOST_NOTES)
            .map(|it| it.text.clone())
            .collect(),
    }
}

/// How a team's plans stand, as shares of groups of five sellers or more. It takes no filter.
#[utoipa::path(get, path = "/api/v1/picture", tag = "deals", responses(
    (status = 200, body = Picture),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn picture(caller: Caller) -> Result<Json<Picture>, Problem> {
    caller.may(Scope::Deals)?;
    if !caller.me.role.sees_team() {
        return Err(Problem::NotFound);
    }
    let mut tx = caller.app.store.read().await?;
    made_first(&caller.app, &mut tx, &caller.me).await?;
    let picture = of_team(&mut tx, &caller.me, caller.app.env.now()).await?;
    Ok(Json(picture))
}
