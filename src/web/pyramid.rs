//! The executive's page: the company drawn with its customers on top. Each band lists what the band
//! below owes it, and the first row is what one owes oneself.
//!
//! Executives see single needs only where these were passed up to them. All else is figures of
//! groups: of five people or more, without the reader's own part (or that of sellers who report to
//! them directly, whose plans they read), and without any filter, so that no two of them can be
//! subtracted to find one person.

use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::Shared;
use super::board::chosen;
use super::card_view::Item;
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::obstacle::{Side, items, side};
use super::session::{Me, Reader};
use super::table::{For, Table};
use super::words;
use crate::domain::Time;
use crate::domain::grade::Grade;
use crate::domain::group::{FEWEST_CLOSED, is_group, likely_share};
use crate::domain::hours::Reading;
use crate::domain::obstacle::kinds::{Level, State as Standing};
use crate::domain::role::Role;
use crate::store::obstacles::Which;
use crate::store::pyramid::Ended;
use crate::store::tx::Tx;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::People, "/pyramid", page)
}

/// What is owed in a company, level by level.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Pyramid {
    /// From the customers down.
    pub bands: Vec<Band>,
    /// Promises that were kept or whose day has come, by level; not those that the seller closed
    /// the obstacle on before their day.
    pub promises: Vec<Kept>,
    /// How deals ended, by the grade of the first plan written in their last stage.
    pub results: Vec<ShareWon>,
}

/// One band of the pyramid.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Band {
    /// Who is served.
    pub name: &'static str,
    /// Who owes it to them.
    pub owed_by: &'static str,
    /// What is owed; nothing where that would stand for fewer than five people.
    pub figures: Option<Vec<Figure>>,
}

/// A number and what it counts.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Figure {
    /// How many.
    pub count: i64,
    /// What of.
    pub what: &'static str,
    /// Whether any at all is one too many.
    pub pressing: bool,
}

/// What became of promises.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Kept {
    /// Who made them.
    pub level: &'static str,
    /// The share that was kept, in percent; nothing where fewer than five people made them.
    pub percent: Option<u8>,
    /// Of how many; nothing where the percentage is not shown.
    pub of: Option<i64>,
}

/// How deals ended.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ShareWon {
    /// The label of the grade.
    pub grade: &'static str,
    /// The share won; nothing under 20 closed deals or five sellers.
    pub won: Option<Span>,
}

/// A share, and where the true one lies in 19 of 20 cases, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Span {
    /// The share itself.
    pub percent: u8,
    /// At least.
    pub from: u8,
    /// At most.
    pub to: u8,
}

/// Reads the pyramid below a person.
///
/// # Errors
/// The database's.
pub async fn below(tx: &mut Tx, me: &Me, now: Time) -> Result<Pyramid, Problem> {
    // Whose plans the reader reads is the reader's own part.
    let others = me.team.iter().filter(|it| !me.led().contains(it));
    let people: Vec<String> = others.map(|it| it.id.clone()).collect();
    let others = (me.face.id.as_str(), people.as_slice());
    let front = tx.front_line(&me.connection, &people).await?;
    let owed = tx.owed_by_others(&me.connection, others, now).await?;
    let figure = |count, what, pressing| Figure {
        count,
        what,
        pressing: pressing && count > 0,
    };
    let owed_by = |level: &str| {
        let it = owed
            .iter()
            .find(|it| it.level == level && is_group(it.people));
        it.map(|it| {
            vec![
                figure(it.waiting, "needs wait for an answer", false),
                figure(it.overdue, "answers are overdue", true),
            ]
        })
    };
    let bands = vec![
        Band {
            name: "Customers",
            owed_by: "the front line",
            figures: is_group(front.people).then(|| {
                vec![
                    figure(front.deals, "open deals", false),
                    figure(front.without, "have no strategy yet", false),
                    figure(front.past_check, "are past their own check date", false),
                ]
            }),
        },
        Band {
            name: "Front line",
            owed_by: "managers",
            figures: owed_by("managers"),
        },
        Band {
            name: "Managers",
            owed_by: "directors, executives and product",
            figures: owed_by("leaders"),
        },
    ];
    let promises = tx.promises_of_others(&me.connection, others, now).await?;
    let ended = tx.ended_by_grade(&me.connection, &people).await?;
    Ok(Pyramid {
        bands,
        promises: promises
            .iter()
            .filter_map(|it| {
                Some(Kept {
                    level: Level::named(&it.level)?.label(),
                    percent: is_group(it.people).then(|| percent(it.kept, it.due)),
                    of: is_group(it.people).then_some(it.due),
                })
            })
            .collect(),
        results: results(&ended),
    })
}

fn percent(part: i64, of: i64) -> u8 {
    u8::try_from((part * 100 + of / 2) / of.max(1)).unwrap_or(100)
}

