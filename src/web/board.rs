//! The board: open deals by the quality of the thinking, for those who lead sellers; for a seller,
//! their own. Never a rank, never a sum per seller.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Query as UrlQuery;
use chrono::Days;

use super::Shared;
use super::chrome::{Chrome, Show};
use super::crm_link::{CrmLink, CrmPages};
use super::done::Done;
use super::error::Problem;
use super::lists::{self, Lists};
use super::promise;
use super::query::{Chip, Query};
use super::session::{Me, Reader};
use super::table::{For, Table};
use super::week::this_monday;
use super::words;
use crate::domain::deal::Standing;
use crate::domain::field::{GRADES, PARTS, STATES};
use crate::domain::grade::Grade;
use crate::domain::ids::ConnectionId;
use crate::store::board::BoardRow;
use crate::store::people::StageRow;

/// Deals on one page.
const PAGE: usize = 40;
/// So many sellers are offered by name; of more, a name is typed.
const OFFERED: usize = 60;

/// What is shared of a week stands here that week and the next.
const SHARED_FOR: Days = Days::new(7);

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::People, "/board", board)
}

#[derive(askama::Template)]
#[template(path = "board.html")]
struct Page {
    chrome: Chrome,
    done: Option<String>,
    leads: bool,
    connections: Vec<Choice>,
    sellers: Vec<Choice>,
    grades: Vec<Choice>,
    states: Vec<Choice>,
    parts: Vec<Choice>,
    stages: Vec<Choice>,
    asked: Query,
    set: usize,
    chips: Vec<Chip>,
    /// How many deals fit, where that is asked for; nothing on a later page.
    fit: Option<String>,
    /// What the address asks for and nobody understands.
    misread: Vec<String>,
    deals: Vec<Card>,
    lists: Option<Lists>,
    shared: Vec<SharedOfWeek>,
    first: Option<String>,
    next: Option<String>,
    export: String,
}

/// Something to choose in the filter.
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
    /// Whether it is chosen.
    pub on: bool,
}

/// A deal on the board.
pub struct Card {
    /// Its page.
    pub href: String,
    /// Its page in the CRM, where that is known.
    pub there: Option<CrmLink>,
    /// What the seller calls it.
    pub name: String,
    /// The customer.
    pub account: String,
    /// The stage in words.
    pub stage: String,
    /// Whose it is; empty on one's own board.
    pub seller: String,
    /// Value in words.
    pub amount: String,
    /// Close date in words.
    pub close_on: String,
    /// How far away that is, as in `closes in 5 days`.
    pub closes: String,
    /// The label of its grade.
    pub grade: String,
    /// The class it is drawn with.
    pub class: &'static str,
    /// Its score in words.
    pub score: String,
    /// The label of its weakest part.
    pub weakest: String,
    /// The label of its state.
    pub state: String,
}

/// What someone who reports to the reader directly shares of a week.
struct SharedOfWeek {
    seller: String,
    monday: String,
    text: String,
}

/// The person as the connection asked for knows them; the first where none is asked for.
///
/// # Errors
/// [`Problem::NotFound`] when that connection does not know them.
pub fn chosen<'a>(reader: &'a Reader, connection: &str) -> Result<&'a Me, Problem> {
    match connection {
        "" => reader.first(),
        id => reader.in_connection(&ConnectionId::from(id)),
    }
    .ok_or(Problem::NotFound)
}

