//! What the people of the demo did before it began, so that whoever looks in finds it lived in:
//! obstacles in every state, answers that are owed, promises, a week.
//!
//! It is told by the same deeds that the pages carry, each at its own moment, so that nothing
//! stands there that people could not have brought about.

use std::sync::LazyLock;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use serde::Deserialize;

use super::ended;
use crate::domain::Time;
use crate::domain::hours::Hours;
use crate::domain::ids::{ConnectionId, PersonId};
use crate::domain::obstacle::Obstacle;
use crate::domain::role::Role;
use crate::domain::similarity::Print;
use crate::domain::week::{Week, monday};
use crate::store::coaching::TeamPromise;
use crate::store::tx::Tx;
use crate::sync::ASK;
use crate::web::App;
use crate::web::deed::{ANSWER, Sent, carry_out};
use crate::web::error::Problem;
use crate::web::obstacle::new_card;
use crate::web::session::Me;
use crate::web::sign_in::boss;

/// People looked at.
const LOOKED_AT: i64 = 400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Past {
    card: Vec<Card>,
    everywhere: Vec<Everywhere>,
    question: Vec<Question>,
    promise: Vec<Promise>,
    week: Vec<Plan>,
}

/// An obstacle and what came of it.
#[derive(Deserialize)]
struct Card {
    seller: usize,
    deal: Option<usize>,
    began: u32,
    text: String,
    step: Vec<Step>,
}

/// An obstacle that came up in many a team: in every manager's but for so many before the first and
/// between two.
#[derive(Deserialize)]
struct Everywhere {
    first: usize,
    every: usize,
    #[serde(flatten)]
    card: Card,
}

/// A form that someone sent.
#[derive(Deserialize)]
struct Step {
    ago: u32,
    deed: String,
    /// How many days ahead of today the day lies that it names.
    #[serde(default)]
    days: i64,
    #[serde(flatten)]
    sent: Sent,
}

/// What a manager asked about a deal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    seller: usize,
    deal: usize,
    text: String,
}

/// What someone promises everyone below.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Promise {
    role: Role,
    days: i64,
    text: String,
}

/// A seller's week.
#[derive(Deserialize)]
struct Plan {
    seller: usize,
    #[serde(flatten)]
    week: Week,
}

static PAST: LazyLock<Past> =
    LazyLock::new(|| toml::from_str(include_str!("past.toml")).expect("the file is our own"));

/// Tells it of everyone in a connection, once its people and deals have been read; answers with the plans
/// of deals that are over, by their sellers' ids.
///
/// # Errors
/// The database's.
pub async fn tell(app: &App, connection: &ConnectionId) -> Result<Vec<(String, Print)>, Problem> {
    let now = app.env.now();
    let plans = ended::plans(&app.framework, now);
    let mut tx = app.store.write().await?;
    let people = people(app, &mut tx, connection).await?;
    let mut sellers: Vec<&Me> = people
        .iter()
        .filter(|me| me.role == Role::Seller && me.face.manager.is_some())
        .collect();
    // Team by team, as the page offers them that asks who one wants to be.
    sellers.sort_by_key(|me| boss(me, &people).map(|it| it.face.name.clone()));
    let Some(many) = std::num::NonZero::new(sellers.len()) else {
        return Ok(Vec::new());
    };
    for card in &PAST.card {
        tell_card(app, &mut tx, (sellers[card.seller % many], card), &people).await?;
    }
    for (n, team) in teams(&sellers).iter().enumerate() {
        let came_up = |it: &&Everywhere| n >= it.first && (n - it.first).is_multiple_of(it.every);
        for Everywhere { card, .. } in PAST.everywhere.iter().filter(came_up) {
            let seller = team[card.seller % team.len()];
            tell_card(app, &mut tx, (seller, card), &people).await?;
        }
    }
    let over = (sellers.as_slice(), plans.as_slice());
    let told = ended::tell(&mut tx, connection, over, &app.framework, now).await?;
    for question in &PAST.question {
        let seller = sellers[question.seller % many];
        let deal = deal_of(&mut tx, seller, Some(question.deal)).await?;
        if let (Some(deal), Some(manager)) = (deal, &seller.face.manager) {
            let said = ("board", Some(manager.as_str()), question.text.as_str());
            // Whatever was written before is an answer to nothing asked now.
            tx.add_question(connection, &deal, said, now).await?;
        }
    }
    for promise in &PAST.promise {
        for me in people.iter().filter(|me| me.role == promise.role) {
            let promise = TeamPromise {
                at: before(now, LONG_AGO),
                answer_days: promise.days,
                text: promise.text.clone(),
            };
            tx.add_team_promise(connection, &me.face.id, &promise)
                .await?;
        }
    }
    for plan in &PAST.week {
        let seller = PersonId::from(sellers[plan.seller % many].face.id.as_str());
        let week = (monday(now.date_naive()), &plan.week);
        tx.save_week(connection, &seller, week, (None, now)).await?;
    }
    tx.hasten(connection, ASK, now).await?;
    tx.commit().await?;
    app.engine.wake().await;
    Ok(told)
}