fn results(ended: &[Ended]) -> Vec<ShareWon> {
    [Grade::Strong, Grade::Solid, Grade::Developing, Grade::Thin]
        .into_iter()
        .map(|grade| ShareWon {
            grade: grade.label(),
            won: ended
                .iter()
                .find(|it| it.grade == grade.label())
                .filter(|it| is_group(it.people) && it.closed >= FEWEST_CLOSED)
                .map(|it| {
                    let (from, to) = likely_share(it.won, it.closed);
                    let percent = percent(it.won, it.closed);
                    Span { percent, from, to }
                }),
        })
        .collect()
}

/// Refuses whoever is no executive: they cannot tell that there is such a page.
///
/// # Errors
/// [`Problem::NotFound`].
pub fn only_executives(me: &Me) -> Result<(), Problem> {
    match me.role {
        Role::Executive => Ok(()),
        _ => Err(Problem::NotFound),
    }
}

/// What was passed up to a person: overdue, waiting, and where it was their turn and is open still.
///
/// # Errors
/// The database's.
pub async fn passed_up(app: &App, tx: &mut Tx, me: &Me) -> Result<Passed, Problem> {
    let mut passed = Passed::default();
    let cards = Which::EverAskedOf(&me.face.id);
    let cards = tx.cards(&me.connection, cards).await?;
    let items = items(app, tx, me, &cards).await?;
    for (card, item) in cards.iter().zip(items) {
        let overdue = matches!(item.reading, Some(Reading::Due | Reading::Late));
        match side(me, card) {
            Some(Side::Responder) if overdue => passed.overdue.push(item),
            Some(Side::Responder) => passed.waiting.push(item),
            _ if card.obstacle.state != Standing::Closed => passed.open.push(item),
            _ => {}
        }
    }
    passed.overdue.sort_by_key(|it| it.due);
    passed.waiting.sort_by_key(|it| it.due);
    Ok(passed)
}

/// Needs that were passed up to a person.
#[derive(Default)]
pub struct Passed {
    /// Beyond the promised time.
    pub overdue: Vec<Item>,
    /// In time.
    pub waiting: Vec<Item>,
    /// Answered or passed on, and not closed by the seller yet.
    pub open: Vec<Item>,
}

#[derive(askama::Template)]
#[template(path = "pyramid.html")]
struct Page {
    chrome: Chrome,
    passed: Passed,
    own: Option<String>,
    /// What is overdue below, band by band.
    overdue: Vec<String>,
    pyramid: Pyramid,
    shares: Vec<Drawn>,
    hidden: bool,
}

/// A share won, drawn between nought and one hundred.
struct Drawn {
    grade: &'static str,
    class: &'static str,
    span: Option<(u8, u8, String)>,
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    connection: String,
}

async fn page(
    State(app): State<Shared>,
    reader: Reader,
    Query(wish): Query<Wish>,
) -> Result<Show<impl askama::Template>, Problem> {
    let me = match wish.connection.as_str() {
        "" => reader.me.iter().find(|it| it.role == Role::Executive),
        _ => Some(chosen(&reader, &wish.connection)?),
    };
    let me = me.ok_or(Problem::NotFound)?;
    only_executives(me)?;
    let now = app.env.now();
    let mut tx = app.store.read().await?;
    let passed = passed_up(&app, &mut tx, me).await?;
    let pyramid = below(&mut tx, me, now).await?;
    let (kept, due) = tx.own_promises(&me.connection, &me.face.id, now).await?;
    let shares = pyramid.results.iter().map(|it| Drawn {
        grade: it.grade,
        class: words::grade_class(it.grade),
        span: it.won.map(|Span { percent, from, to }| {
            let told = format!("{percent} % won, likely {from} to {to} %");
            (from, to.saturating_sub(from).max(1), told)
        }),
    });
    Ok(Show(Page {
        chrome: Chrome::of("The pyramid", &reader, "/pyramid"),
        own: (due > 0).then(|| format!("{kept} of {due}")),
        hidden: pyramid.bands.iter().any(|it| it.figures.is_none())
            || pyramid.promises.iter().any(|it| it.percent.is_none()),
        overdue: overdue(&pyramid.bands),
        shares: shares.collect(),
        passed,
        pyramid,
    }))
}

/// What is overdue in each band, in a sentence: which needs these are shows once they are passed up.
fn overdue(bands: &[Band]) -> Vec<String> {
    let figures = bands
        .iter()
        .filter_map(|it| Some((it, it.figures.as_ref()?)));
    let pressing = figures.flat_map(|(band, all)| {
        let pressing = all.iter().filter(|it| it.pressing);
        pressing.map(move |it| {
            let (name, by) = (band.name, band.owed_by);
            format!("{name}: {} {}, owed by {by}.", it.count, it.what)
        })
    });
    pressing.collect()
}
