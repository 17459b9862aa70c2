//! What a page shows of an obstacle's card, to each side of it.

use std::collections::HashMap;

use super::card_parts::{self, GONE, Needed, OfDeal, OwnOption, Said, Turned, ended};
use super::error::Problem;
use super::obstacle::{Side, card_path};
use super::promise::{CountOn, counted_on};
use super::responders::{Owed, filled, owed_of};
use super::session::Me;
use super::{App, clock, needs, panel, words};
use crate::domain::Time;
use crate::domain::hours::{Hours, Reading};
use crate::domain::ids::PersonId;
use crate::domain::obstacle::kinds::{Ground, Kind, Outcome, State};
use crate::store::obstacles::Card;
use crate::store::tx::Tx;

/// A card in one line.
pub struct Item {
    /// Its page.
    pub href: String,
    /// The seller's words.
    pub text: String,
    /// Whose it is, where not the reader's, and of which deal; empty where nobody asked.
    pub about: String,
    /// Where it stands.
    pub state: &'static str,
    /// Where the clock stands, in words; empty while none runs.
    pub clock: String,
    /// The class that is drawn with.
    pub class: &'static str,
    /// The clock's reading.
    pub reading: Option<Reading>,
    /// When an answer is due.
    pub due: Option<Time>,
}

impl Item {
    /// Whether it is the seller who has to move: with a reply to the one question.
    pub fn is_theirs(&self) -> bool {
        self.reading == Some(Reading::Paused)
    }

    /// What is due soonest comes first, and last what no clock runs for: after a question it is the
    /// seller who has to move, however late it was asked.
    pub fn order(&self) -> (bool, Option<Time>) {
        (self.is_theirs() || self.due.is_none(), self.due)
    }
}

/// A card in full.
pub struct View {
    /// Where its forms go.
    pub action: String,
    /// Goes with every form.
    pub csrf: String,
    /// The line of it.
    pub item: Item,
    /// Whether it is the reader's own.
    pub own: bool,
    /// Whether the reader owes the answer now.
    pub responds: bool,
    /// Whose it is.
    pub seller: String,
    /// The deal it stands in the way of.
    pub deal: Option<OfDeal>,
    /// The seller's options.
    pub options: Vec<OwnOption>,
    /// Kinds to choose from: word, label, what it means.
    pub kinds: Vec<(&'static str, &'static str, &'static str)>,
    /// Grounds to send it up on.
    pub grounds: Vec<(&'static str, &'static str, bool)>,
    /// What is needed.
    pub need: Option<Needed>,
    /// Why it could be sent up.
    pub ground: &'static str,
    /// Whose turn it was.
    pub turns: Vec<Turned>,
    /// What was said.
    pub said: Vec<Said>,
    /// What the promise says.
    pub promised: Option<String>,
    /// How it was closed.
    pub closed: Option<(&'static str, String)>,
    /// Outcomes to close it with.
    pub outcomes: Vec<(&'static str, &'static str)>,
    /// What may be done to it now.
    pub may: May,
    /// Whether it was ever answered, so that one can say whether that helped.
    pub answered: bool,
    /// What the seller may count on from whoever answers first.
    pub count_on: Option<CountOn>,
    /// Says that there is nobody to send it up to.
    pub no_manager: &'static str,
    /// The deals that a card nobody else has seen may be given to: value, name, whether it is the one.
    pub deals: Vec<(String, String, bool)>,
    /// Today, for date fields.
    pub today: String,
}

impl View {
    /// How the deal ended, for its seller, who alone can close what it was needed for.
    pub fn to_close(&self) -> Option<&'static str> {
        let deal = self.deal.as_ref().filter(|_| self.own && self.may.close);
        deal.and_then(|it| it.ended)
    }

    /// What the seller does next, where nothing else is asked of them: `option`, `send`, `close`, or
    /// nothing.
    pub fn next(&self) -> &'static str {
        let may = &self.may;
        if !may.work || may.say_kept || may.pass_over {
            return "";
        }
        // Whoever was answered, or saw a promise kept, is mostly done.
        let over = [State::Answered, State::Kept, State::Missed].map(State::label);
        if over.contains(&self.item.state) {
            "close"
        } else if self.options.is_empty() {
            "option"
        } else if may.send {
            "send"
        } else {
            ""
        }
    }
}