/// Working days before which everyone had promised.
const LONG_AGO: u32 = 40;

/// The sellers of each manager, in the order of the first of each.
fn teams<'a>(sellers: &[&'a Me]) -> Vec<Vec<&'a Me>> {
    let mut teams: Vec<Vec<&Me>> = Vec::new();
    for seller in sellers {
        let theirs = |it: &&mut Vec<&Me>| it[0].face.manager == seller.face.manager;
        match teams.iter_mut().find(theirs) {
            Some(team) => team.push(seller),
            None => teams.push(vec![seller]),
        }
    }
    teams
}

/// Everyone of a connection, by name.
async fn people(app: &App, tx: &mut Tx, connection: &ConnectionId) -> Result<Vec<Me>, Problem> {
    let mut people = Vec::new();
    for face in tx.faces(LOOKED_AT).await? {
        if face.connection == connection.as_str() && face.email.is_some() {
            people.push(Me::read(app, tx, face).await?);
        }
    }
    Ok(people)
}

async fn deal_of(tx: &mut Tx, seller: &Me, n: Option<usize>) -> Result<Option<String>, Problem> {
    let Some(n) = n else { return Ok(None) };
    let deals = tx
        .deals_of(&seller.connection, &seller.face.id.as_str().into())
        .await?;
    let many = deals.len().max(1);
    Ok(deals.into_iter().nth(n % many).map(|it| it.id))
}

/// Does what was done, up to where this CRM knows nobody to do it.
async fn tell_card(
    app: &App,
    tx: &mut Tx,
    (seller, told): (&Me, &Card),
    people: &[Me],
) -> Result<(), Problem> {
    let (connection, now) = (&seller.connection, app.env.now());
    let deal = deal_of(tx, seller, told.deal).await?;
    let obstacle = Obstacle::new(&told.text).map_err(|it| Problem::Unfit(it.to_string()))?;
    let began = before(now, told.began);
    let mut card = new_card(app, obstacle, (&seller.face.id, deal), began);
    tx.add_card(connection, &card).await?;
    let product = people.iter().find(|me| me.role == Role::Product);
    for (n, step) in (1..).zip(&told.step) {
        let turn = card.obstacle.turn();
        let responder = turn
            .and_then(|it| it.responder.as_ref())
            .map(PersonId::as_str);
        let by = match step.deed == ANSWER {
            true => responder.or(product.map(|it| it.face.id.as_str())),
            false => Some(seller.face.id.as_str()),
        };
        let Some(by) = by.map(str::to_owned) else {
            break;
        };
        let at = before(now, step.ago) + TimeDelta::minutes(n);
        let day = (now.date_naive() + TimeDelta::days(step.days)).to_string();
        let sent = Sent {
            by: day.clone(),
            until: day,
            ..step.sent.clone()
        };
        let deed = (step.deed.as_str(), &sent);
        match carry_out(app, tx, (connection, &mut card), deed, (&by, at)).await {
            Ok(()) => card.revision += 1,
            Err(Problem::Unfit(_)) => break,
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

/// So many working days before a moment, in the middle of that day; an hour before it for none.
fn before(now: Time, working_days: u32) -> Time {
    if working_days == 0 {
        return now - TimeDelta::hours(1);
    }
    let hours = Hours::default();
    let earlier = (1_u64..).filter_map(|n| now.date_naive().checked_sub_days(Days::new(n)));
    let day = earlier
        .filter(|day| hours.works_on(*day))
        .nth(working_days as usize - 1);
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    day.map_or(now, |day: NaiveDate| day.and_time(noon).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_back_over_weekends() {
        let sunday: Time = "2026-11-29T09:00:00Z".parse().expect("a time");

        assert_eq!(before(sunday, 0).to_rfc3339(), "2026-11-29T08:00:00+00:00");
        assert_eq!(before(sunday, 1).to_rfc3339(), "2026-11-27T12:00:00+00:00");
        assert_eq!(before(sunday, 6).to_rfc3339(), "2026-11-20T12:00:00+00:00");
    }
}
