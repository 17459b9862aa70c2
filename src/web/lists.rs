//! The four lists a manager's board opens with. They order deals, never people.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};

use super::App;
use super::board::{Card, card};
use super::card_view::Item;
use super::error::Problem;
use super::obstacle::items;
use super::session::Me;
use crate::domain::cadence::State;
use crate::domain::grade::Grade;
use crate::domain::talk::{self, Facts};
use crate::store::board::{BoardRow, Filter};
use crate::store::obstacles::Which;
use crate::store::people::StageRow;
use crate::store::tx::Tx;

/// Deals in each list; the rest is behind its link.
const SHOWN: usize = 5;
/// Deals weighed for the second list, those with most at stake first.
const WEIGHED: usize = 300;
/// Deals that close later than this are not weighed.
const NEAR: Days = Days::new(120);

/// The lists.
pub struct Lists {
    /// Needs that wait for the reader's answer, the longest due first.
    pub waiting: Vec<Item>,
    /// A talk would help, each with the reason.
    pub talks: Vec<(Card, String)>,
    /// Whether those are of several currencies.
    pub mixed: bool,
    /// Past their own check date.
    pub past: Vec<Card>,
    /// Worth learning from.
    pub learn: Vec<Card>,
}

impl Lists {
    /// Whether among the needs there are some whose seller has to move first.
    pub fn theirs(&self) -> bool {
        self.waiting.iter().any(Item::is_theirs)
    }
}

/// Reads them.
///
/// # Errors
/// The database's.
pub async fn read(
    app: &App,
    tx: &mut Tx,
    me: &Me,
    stages: &[StageRow],
    today: NaiveDate,
) -> Result<Lists, Problem> {
    let cards = tx
        .cards(&me.connection, Which::WaitingOn(&me.face.id))
        .await?;
    let mut waiting = items(app, tx, me, &cards).await?;
    waiting.sort_by_key(Item::order);
    waiting.truncate(SHOWN);
    let picked = pick(tx, me, today).await?;
    let cards = |rows: Vec<BoardRow>| {
        rows.iter()
            .map(|row| card(row, me, stages, today))
            .collect::<Vec<_>>()
    };
    Ok(Lists {
        waiting,
        talks: picked
            .talks
            .iter()
            .map(|(row, reason)| (card(row, me, stages, today), reason.clone()))
            .collect(),
        mixed: picked
            .talks
            .windows(2)
            .any(|pair| matches!(pair, [(a, _), (b, _)] if currency(a) != currency(b))),
        past: cards(picked.past),
        learn: cards(picked.learn),
    })
}

/// The deals that the lists hold.
pub struct Picked {
    /// A talk would help, each with the reason.
    pub talks: Vec<(BoardRow, String)>,
    /// Past their own check date.
    pub past: Vec<BoardRow>,
    /// Worth learning from.
    pub learn: Vec<BoardRow>,
}

/// Picks them from the deals of everyone the reader leads.
///
/// # Errors
/// The database's.
pub async fn pick(tx: &mut Tx, me: &Me, today: NaiveDate) -> Result<Picked, Problem> {
    let sellers = me.sellers();
    let until = today.checked_add_days(NEAR).unwrap_or(today);
    let candidates = tx
        .talk_candidates(&me.connection, &sellers, until, WEIGHED)
        .await?;
    let labelled = |states: &[State], grades: &[Grade]| Filter {
        sellers: sellers.clone(),
        states: states.iter().map(|it| it.label().to_owned()).collect(),
        grades: grades.iter().map(|it| it.label().to_owned()).collect(),
        ..Filter::default()
    };
    let past = labelled(&[State::PastCheckDate], &[]);
    let past = tx.board(&me.connection, &past, None, SHOWN).await?;
    let learn = labelled(&[], &[Grade::Strong]);
    let learn = tx.board(&me.connection, &learn, None, SHOWN).await?;
    Ok(Picked {
        talks: talks(candidates, today),
        past,
        learn,
    })
}

fn talks(candidates: Vec<BoardRow>, today: NaiveDate) -> Vec<(BoardRow, String)> {
    // Amounts of different currencies are not compared: 40,000,000 in one may be less than 400,000
    // in another. Each stands beside the largest of its own.
    let mut largest: HashMap<String, f64> = HashMap::new();
    for row in &candidates {
        let most = largest.entry(currency(row).to_owned()).or_default();
        *most = most.max(row.amount.unwrap_or(0.0));
    }
    let mut weighed: Vec<(f64, BoardRow, String)> = candidates
        .into_iter()
        .map(|row| {
            let facts = facts(&row);
            let largest = largest.get(currency(&row)).copied().unwrap_or(0.0);
            let weight = talk::weight(&facts, largest, today);
            let reason = talk::reason(&facts, row.weakest.as_deref());
            (weight, row, reason)
        })
        .collect();
    weighed.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    weighed
        .into_iter()
        .take(SHOWN)
        .map(|(_, row, reason)| (row, reason))
        .collect()
}

fn currency(row: &BoardRow) -> &str {
    row.currency.as_deref().unwrap_or_default()
}

fn facts(row: &BoardRow) -> Facts {
    let grade = row.grade.as_deref().and_then(Grade::labelled);
    let state = row.state.as_deref().and_then(State::labelled);
    Facts {
        amount: row.amount,
        close_on: row.close_on,
        grade: grade.unwrap_or(Grade::NoStrategyYet),
        state: state.unwrap_or(State::NoStrategyYet),
    }
}
