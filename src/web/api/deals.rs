//! Deals: the board's, as pages and as a table, and how plans stand.

use axum::Json;
use axum::response::Response;
use axum_extra::extract::Query;
use serde::Deserialize;
use utoipa::IntoParams;

use super::caller::Caller;
use super::shapes::{Board, DealLine, Deals, TalkWouldHelp};
use crate::domain::field::{GRADES, PARTS, STATES};
use crate::domain::grade::Grade;
use crate::domain::role::Scope;
use crate::store::board::{BoardRow, Filter};
use crate::store::people::StageRow;
use crate::web::api::problem::Detail;
use crate::web::board::stage_name;
use crate::web::crm_link::CrmPages;
use crate::web::error::Problem;
use crate::web::export::table_of;
use crate::web::picture::{Picture, of_team};
use crate::web::promise::made_first;
use crate::web::query::{place, place_after};
use crate::web::session::Me;
use crate::web::{day, lists, words};

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
    #[param(value_type = Option<NaiveDate>)]
    close_from: Option<String>,
    /// Last close date.
    #[param(value_type = Option<NaiveDate>)]
    close_to: Option<String>,
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

fn finite(what: &str, amount: Option<f64>) -> Result<Option<f64>, Problem> {
    match amount.filter(|it| !it.is_finite()) {
        Some(amount) => Err(Problem::Unfit(format!("{what}: {amount} is no amount."))),
        None => Ok(amount),
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
        amount: (
            finite("amount_from", asked.amount_from)?,
            finite("amount_to", asked.amount_to)?,
        ),
        close_on: (
            day::said(
                "close_from",
                asked.close_from.as_deref().unwrap_or_default(),
            )?,
            day::said("close_to", asked.close_to.as_deref().unwrap_or_default())?,
        ),
    })
}

/// Open deals of the person and of those they lead, soonest to close first.
#[utoipa::path(get, path = "/api/v1/deals", params(Asked), tag = "deals", security(("token" = ["deals"])), responses(
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
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| place_after(row.close_on, &row.id));
    let deals = rows
        .into_iter()
        .map(|row| line(&caller, (&stages, &pages), row));
    Ok(Json(Deals {
        deals: deals.collect(),
        next,
    }))
}

/// A deal, as the board shows it.
pub fn line(caller: &Caller, (stages, pages): (&[StageRow], &CrmPages), row: BoardRow) -> DealLine {
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

/// The same deals as a table for a spreadsheet (CSV, RFC 4180). It has no pages: where they
/// are more than 20,000, it is refused.
#[utoipa::path(get, path = "/api/v1/deals.csv", params(Asked), tag = "deals", security(("token" = ["deals"])), responses(
    (status = 200, body = String, content_type = "text/csv"),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn table(caller: Caller, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    caller.may(Scope::Deals)?;
    if asked.after.is_some() || asked.limit.is_some() {
        return Err(Problem::Unfit(
            "after, limit: the table has no pages. Leave them out.".to_owned(),
        ));
    }
    let (app, me) = (&caller.app, &caller.me);
    let mut tx = app.store.read().await?;
    made_first(app, &mut tx, me).await?;
    let stages = tx.stages(&me.connection).await?;
    let filter = filter(asked, me, &stages)?;
    table_of(app, &mut tx, me, (&stages, &filter)).await
}

/// What a leader's board opens with: where a talk would help, what is past its own check date, what
/// is worth learning from; at most five each. Deals are put in order, never people. What waits for
/// the leader's answer is under `/answers`.
#[utoipa::path(get, path = "/api/v1/board", tag = "deals", security(("token" = ["deals"])), responses(
    (status = 200, body = Board),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn board(caller: Caller) -> Result<Json<Board>, Problem> {
    caller.may(Scope::Deals)?;
    let (app, me) = (&caller.app, &caller.me);
    if !me.leads() {
        return Err(Problem::NotFound);
    }
    let mut tx = app.store.read().await?;
    made_first(app, &mut tx, me).await?;
    let stages = tx.stages(&me.connection).await?;
    let picked = lists::pick(&mut tx, me, me.today(app)).await?;
    let pages = CrmPages::of(app, &mut tx, &me.connection).await?;
    let line = |row| line(&caller, (&stages, &pages), row);
    Ok(Json(Board {
        talks: picked
            .talks
            .into_iter()
            .map(|(row, because)| TalkWouldHelp {
                deal: line(row),
                because,
            })
            .collect(),
        past_check_date: picked.past.into_iter().map(line).collect(),
        worth_learning_from: picked.learn.into_iter().map(line).collect(),
    }))
}

/// How a team's plans stand, as shares of groups of five sellers or more. It takes no filter.
#[utoipa::path(get, path = "/api/v1/picture", tag = "deals", security(("token" = ["deals"])), responses(
    (status = 200, body = Picture),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn picture(caller: Caller) -> Result<Json<Picture>, Problem> {
    caller.may(Scope::Deals)?;
    if !caller.me.leads() {
        return Err(Problem::NotFound);
    }
    let mut tx = caller.app.store.read().await?;
    made_first(&caller.app, &mut tx, &caller.me).await?;
    let picture = of_team(&caller.app, &mut tx, &caller.me).await?;
    Ok(Json(picture))
}
