//! An obstacle: from a seller's own words over own options to an answer that a leader owes.
//!
//! `draft → with options → chosen → asked → answered → promised → kept | missed → closed`. A state
//! machine: [`Obstacle::take`] is the only way from one state to the next, and says in a sentence
//! why it will not. The seller may close it at any time; nothing else ends it. Wherever nobody owes
//! anything more, the seller may add options, choose, and send it up again.

pub mod kinds;

use chrono::{NaiveDate, TimeDelta};
use kinds::{Ended, Ground, Kind, Level, Outcome, State};

use super::Time;
use super::answer::Answer;
use super::hours::{Clock, Hours, Reading};
use super::ids::PersonId;

/// A way of the seller's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What kind.
    pub kind: Kind,
    /// In the seller's words.
    pub text: String,
}

/// What is needed: what, from whom, by when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What.
    pub what: String,
    /// From whom, in the seller's words.
    pub whom: String,
    /// Until when it would still matter.
    pub by: NaiveDate,
    /// Whether it is a gap in the product.
    pub gap: bool,
}

/// Whom it goes to, and what they promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct To {
    /// Their level.
    pub level: Level,
    /// The CRM's id; none for a queue that several work.
    pub responder: Option<PersonId>,
    /// The business time they promised.
    pub owed: TimeDelta,
}

/// One level's turn to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub level: Level,
    /// The CRM's id; none for a queue that several work.
    pub responder: Option<PersonId>,
    /// How long they have.
    pub clock: Clock,
    /// When and how it ended; none while they owe an answer.
    pub ended: Option<(Time, Ended)>,
}

/// How the seller closed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// What became of it.
    pub outcome: Outcome,
    /// Did it help?
    pub helped: Option<bool>,
    /// What made the difference; with "worked around", others find it in the library.
    pub lesson: String,
}

/// An obstacle, and all that came of it in its latest round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The seller's words.
    pub text: String,
    /// Where it stands as last noted; [`Obstacle::state_at`] says where it stands now. `Missed` is
    /// noted once the seller said that what was promised happened after its day.
    pub state: State,
    /// The seller's own options.
    pub options: Vec<Choice>,
    /// The one picked.
    pub chosen: Option<usize>,
    /// How often it was sent up.
    pub round: i64,
    /// Why it could be sent up this time.
    pub ground: Option<Ground>,
    /// What is needed this time.
    pub need: Option<Need>,
    /// Whose turn it was, first to last.
    pub turns: Vec<Turn>,
    /// The day by which something promised happens.
    pub promised: Option<NaiveDate>,
    /// How it ended.
    pub closing: Option<Closing>,
}

/// Something done to an obstacle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The seller says in other words what stands in the way; nobody else has read it yet.
    Reword(String),
    /// The seller adds an option.
    Add(Choice),
    /// The seller writes one anew; nobody else has read it yet.
    Alter(usize, Choice),
    /// The seller picks one.
    Choose(usize),
    /// The seller sends it up.
    SendUp(Ground, Need, To),
    /// The responder answers; [`To`] is where [`Answer::PassedUp`] goes.
    Answer(Answer, Option<To>),
    /// The seller answers the one question.
    Reply(String),
    /// The seller passes it up: no answer came, or what was promised did not happen.
    PassOver(To),
    /// The seller says that what was promised happened by its day.
    SayKept,
    /// The seller says that what was promised happened, but after its day.
    SayLate,
    /// The seller is done with it.
    Close(Closing),
}

/// Why a deed is not done, as a sentence for whoever tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub &'static str);

