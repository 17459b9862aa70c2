//! Where the clock of an answer stands, in words.

use std::collections::HashMap;

use super::responders::Owed;
use super::session::Me;
use super::words;
use crate::domain::Time;
use crate::domain::hours::Reading;
use crate::domain::ids::PersonId;
use crate::domain::obstacle::Turn;
use crate::domain::obstacle::kinds::{Level, State};
use crate::domain::role::Role;
use crate::store::obstacles::Card;

/// The sentence, empty while no clock runs, and the class it is drawn with. `names` holds those of the
/// card's seller and of whoever owes the answer. Nobody is said to have promised what they never did:
/// without a word of theirs the answer is due within the usual time.
pub fn told(
    card: &Card,
    me: &Me,
    names: &HashMap<String, String>,
    (now, owed): (Time, &Owed),
) -> (String, &'static str) {
    let it = &card.obstacle;
    let (Some(turn), Some(reading)) = (it.turn(), it.reading(now, &owed.hours)) else {
        let state = it.state_at(now, &owed.hours);
        let promised = it.promised.filter(|_| state == State::Promised);
        let day = promised.map(|day| format!("Promised for {}", words::day(day)));
        let class = if state == State::Kept { "done" } else { "" };
        return (day.unwrap_or_default(), class);
    };
    // Whoever owes the answer reads of themselves, others their name; of a queue that several work, the
    // level's.
    let responder = turn.responder.as_ref().map(PersonId::as_str);
    let name = responder.and_then(|it| names.get(it));
    let name = name.map_or(turn.level.label(), String::as_str);
    let in_queue = turn.level == Level::Product && me.role == Role::Product;
    let (who, answers, whom) = match responder {
        Some(id) if id == me.face.id => ("I", "I answer".to_owned(), "me"),
        None if in_queue => ("we", "We answer".to_owned(), "us"),
        _ => (name, format!("{name} answers"), name),
    };
    let due = turn.clock.due(&owed.hours);
    let when = due.map(|at| words::moment(at, me.zone()));
    let when = when.unwrap_or_default();
    let running = match owed.promised {
        true => format!("{answers} by {when}"),
        false => format!("Due from {whom} by {when} {}", usual(turn)),
    };
    // What was overdue already when the question was asked is not so for the seller's reply.
    let asked = turn
        .clock
        .paused_at
        .filter(|at| due.is_some_and(|due| due <= *at));
    let before = asked.map_or("", |_| ", before the question");
    let over = |promised: &str| match owed.promised {
        true => format!("{who} promised {promised} by {when}{before}"),
        false => format!("due from {whom} by {when} {}{before}", usual(turn)),
    };
    match reading {
        Reading::Paused => paused(card, me, names, name),
        Reading::Running => (running, ""),
        Reading::Half => (format!("{running}: half the time has gone"), "half"),
        Reading::Due => (format!("Overdue: {}", over("an answer")), "due"),
        Reading::Late => (format!("No answer yet: {}", over("one")), "due"),
    }
}

/// The time that holds where nobody promised another.
fn usual(turn: &Turn) -> String {
    match turn.level.usual_days() {
        1 => "(the usual 1 business day)".to_owned(),
        days => format!("(the usual {days} business days)"),
    }
}

/// Who has to move while the clock stands still: the seller, with a reply.
fn paused(
    card: &Card,
    me: &Me,
    names: &HashMap<String, String>,
    level: &str,
) -> (String, &'static str) {
    let seller = names.get(&card.seller).map_or("the seller", String::as_str);
    let turn = card.obstacle.turn();
    let responder = turn.and_then(|it| it.responder.as_ref());
    if card.seller == me.face.id {
        let asker = responder.and_then(|it| names.get(it.as_str()));
        let asker = asker.map_or(level, String::as_str);
        let told = format!("{asker} asked a question. Your reply restarts the clock.");
        return (told, "half");
    }
    (format!("Waiting for {seller}’s reply"), "")
}
