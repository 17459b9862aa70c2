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
use super::{App, Shared, day, words};
use crate::domain::ids::PersonId;
use crate::domain::week::{Became, MOST_OUTCOMES, Outcome, QUESTION, Week, monday};
use crate::store::weeks::Kept;

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
    seen: String,
    outcomes: Vec<Row>,
    week: Week,
    /// Where what is needed becomes an obstacle, once it is kept.
    send_up: Option<String>,
    before: String,
    after: String,
    /// The address of this week, from another.
    now: Option<String>,
    earlier: Vec<(String, String)>,
}

/// One outcome on the form.
struct Row {
    n: usize,
    it: Outcome,
    /// Nothing is said in it.
    blank: bool,
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

/// What the form sends: `what_0` and so on for each outcome, and the state of the week that its
/// page was made from, `seen`.
type Sent = Vec<(String, String)>;

/// What was sent under a name; nothing where the form has no such field.
fn sent<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = form.iter().find(|(key, _)| key == name);
    found.map(|(_, text)| text.as_str())
}

/// A week with what the form says in place of what stood there; what it does not send stays.
fn rewritten(mut week: Week, form: &[(String, String)]) -> Week {
    let rewrite = |name: &str, text: &mut String| {
        if let Some(words) = sent(form, name) {
            words.clone_into(text);
        }
    };
    week.outcomes.resize(MOST_OUTCOMES, Outcome::default());
    for (n, it) in week.outcomes.iter_mut().enumerate() {
        rewrite(&format!("what_{n}"), &mut it.what);
        rewrite(&format!("how_{n}"), &mut it.how);
        rewrite(&format!("plan_b_{n}"), &mut it.plan_b);
        rewrite(&format!("difference_{n}"), &mut it.difference);
        rewrite(&format!("differently_{n}"), &mut it.differently);
        let became = sent(form, &format!("became_{n}"));
        it.became = became.map_or(it.became, Became::named);
    }
    rewrite("need", &mut week.need);
    rewrite("proud", &mut week.proud);
    // A box that is not ticked is not sent: what stands beside it tells whether there was one.
    if sent(form, "proud").is_some() {
        week.proud_shared = sent(form, "proud_shared").is_some();
    }
    week
}

/// Which state of a week a page was made from; empty where nothing was kept.
fn mark(kept: Option<&Kept>) -> String {
    kept.map_or_else(String::new, |it| it.at.timestamp_millis().to_string())
}

/// The Monday of this week, where the person is.
pub fn this_monday(app: &App, me: &Me) -> NaiveDate {
    monday(me.today(app))
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
    Path(day): Path<String>,
    Query(at): Query<Where>,
) -> Result<Show<impl askama::Template>, Problem> {
    let me = chosen(&reader, &at.connection)?;
    let first = monday(day::read(&day).ok_or(Problem::NotFound)?);
    let person = PersonId::from(me.face.id.as_str());
    let mut tx = app.store.read().await?;
    let kept = tx.kept_week(&me.connection, &person, first).await?;
    let seen = mark(kept.as_ref());
    let week = kept.map(|it| it.week.0).unwrap_or_default();
    let earlier = tx.weeks(&me.connection, &person).await?;
    drop(tx);
    let last = first + Days::new(6);
    let planned = !week.outcomes.is_empty();
    let today = me.today(&app);
    let this = monday(today);
    let path = |monday| week_path(monday, me.connection.as_str());
    let send_up = format!(
        "/obstacles?week={first}&connection={}",
        words::encoded(me.connection.as_str())
    );
    let over = today >= first + Days::new(4);
    let mut outcomes = week.outcomes.clone();
    outcomes.resize(MOST_OUTCOMES, Outcome::default());
    Ok(Show(Page {
        chrome: Chrome::of("My week", &reader, "/week"),
        action: path(first),
        heading: format!("{} to {}", words::day(first), words::day(last)),
        question: QUESTION,
        planned,
        kept: at.kept,
        seen,
        back: planned && (over || at.look_back || week.looked_back()),
        outcomes: outcomes
            .into_iter()
            .enumerate()
            .map(|(n, it)| Row {
                n,
                blank: it.is_blank(),
                folded: n > 0 && it.is_blank(),
                became: Became::ALL
                    .map(|one| (one.word(), one.label(), it.became == Some(one)))
                    .to_vec(),
                it,
            })
            .collect(),
        send_up: (!week.need.trim().is_empty()).then_some(send_up),
        week,
        before: path(first - Days::new(7)),
        after: path(first + Days::new(7)),
        now: (first != this).then(|| path(this)),
        earlier: earlier
            .into_iter()
            .filter(|it| *it != first && *it < this)
            .map(|it| (path(it), words::day(it)))
            .collect(),
    }))
}

async fn save(
    State(app): State<Shared>,
    reader: Reader,
    Path(day): Path<String>,
    Query(at): Query<Where>,
    Form(form): Form<Sent>,
) -> Result<Redirect, Problem> {
    let connection = sent(&form, "connection").unwrap_or(&at.connection);
    let me = chosen(&reader, connection)?;
    let first = monday(day::read(&day).ok_or(Problem::NotFound)?);
    let person = PersonId::from(me.face.id.as_str());
    let mut tx = app.store.write().await?;
    let kept = tx.kept_week(&me.connection, &person, first).await?;
    let seen = mark(kept.as_ref());
    let (before, stood) = kept.map(|it| (it.at, it.week.0)).unzip();
    let stood = stood.unwrap_or_default();
    let week = rewritten(stood.clone(), &form);
    let week = week
        .tidy()
        .map_err(|unfit| Problem::Unfit(unfit.to_string()))?;
    if week != stood {
        let times = (before, app.env.now());
        let known = sent(&form, "seen").unwrap_or_default() == seen;
        if !known
            || !tx
                .save_week(&me.connection, &person, (first, &week), times)
                .await?
        {
            return Err(Problem::Conflict(
                "You kept this week in another window since this page was opened, and that stands. \
                 Go back, reload, and add what you wrote here."
                    .to_owned(),
            ));
        }
        tx.commit().await?;
    }
    let path = week_path(first, me.connection.as_str());
    let back = sent(&form, "look_back").map_or("", |_| "&look_back=true");
    Ok(Redirect::to(&format!("{path}&kept=true{back}")))
}