impl Obstacle {
    /// A new one, in the seller's words.
    ///
    /// # Errors
    /// When there are none.
    pub fn new(text: &str) -> Result<Self, Refused> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Refused("Say what stands in the way."));
        }
        Ok(Self {
            text: text.to_owned(),
            state: State::Draft,
            options: Vec::new(),
            chosen: None,
            round: 0,
            ground: None,
            need: None,
            turns: Vec::new(),
            promised: None,
            closing: None,
        })
    }

    /// The turn of whoever owes an answer now.
    pub fn turn(&self) -> Option<&Turn> {
        self.turns.last().filter(|_| self.state == State::Asked)
    }

    /// Where it stands at a moment: a promise whose day is over is missed. `hours` are those of
    /// whoever promised.
    pub fn state_at(&self, now: Time, hours: &Hours) -> State {
        match (self.state, self.promised) {
            (State::Promised, Some(day)) if hours.end_of(day) <= now => State::Missed,
            (state, _) => state,
        }
    }

    /// Whether the day of a promise is over and nobody has said yet that it happened.
    pub fn is_unsaid(&self, now: Time, hours: &Hours) -> bool {
        self.state == State::Promised && self.state_at(now, hours) == State::Missed
    }

    /// Whether the seller said that what was promised happened after its day.
    pub fn came_late(&self) -> bool {
        self.state == State::Missed
    }

    /// Whether nobody but the seller has seen it, nor that it ended.
    pub fn is_private(&self) -> bool {
        self.round == 0 && self.state != State::Closed
    }

    /// Where the clock of the answer stands; none while nobody owes one.
    pub fn reading(&self, now: Time, hours: &Hours) -> Option<Reading> {
        self.turn().map(|turn| turn.clock.reading(hours, now))
    }

    /// Who may get it next, if the one whose turn it is (or was last) passes it on (`backed`) or
    /// keeps silent, or breaks their promise: whom it goes to first coming first.
    pub fn levels_above(&self, backed: bool) -> &'static [Level] {
        let gap = self.need.as_ref().is_some_and(|need| need.gap);
        let last = self.turns.last();
        last.map_or(&[], |turn| turn.level.above(gap, backed))
    }

    /// Does it, or says why not. `hours` are those of whoever owes the answer.
    ///
    /// # Errors
    /// [`Refused`]; nothing has changed then.
    pub fn take(&mut self, deed: Deed, now: Time, hours: &Hours) -> Result<(), Refused> {
        if self.state == State::Closed {
            return Err(Refused("This obstacle is closed."));
        }
        let state = self.state_at(now, hours);
        let own = matches!(deed, Deed::Add(_) | Deed::Choose(_) | Deed::SendUp(..));
        match deed {
            _ if own && state == State::Asked => {
                return Err(Refused("Someone owes you an answer to this first."));
            }
            _ if own && state == State::Promised => {
                return Err(Refused(
                    "Something is promised for a day that is not over. Say when it happened, or \
                     close this.",
                ));
            }
            Deed::Reword(text) => self.reword(&text)?,
            Deed::Add(option) => self.add(option)?,
            Deed::Alter(n, option) => self.alter(n, option)?,
            Deed::Choose(n) => self.choose(n)?,
            Deed::SendUp(ground, need, to) => self.send_up(ground, need, &to, now)?,
            Deed::Answer(answer, to) => self.answer(&answer, to.as_ref(), now, hours)?,
            Deed::Reply(text) => self.reply(&text, now)?,
            Deed::PassOver(to) => self.pass_over(&to, now, hours)?,
            Deed::SayKept => match state {
                State::Promised | State::Missed => self.state = State::Kept,
                _ => return Err(Refused("Nothing has been promised.")),
            },
            Deed::SayLate => match state {
                State::Missed => self.state = State::Missed,
                State::Promised => return Err(Refused("The promised day is not over yet.")),
                _ => return Err(Refused("Nothing has been promised.")),
            },
            Deed::Close(closing) => {
                if closing.outcome == Outcome::WorkedAround && closing.lesson.trim().is_empty() {
                    return Err(Refused("Say how you worked around it, so that others can."));
                }
                self.end_turn(now, Ended::Withdrawn);
                self.state = State::Closed;
                self.closing = Some(closing);
            }
        }
        Ok(())
    }

    fn reword(&mut self, text: &str) -> Result<(), Refused> {
        self.unread()?;
        self.text = Self::new(text)?.text;
        Ok(())
    }

    /// Refuses what is only for words that nobody else has read.
    fn unread(&self) -> Result<(), Refused> {
        match self.round {
            0 => Ok(()),
            _ => Err(Refused(
                "Others have read it like this already. Close it, and write down another.",
            )),
        }
    }

    fn alter(&mut self, n: usize, option: Choice) -> Result<(), Refused> {
        self.unread()?;
        if option.text.trim().is_empty() {
            return Err(Refused("Say what you could try."));
        }
        let stands = self.options.get_mut(n);
        *stands.ok_or(Refused("There is no such option."))? = option;
        Ok(())
    }

    fn add(&mut self, option: Choice) -> Result<(), Refused> {
        if option.text.trim().is_empty() {
            return Err(Refused("Say what you could try."));
        }
        self.options.push(option);
        // What became of a promise stays to be read, and to be said.
        if matches!(self.state, State::Draft | State::Answered) {
            self.state = State::WithOptions;
        }
        Ok(())
    }

    fn choose(&mut self, n: usize) -> Result<(), Refused> {
        if n >= self.options.len() {
            return Err(Refused("There is no such option."));
        }
        self.chosen = Some(n);
        if matches!(self.state, State::WithOptions | State::Answered) {
            self.state = State::Chosen;
        }
        Ok(())
    }

    fn send_up(&mut self, ground: Ground, need: Need, to: &To, now: Time) -> Result<(), Refused> {
        if ground == Ground::OwnOption && self.options.is_empty() {
            return Err(Refused(
                "Add at least one option of your own first, or choose “Think with me”.",
            ));
        }
        if need.what.trim().is_empty() || need.whom.trim().is_empty() {
            return Err(Refused("A need names what, from whom, and by when."));
        }
        if to.level != Level::Manager {
            return Err(Refused("A need goes to your manager first."));
        }
        self.ground = Some(ground);
        self.need = Some(need);
        self.turns.clear();
        self.promised = None;
        self.round += 1;
        self.state = State::Asked;
        self.begin_turn(to, now);
        Ok(())
    }

    fn answer(
        &mut self,
        answer: &Answer,
        to: Option<&To>,
        now: Time,
        hours: &Hours,
    ) -> Result<(), Refused> {
        let Some(turn) = self.turn() else {
            return Err(Refused("Nobody waits for an answer to this."));
        };
        if let Some(lack) = answer.lacks(hours.date(now)) {
            return Err(Refused(lack));
        }
        match answer {
            Answer::OneQuestion { .. } if turn.clock.paused_at.is_some() => {
                return Err(Refused("You have asked your one question."));
            }
            Answer::OneQuestion { .. } => {
                if let Some(turn) = self.turns.last_mut() {
                    turn.clock.paused_at = Some(now);
                }
            }
            Answer::PassedUp { .. } => {
                let above = self.levels_above(true);
                let Some(to) = to.filter(|to| above.contains(&to.level)) else {
                    return Err(Refused("There is nobody above you to pass this to."));
                };
                self.end_turn(now, Ended::Backed);
                self.begin_turn(to, now);
            }
            Answer::Backed { until, .. } => {
                self.end_turn(now, Ended::Answered);
                self.promised = Some(*until);
                self.state = State::Promised;
            }
            Answer::Another { .. } | Answer::No { .. } => {
                self.end_turn(now, Ended::Answered);
                self.state = State::Answered;
            }
        }
        Ok(())
    }

    fn reply(&mut self, text: &str, now: Time) -> Result<(), Refused> {
        if !self.turn().is_some_and(|turn| turn.clock.is_paused()) {
            return Err(Refused("No question waits for you."));
        }
        if text.trim().is_empty() {
            return Err(Refused("Write your answer to the question."));
        }
        if let Some(turn) = self.turns.last_mut() {
            turn.clock.resumed_at = Some(now);
        }
        Ok(())
    }

    fn pass_over(&mut self, to: &To, now: Time, hours: &Hours) -> Result<(), Refused> {
        let broken = self.is_unsaid(now, hours);
        if !broken && self.reading(now, hours) != Some(Reading::Late) {
            return Err(Refused(
                "It can be passed up once the promised time is well over.",
            ));
        }
        if !self.levels_above(false).contains(&to.level) {
            return Err(Refused("There is nobody above to pass this to."));
        }
        if broken {
            // A round holds one promise. This is another, which goes on where the last one ended.
            self.round += 1;
            self.promised = None;
            self.state = State::Asked;
        } else {
            self.end_turn(now, Ended::Silent);
        }
        self.begin_turn(to, now);
        Ok(())
    }

    fn begin_turn(&mut self, to: &To, now: Time) {
        self.turns.push(Turn {
            level: to.level,
            responder: to.responder.clone(),
            clock: Clock::start(now, to.owed),
            ended: None,
        });
    }

    fn end_turn(&mut self, now: Time, how: Ended) {
        if self.state == State::Asked
            && let Some(turn) = self.turns.last_mut()
        {
            turn.ended = Some((now, how));
        }
    }
}

