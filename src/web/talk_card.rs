//! The talk card: a deal on one page, for two people who sit together. Printed, it is one sheet,
//! however much was written.

use axum::extract::{Path, State};

use super::around::{around, open};
use super::board::stage_name;
use super::card_view::Item;
use super::chrome::{Chrome, Show};
use super::coach::open_question;
use super::error::Problem;
use super::marked::How;
use super::session::{Reader, Sight};
use super::since::{Since, since};
use super::table::{For, Table};
use super::{Shared, needs, words};
use crate::domain::ids::{ConnectionId, DealId};
use crate::domain::strategy::Part;

/// What fits on one sheet of A4 or Letter in the type of a book, in smaller type, and in the
/// smallest one still reads: letters, found by printing cards of five answers of equal length.
const ROOM: [(usize, &str); 3] = [(1000, ""), (2000, "close"), (3000, "closest")];
/// A new line takes the room of so many letters.
const LINE: usize = 90;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::People, "/deals/{connection}/{deal}/card", card)
}

/// How a card is brought to one sheet.
struct Fit {
    /// The class that sets its type.
    class: &'static str,
    /// Whether changed words are only named, since the plan says how they read now.
    brief: bool,
    /// Whether answers were cut.
    cut: bool,
}

/// The room a text takes.
fn room(text: &str) -> usize {
    text.chars().count() + text.matches('\n').count() * LINE
}

impl Fit {
    /// Sets the type for what there is; what fits in none is cut, each answer to its share.
    fn of(plan: &mut [(&'static str, String)], since: Option<&Since>, besides: usize) -> Self {
        let [_, (middle, _), (most, smallest)] = ROOM;
        let changed = since.map_or(0, |it| {
            let pieces = it.words.iter().flat_map(|(_, pieces)| pieces);
            pieces.map(|piece| room(&piece.text)).sum()
        });
        let of = |plan: &[(&str, String)]| plan.iter().map(|(_, text)| room(text)).sum::<usize>();
        let brief = of(plan) + besides + changed > middle;
        let all = of(plan) + besides + if brief { 0 } else { changed };
        let fits = ROOM.iter().find(|(room, _)| all <= *room);
        if let Some((_, class)) = fits {
            return Self {
                class,
                brief,
                cut: false,
            };
        }
        let share = most.saturating_sub(besides) / plan.len().max(1);
        for (_, text) in plan.iter_mut().filter(|(_, text)| room(text) > share) {
            let mut left = share;
            let kept = text.chars().take_while(|sign| {
                let takes = if *sign == '\n' { 1 + LINE } else { 1 };
                let fits = left >= takes;
                left = left.saturating_sub(takes);
                fits
            });
            *text = format!("{}…", kept.collect::<String>().trim_end());
        }
        Self {
            class: smallest,
            brief,
            cut: true,
        }
    }
}

#[derive(askama::Template)]
#[template(path = "card.html")]
struct CardPage {
    chrome: Chrome,
    href: String,
    name: String,
    seller: String,
    facts: Vec<String>,
    grade: String,
    answers: Vec<(&'static str, String)>,
    check_on: Option<String>,
    questions: Vec<String>,
    needs: Vec<Item>,
    since: Option<Since>,
    promise: Option<String>,
    fit: Fit,
}

async fn card(
    State(app): State<Shared>,
    Path((connection, deal)): Path<(String, String)>,
    reader: Reader,
) -> Result<Show<impl askama::Template>, Problem> {
    let (connection, deal) = (ConnectionId::from(connection), DealId::from(deal));
    let (me, dossier, sight) = open(&app, &reader, &connection, &deal).await?;
    let kept = around(&app, me, &dossier, sight).await?;
    let mut tx = app.store.read().await?;
    let talk = tx.talk(&connection, deal.as_str(), &me.face.id).await?;
    let promise = match (sight, &me.face.manager) {
        (Sight::Team, _) => tx.team_promise(&connection, &me.face.id).await?,
        (Sight::Own, Some(manager)) => tx.team_promise(&connection, manager).await?,
        (Sight::Own, None) => None,
    };
    // Two people read this card: nothing on it is the seller's alone.
    let needs = needs::of_deal(&app, &mut tx, me, (deal.as_str(), true)).await?;
    drop(tx);
    let today = me.today(&app);
    let stage = stage_name(&kept.stages, &dossier.stage).to_owned();
    let close_on = dossier
        .close_on
        .map(|date| format!("closes {}, {}", words::day(date), words::away(date, today)));
    let amount = dossier
        .amount
        .map(|amount| words::money(amount, dossier.currency.as_deref()));
    let answers = dossier.answers.as_ref().map(|it| &it.0);
    let mut plan: Vec<(&'static str, String)> = Part::ALL
        .into_iter()
        .filter_map(|part| {
            let text = answers?.part(part).trim();
            (!text.is_empty()).then(|| (part.field().label(), text.to_owned()))
        })
        .collect();
    let open = open_question(&kept.questions, &dossier, app.env.now());
    let open = open.map(|it| it.text.clone());
    let questions: Vec<String> = open.into_iter().chain(kept.notes).collect();
    let promise = promise.map(|it| match it.text.as_str() {
        "" if it.answer_days == 1 => "An answer within one business day.".to_owned(),
        "" => format!("An answer within {} business days.", it.answer_days),
        text => text.to_owned(),
    });
    let since = talk.map(|talk| since(&talk, &dossier, (&kept.stages, &kept.versions), me.zone()));
    let owed = needs.iter().map(|it| room(&it.text) + LINE);
    let besides = questions.iter().chain(&promise).map(|it| room(it));
    let besides = besides.chain(owed).sum();
    let fit = Fit::of(&mut plan, since.as_ref(), besides);
    Ok(Show(CardPage {
        chrome: Chrome::of(&format!("Talk card: {}", dossier.name), &reader, "/board"),
        href: words::deal_path(connection.as_str(), deal.as_str()),
        seller: dossier
            .seller
            .as_deref()
            .map(|seller| me.name_of(seller).to_owned())
            .unwrap_or_default(),
        facts: [dossier.account.clone(), Some(stage), amount, close_on]
            .into_iter()
            .flatten()
            .collect(),
        grade: dossier
            .grade
            .clone()
            .unwrap_or_else(|| "No strategy yet".to_owned()),
        answers: plan,
        check_on: answers.and_then(|it| it.check_on).map(words::day),
        questions,
        needs,
        since,
        promise,
        fit,
        name: dossier.name,
    }))
}
