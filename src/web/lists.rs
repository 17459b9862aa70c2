//! The four lists a manager's board opens with. They order deals, never people.

use chrono::{Days, NaiveDate};

use super::App;
use super::board::{Card, card};
use super::card_view::Item;
use super::error::Problem;
use super::obstacle::item;
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
    /// Past their own check date.
    pub past: Vec<Card>,
    /// Worth learning from.
    pub learn: Vec<Card>,
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
    let mut waiting = Vec::new();
    let cards = tx
        .cards(&me.connection, Which::WaitingOn(&me.face.id))
        .await?;
    for card in &cards {
        waiting.push(item(app, tx, me, card).await?);
    }
    waiting.sort_by_key(|it| (it.due.is_none(), it.due));
    waiting.truncate(SHOWN);
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
    let cards = |rows: &[BoardRow]| {
        rows.iter()
            .map(|row| card(row, me, stages, today))
            .collect::<Vec<_>>()
    };
    Ok(Lists {
        waiting,
        talks: talks(&candidates, today)
            .into_iter()
            .map(|(row, reason)| (card(row, me, stages, today), reason))
            .collect(),
        past: cards(&past),
        learn: cards(&learn),
    })
}

fn talks(candidates: &[BoardRow], today: NaiveDate) -> Vec<(&BoardRow, String)> {
    let largest = candidates
        .iter()
        .filter_map(|row| row.amount)
        .fold(0.0, f64::max);
    let mut weighed: Vec<(f64, &BoardRow, String)> = candidates
        .iter()
        .map(|row| {
            let facts = facts(row);
            let weight = talk::weight(&facts, largest, today);
            (weight, row, talk::reason(&facts, row.weakest.as_deref()))
        })
        .collect();
    weighed.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    weighed
        .into_iter()
        .take(SHOWN)
        .map(|(_, row, reason)| (row, reason))
        .collect()
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