/// What the CRM's need-state field says of a need that was sent up: whose turn it is, by when; none
/// once it was answered.
pub fn need_state(turn: Option<(Level, Option<Time>)>, now: Time) -> &'static str {
    match turn {
        Some((_, Some(due))) if due <= now => "Overdue",
        Some((level, _)) => level.need_state(),
        None => "Answered",
    }
}

/// Beginnings offered to someone whose words open as blame. Optional, all three.
pub const STARTERS: [&str; 3] = [
    "What can I do to…",
    "How could I make it easier for them to…",
    "What would I need to know to…",
];

/// Whether a text opens by asking why others do or do not do something.
pub fn opens_as_blame(text: &str) -> bool {
    const OPENINGS: [&str; 6] = [
        "why ",
        "who ",
        "when will ",
        "when are ",
        "they never",
        "they always",
    ];
    const OTHERS: [&str; 12] = [
        "they",
        "them",
        "he",
        "she",
        "nobody",
        "product",
        "legal",
        "marketing",
        "management",
        "support",
        "finance",
        "pricing",
    ];
    let text = text.trim_start().to_lowercase();
    let opens = OPENINGS.iter().any(|opening| text.starts_with(opening));
    let first: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(6)
        .collect();
    let others = first.iter().any(|word| OTHERS.contains(word));
    let mine = first.iter().any(|word| ["i", "we", "me"].contains(word));
    (opens && others && !mine) || text.starts_with("who dropped") || text.starts_with("whose fault")
}

#[cfg(test)]
#[path = "obstacle_tests.rs"]
mod tests;
