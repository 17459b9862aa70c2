//! Where the clock of an answer stands, in words.

use std::collections::HashMap;

use super::responders::Owed;
use super::session::Me;
use super::words;
use crate::domain::Time;
use crate::domain::hours::Reading;
use crate::domain::ids::PersonId;
use crate::domain::obstacle::Turn;
use crate::domain::obstacle::kinds::State;
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
    // Whoever owes the answer reads of themselves, others of the level.
    let responder = turn.responder.as_ref().map(PersonId::as_str);
    let mine = responder == Some(me.face.id.as_str());
    let level = turn.level.label();
    let due = turn.clock.due(&owed.hours);
    let when = due.map(|at| words::moment(at, me.zone()));
    let when = when.unwrap_or_default();
    let (who, whom) = if mine { ("I", "me") } else { (level, level) };
    let running = match (owed.promised, mine) {
        (true, true) => format!("I answer by {when}"),
        (true, false) => format!("{level} answers by {when}"),
        (false, _) => format!("Due from {whom} by {when} {}", usual(turn)),
    };
    let over = |promised: &str| match owed.promised {
        true => format!("{who} promised {promised} by {when}"),
        false => format!("due from {whom} by {when} {}", usual(turn)),
    };
    match reading {
        Reading::Paused => paused(card, me, names, level),
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
    (format!("Waiting for {seller}'s reply"), "")
}