/// Why someone cannot send anything up.
pub const NO_MANAGER: &str = "The CRM names nobody you report to, so nobody can be asked from here. \
                              Ask your admin who leads whom there.";

/// What may be done to a card now.
#[derive(Default)]
pub struct May {
    /// Write it anew, or take it away: nobody else has seen it.
    pub reword: bool,
    /// Add options, choose, send up.
    pub work: bool,
    /// … and there is someone to send it up to.
    pub send: bool,
    /// Answer the one question.
    pub reply: bool,
    /// Pass it up: no answer came.
    pub pass_over: bool,
    /// Say that it happened.
    pub say_kept: bool,
    /// … or that it did, but after its day.
    pub say_late: bool,
    /// Close it.
    pub close: bool,
    /// Answer the need.
    pub answer: bool,
    /// … and ask the one question.
    pub ask: bool,
    /// … and pass it up with backing.
    pub pass_up: bool,
}

/// A card in one line. `names` holds those of its seller and of whoever owes the answer.
pub fn item(
    card: &Card,
    me: &Me,
    names: &HashMap<String, String>,
    (now, owed): (Time, &Owed),
) -> Item {
    let it = &card.obstacle;
    let (clock, class) = clock::told(card, me, names, (now, owed));
    Item {
        href: card_path(me.connection.as_str(), &card.id),
        text: it.text.clone(),
        about: String::new(),
        state: it.state_at(now, &owed.hours).label(),
        clock,
        class,
        reading: it.reading(now, &owed.hours),
        due: it.turn().and_then(|turn| turn.clock.due(&owed.hours)),
    }
}

/// The people named on the pages of cards: those of their lines, and whoever said something.
pub fn everyone(cards: &[Card]) -> Vec<&str> {
    let said = cards.iter().flat_map(|it| &it.said);
    let mut everyone = people(cards);
    everyone.extend(said.map(|it| it.person.as_str()));
    everyone
}

/// The people named in the lines of cards.
pub fn people(cards: &[Card]) -> Vec<&str> {
    let responders = cards.iter().filter_map(|it| it.obstacle.turn());
    let responders = responders.filter_map(|it| it.responder.as_ref());
    let sellers = cards.iter().map(|it| it.seller.as_str());
    sellers.chain(responders.map(PersonId::as_str)).collect()
}

