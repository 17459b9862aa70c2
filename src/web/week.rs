//! A seller's week: at most three things that matter, and the look back.

use axum::extract::{Form, Path, Query, State};
use axum::response::Redirect;
use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::board::chosen;
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::session::{Me, Reader};
use super::table::{For, Table};
use super::{App, Shared, words};
use crate::domain::ids::PersonId;
use crate::domain::week::{Became, MOST_OUTCOMES, Outcome, QUESTION, Week, monday};

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::People, "/week", this_week)
        .get(For::People, "/week/{monday}", week)
        .post(For::People, "/week/{monday}", save)
}

#[derive(askama::Template)]
#[template(path = "week.html")]
struct Page {
    chrome: Chrome,
    action: String,
    heading: String,
    question: &'static str,
    planned: bool,
    back: bool,
    kept: bool,
    outcomes: Vec<Row>,
    week: Week,
    earlier: Vec<(String, String)>,
}

/// One outcome on the form.
struct Row {
    n: usize,
    it: Outcome,
    /// Nothing is said in it, and it is not the next to be filled.
    folded: bool,
    became: Vec<(&'static str, &'static str, bool)>,
}

/// Which connection, where the reader is known in several.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Where {
    connection: String,
    look_back: bool,
    kept: bool,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Sent {
    connection: String,
    what_0: String,
    how_0: String,
    plan_b_0: String,
    became_0: String,
    difference_0: String,
    differently_0: String,
    what_1: String,
    how_1: String,
    plan_b_1: String,
    became_1: String,
    difference_1: String,
    differently_1: String,
    what_2: String,
    how_2: String,
    plan_b_2: String,
    became_2: String,
    difference_2: String,
    differently_2: String,
    need: String,
    proud: String,
    proud_shared: String,
}

impl Sent {
    fn week(self) -> Week {
        let outcome = |[what, how, plan_b, became, difference, differently]: [String; 6]| Outcome {
            what,
            how,
            plan_b,
            became: Became::named(&became),
            difference,
            differently,
        };
        Week {
            outcomes: vec![
                outcome([
                    self.what_0,
                    self.how_0,
                    self.plan_b_0,
                    self.became_0,
                    self.difference_0,
                    self.differently_0,
                ]),
                outcome([
                    self.what_1,
                    self.how_1,
                    self.plan_b_1,
                    self.became_1,
                    self.difference_1,
                    self.differently_1,
                ]),
                outcome([
                    self.what_2,
                    self.how_2,
                    self.plan_b_2,
                    self.became_2,
                    self.difference_2,
                    self.differently_2,
                ]),
            ],
            need: self.need,
            proud: self.proud,
            proud_shared: !self.proud_shared.is_empty(),
        }
    }
}

/// The Monday of this week, where the person is.
pub fn this_monday(app: &App, me: &Me) -> NaiveDate {
    let hours = app.settings.hours.of(app, me.face.time_zone.as_deref());
    monday(hours.date(app.env.now()))
}

async fn this_week(
    State(app): State<Shared>,
    reader: Reader,
    Query(at): Query<Where>,
) -> Result<Redirect, Problem> {
    let me = chosen(&reader, &at.connection)?;
    Ok(Redirect::to(&week_path(
        this_monday(&app, me),
        me.connection.as_str(),
    )))
}

/// The address of a week.
pub fn week_path(monday: NaiveDate, connection: &str) -> String {
    format!("/week/{monday}?connection={}", words::encoded(connection))
}

async fn week(
    State(app): State<Shared>,
    reader: Reader,
    Path(day): Path<NaiveDate>,
    Query(at): Query<Where>,
) -> Result<Show<impl askama::Template>, Problem> {
    let me = chosen(&reader, &at.connection)?;
    let first = monday(day);
    let person = PersonId::from(me.face.id.as_str());
    let mut tx = app.store.read().await?;
    let week = tx.week(&me.connection, &person, first).await?;
    let earlier = tx.weeks(&me.connection, &person).await?;
    drop(tx);
    let last = first + Days::new(6);
    let planned = !week.outcomes.is_empty();
    let today = app
        .settings
        .hours
        .of(&app, me.face.time_zone.as_deref())
        .date(app.env.now());
    let over = today >= first + Days::new(4);
    let mut outcomes = week.outcomes.clone();
    outcomes.resize(MOST_OUTCOMES, Outcome::default());
    Ok(Show(Page {
        chrome: Chrome::of("My week", &reader, "/week"),
        action: week_path(first, me.connection.as_str()),
        heading: format!("{} to {}", words::day(first), words::day(last)),
        question: QUESTION,
        planned,
        kept: at.kept,
        back: planned && (over || at.look_back || week.looked_back()),
        outcomes: outcomes
            .into_iter()
            .enumerate()
            .map(|(n, it)| Row {
                n,
                folded: n > 0 && it == Outcome::default(),
                became: Became::ALL
                    .map(|one| (one.word(), one.label(), it.became == Some(one)))
                    .to_vec(),
                it,
            })
            .collect(),
        week,
        earlier: earlier
            .into_iter()
            .filter(|it| *it != first)
            .map(|it| (week_path(it, me.connection.as_str()), words::day(it)))
            .collect(),
    }))
}

async fn save(
    State(app): State<Shared>,
    reader: Reader,
    Path(day): Path<NaiveDate>,
    Query(at): Query<Where>,
    Form(sent): Form<Sent>,
) -> Result<Redirect, Problem> {
    let connection = if sent.connection.is_empty() {
        &at.connection
    } else {
        &sent.connection
    };
    let me = chosen(&reader, connection)?.clone();
    let first = monday(day);
    let week = sent
        .week()
        .tidy()
        .map_err(|unfit| Problem::Unfit(unfit.to_string()))?;
    let person = PersonId::from(me.face.id.as_str());
    let mut tx = app.store.write().await?;
    tx.save_week(&me.connection, &person, (first, &week), app.env.now())
        .await?;
    tx.commit().await?;
    let path = week_path(first, me.connection.as_str());
    Ok(Redirect::to(&format!("{path}&kept=true")))
}