async fn board(
    State(app): State<Shared>,
    reader: Reader,
    UrlQuery(asked): UrlQuery<Query>,
    UrlQuery(done): UrlQuery<Done>,
) -> Result<Response, Problem> {
    let me = chosen(&reader, &asked.connection)?;
    let mut tx = app.store.read().await?;
    let leads = me.leads();
    if !promise::is_made(&mut tx, me).await? {
        // A manager promises first, and looks then.
        return Ok(Redirect::to(&promise::path(&me.connection)).into_response());
    }
    let stages = tx.stages(&me.connection).await?;
    let (asked, misread) = asked.understood(&stages);
    let filter = asked.filter(me, &stages);
    let place = asked.place();
    let mut rows = tx
        .board(&me.connection, &filter, place.as_ref(), PAGE + 1)
        .await?;
    let today = me.today(&app);
    let opens = asked.set() == 0 && place.is_none();
    let lists = match leads && opens {
        true => Some(lists::read(&app, &mut tx, me, &stages, today).await?),
        false => None,
    };
    let this = this_monday(&app, me);
    let weeks = (this - SHARED_FOR, this);
    let shared = match opens {
        true => tx.shared_weeks(&me.connection, &me.face.id, weeks).await?,
        false => Vec::new(),
    };
    let pages = CrmPages::of(&app, &mut tx, &me.connection).await?;
    drop(tx);
    let is_more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows
        .last()
        .filter(|_| is_more)
        .map(|last| asked.next(last.close_on, &last.id));
    let offered = leads && me.led().len() <= OFFERED;
    let sellers = me.led().iter().map(|it| (it.id.as_str(), it.name.as_str()));
    let page = Page {
        chrome: Chrome::of(if leads { "Board" } else { "My deals" }, &reader, "/board"),
        done: done.sentence(""),
        leads,
        connections: choices(
            reader
                .me
                .iter()
                .map(|it| (it.connection.as_str(), it.connection.as_str())),
            |it| it == me.connection.as_str(),
        ),
        sellers: choices(sellers.filter(|_| offered), |it| it == asked.seller),
        grades: labels(GRADES, &asked.grade),
        states: labels(&STATES[..STATES.len() - 1], &asked.state),
        parts: labels(PARTS, &asked.weakest),
        stages: stage_choices(&stages, &asked.stage),
        set: asked.set(),
        chips: asked.chips(|id| me.name_of(id).to_owned()),
        fit: (asked.set() > 0 && place.is_none() && !rows.is_empty()).then(|| match rows.len() {
            1 => "1 deal fits.".to_owned(),
            _ if is_more => format!("More than {PAGE} deals fit."),
            many => format!("{many} deals fit."),
        }),
        misread,
        lists,
        shared: shared
            .into_iter()
            .map(|it| SharedOfWeek {
                seller: it.name,
                monday: words::day(it.monday),
                text: it.text,
            })
            .collect(),
        deals: rows
            .iter()
            .map(|row| Card {
                there: pages.link(&row.id),
                ..card(row, me, &stages, today)
            })
            .collect(),
        first: place.map(|_| asked.first_page()),
        next,
        export: asked.first_page().replacen("/board", "/board.csv", 1),
        asked,
    };
    Ok(Show(page).into_response())
}

fn labels(labels: &[&str], chosen: &[String]) -> Vec<Choice> {
    choices(labels.iter().map(|it| (*it, *it)), |it| {
        chosen.iter().any(|one| one == it)
    })
}

fn choices<'a>(
    all: impl Iterator<Item = (&'a str, &'a str)>,
    on: impl Fn(&str) -> bool,
) -> Vec<Choice> {
    all.map(|(value, label)| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        on: on(value),
    })
    .collect()
}

fn stage_choices(stages: &[StageRow], chosen: &[String]) -> Vec<Choice> {
    let mut names: Vec<&str> = Vec::new();
    for stage in stages.iter().filter(|it| it.standing() == Standing::Open) {
        if !names.contains(&stage.name.as_str()) {
            names.push(&stage.name);
        }
    }
    labels(&names, chosen)
}

/// What people call a stage; its id where nobody said.
pub fn stage_name<'a>(stages: &'a [StageRow], id: &'a str) -> &'a str {
    stages
        .iter()
        .find(|it| it.id == id)
        .map_or(id, |it| it.name.as_str())
}

/// A deal as the board shows it.
pub fn card(row: &BoardRow, me: &Me, stages: &[StageRow], today: chrono::NaiveDate) -> Card {
    let grade = row.grade.as_deref().unwrap_or(Grade::NoStrategyYet.label());
    let seller = row.seller.as_deref().unwrap_or_default();
    Card {
        href: words::deal_path(me.connection.as_str(), &row.id),
        there: None,
        name: row.name.clone(),
        account: row.account.clone().unwrap_or_default(),
        stage: stage_name(stages, &row.stage).to_owned(),
        seller: if seller == me.face.id {
            String::new()
        } else {
            me.name_of(seller).to_owned()
        },
        amount: row
            .amount
            .map(|amount| words::money(amount, row.currency.as_deref()))
            .unwrap_or_default(),
        close_on: row.close_on.map(words::day).unwrap_or_default(),
        closes: row
            .close_on
            .map(|date| words::closes(date, today))
            .unwrap_or_default(),
        grade: grade.to_owned(),
        class: words::grade_class(grade),
        score: row.score.map(|score| score.to_string()).unwrap_or_default(),
        weakest: row.weakest.clone().unwrap_or_default(),
        state: row.state.clone().unwrap_or_default(),
    }
}