/// A card in full, for someone who may see it.
///
/// # Errors
/// The database's.
pub async fn view(
    app: &App,
    tx: &mut Tx,
    me: &Me,
    (card, side): (&Card, Side),
    csrf: &str,
) -> Result<View, Problem> {
    let (now, connection) = (app.env.now(), &me.connection);
    let moment = |at| words::moment(at, me.zone());
    let cards = std::slice::from_ref(card);
    let owed = owed_of(app, tx, connection, cards).await?;
    let owed = owed.into_iter().next().ok_or(Problem::NotFound)?;
    let hours = &owed.hours;
    let it = &card.obstacle;
    let names = tx
        .names(connection, &everyone(std::slice::from_ref(card)))
        .await?;
    let name = |person: &str| names.get(person).map_or(GONE, String::as_str).to_owned();
    let deal = match &card.deal {
        Some(id) => {
            let dossier = tx.dossier(connection, &id.as_str().into()).await?;
            dossier.map(|deal| OfDeal {
                href: deal_address(me, &deal.id, deal.seller.as_deref(), side),
                ended: ended(&deal.standing),
                name: deal.name,
            })
        }
        None => None,
    };
    let said = card.said.iter().map(|one| {
        let until = one.until.map(|day| format!("By {}", words::day(day)));
        Said {
            who: name(&one.person),
            when: moment(one.at),
            kind: card_parts::kind(&one.kind),
            text: one.text.clone(),
            more: until.unwrap_or_else(|| one.more.clone()),
        }
    });
    let state = it.state_at(now, hours);
    let has_option = !it.options.is_empty();
    let came = tx.promise_came(connection, &card.id, it.round).await?;
    let mut may = may(card, side, now, hours);
    let of = card.deal.as_ref().map(|id| format!("{connection}/{id}"));
    let of = of.unwrap_or_default();
    let mut deals = match may.reword {
        true => needs::deals_to_pick(tx, me, &of).await?,
        false => Vec::new(),
    };
    // One that ended is offered no more, and stays what it is.
    if let Some(deal) = deal.as_ref().filter(|_| !deals.iter().any(|it| it.2)) {
        deals.push((of, deal.name.clone(), true));
    }
    // There is someone to send it up to where there is someone to count on.
    let count_on = match may.send {
        true => counted_on(app, tx, me).await?,
        false => None,
    };
    may.send = count_on.is_some();
    for (may, levels) in [
        (&mut may.pass_over, it.levels_above(false)),
        (&mut may.pass_up, it.levels_above(true)),
    ] {
        let whom = (card.seller.as_str(), levels);
        *may = *may && filled(app, tx, connection, whom).await?.is_some();
    }
    Ok(View {
        action: card_path(connection.as_str(), &card.id),
        csrf: csrf.to_owned(),
        item: item(card, me, &names, (now, &owed)),
        own: side == Side::Seller,
        responds: side == Side::Responder,
        seller: name(&card.seller),
        deal,
        options: card_parts::options(it),
        kinds: Kind::ALL
            .iter()
            .map(|it| (it.word(), it.label(), it.means()))
            .collect(),
        // One's own options are no ground before there are any.
        grounds: Ground::ALL
            .iter()
            .filter(|it| has_option || **it != Ground::OwnOption)
            .map(|it| {
                (
                    it.word(),
                    it.label(),
                    has_option == (*it == Ground::OwnOption),
                )
            })
            .collect(),
        need: card_parts::need(it),
        ground: card_parts::ground(it),
        turns: card_parts::turns(it, me.zone()),
        said: said.collect(),
        promised: card_parts::promised(it, state, came),
        closed: it.closing.as_ref().map(|it| {
            let helped = match it.helped {
                Some(true) => "The answer helped. ",
                Some(false) => "The answer did not help. ",
                None => "",
            };
            (it.outcome.label(), format!("{helped}{}", it.lesson))
        }),
        outcomes: Outcome::ALL
            .iter()
            .map(|it| (it.word(), it.label()))
            .collect(),
        may,
        answered: card.said.iter().any(|it| card_parts::is_answer(&it.kind)),
        count_on,
        no_manager: NO_MANAGER,
        deals,
        today: hours.date(now).to_string(),
    })
}

/// What may be done where someone fills every level; the caller looks whether someone does.
fn may(card: &Card, side: Side, now: Time, hours: &Hours) -> May {
    let it = &card.obstacle;
    let (state, reading) = (it.state_at(now, hours), it.reading(now, hours));
    let unsaid = it.is_unsaid(now, hours);
    let asked = it.turn().is_some_and(|turn| turn.clock.paused_at.is_some());
    let work = !matches!(state, State::Asked | State::Promised | State::Closed);
    match side {
        Side::Seller => May {
            reword: it.is_private(),
            work,
            send: work,
            reply: reading == Some(Reading::Paused),
            pass_over: unsaid || reading == Some(Reading::Late),
            say_kept: unsaid || state == State::Promised,
            say_late: unsaid,
            close: state != State::Closed,
            ..May::default()
        },
        Side::Responder => May {
            answer: true,
            ask: !asked,
            pass_up: true,
            ..May::default()
        },
        Side::Onlooker => May::default(),
    }
}

/// The deal's page, where the reader may see it; a card that was passed up carries only its name.
fn deal_address(me: &Me, deal: &str, seller: Option<&str>, side: Side) -> Option<String> {
    match side {
        Side::Seller => Some(panel::panel_path(me.connection.as_str(), deal)),
        _ => me
            .sight(seller)
            .map(|_| words::deal_path(me.connection.as_str(), deal)),
    }
}
