//! Everything that was heard in one strategy, before anything is weighed.

use super::blame;
use super::caps::Cap;
use super::contact;
use super::helpless;
use super::holds;
use super::mixed::Marked;
use super::ownership;
use super::reading::{Reading, Span};
use super::whole;
use super::{CHECK_DATE, Compiled, Rubric, signals};
use crate::domain::grade::{Dimension, Finding};
use crate::domain::strategy::{Answers, Part};

/// A strategy with everything that was heard in it.
#[derive(Debug)]
pub struct Heard {
    /// Per signal, in the order of [`signals`], what was heard, the same words once.
    pub signals: Vec<(&'static str, Vec<Finding>)>,
    /// What speaks against the whole, the hardest first.
    pub caps: Vec<Held>,
    /// Percent added to what is earned, because the text is short and dense.
    pub density: i32,
    /// The words for the only person named, where there is just one.
    pub single_contact: Option<String>,
    /// What the coaching needs to know beyond the signals.
    pub plain: Plain,
    /// The sentences in which the seller can only wait, in the order of the text.
    helpless: Vec<Finding>,
}

/// A cap that holds, more or less.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which one.
    pub cap: Cap,
    /// How strongly, in percent.
    pub strength: i32,
    /// The words that show it.
    pub evidence: Vec<Finding>,
}

/// From this strength on a cap is what a text is, not only what it leans to; in percent.
pub const HOLDS: i32 = 50;

/// Plain facts about the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Nothing stands under obstacles, or only that there are none.
    pub obstacles_empty: bool,
    /// How many ways of the seller's own there are.
    pub ways: usize,
    /// The answer about the approach, where there is one, or the goal says why, or instead of what.
    pub argued: bool,
    /// The answer about the customer holds a fact, and someone there by role.
    pub customer_told: bool,
    /// A need is written down.
    pub has_need: bool,
    /// A check date is set.
    pub has_check_date: bool,
}

impl Heard {
    /// Reads a strategy and listens for every signal.
    pub fn in_answers(answers: &Answers, rubric: &Rubric) -> Self {
        Self::of(answers, &rubric.compiled)
    }

    pub(super) fn of(answers: &Answers, rubric: &Compiled) -> Self {
        let reading = Reading::of(answers, &rubric.lexicon);
        let mut signals: Vec<(&'static str, Vec<Finding>)> = signals()
            .map(|signal| {
                (
                    signal.name,
                    findings(&reading, signal.name, &(signal.find)(&reading)),
                )
            })
            .collect();
        if answers.check_on.is_some()
            && let Some((_, found)) = signals.iter_mut().find(|(name, _)| *name == CHECK_DATE)
        {
            found.push(check_date());
        }
        let caps = holds::held(&reading, &rubric.prompts, &rubric.file.caps)
            .into_iter()
            .map(|(cap, strength)| Held {
                cap,
                strength,
                evidence: findings(&reading, cap.name(), &cap.evidence(&reading)),
            })
            .collect();
        let plain = Plain {
            customer_told: ["fact", "role"].into_iter().all(|name| {
                let mut heard = signals.iter().filter(|(other, _)| *other == name);
                let is_there = |it: &Finding| it.part == Part::CustomerOutcome;
                heard.any(|(_, found)| found.iter().any(is_there))
            }),
            argued: argued(&reading, &signals),
            obstacles_empty: whole::says_nothing(&reading, Part::Obstacles),
            ways: ownership::ways(&reading, &blame::blame(&reading)),
            has_need: !answers.need.trim().is_empty(),
            has_check_date: answers.check_on.is_some(),
        };
        let helpless = findings(&reading, "helpless", &helpless::sentences(&reading));
        let single_contact = contact::single_contact(&reading);
        let density = whole::density(&reading, &rubric.file.brevity);
        Self {
            signals,
            caps,
            density,
            single_contact,
            plain,
            helpless,
        }
    }

    /// What the text is instead of a strategy, if it is.
    pub fn cap(&self) -> Option<&Held> {
        self.caps
            .iter()
            .find(|held| held.cap != Cap::OnlyBlame && held.strength >= HOLDS)
    }

    /// Whether this is what the text is, not only what it leans to.
    pub fn holds(&self, cap: Cap) -> bool {
        let mut held = self.caps.iter().filter(|held| held.cap == cap);
        held.any(|held| held.strength >= HOLDS)
    }

    /// Whether words stand where the seller can only wait: they make no plan, though they may say much
    /// about the customer.
    pub fn is_helpless(&self, finding: &Finding) -> bool {
        let at = (finding.part, finding.start);
        let in_order = |it: &Finding| (it.part, it.start) <= at;
        let begun = self.helpless.partition_point(in_order);
        let nearest = begun.checked_sub(1).and_then(|n| self.helpless.get(n));
        nearest.is_some_and(|it| it.part == finding.part && finding.end <= it.end)
    }

    /// What was heard of one signal.
    pub fn of_signal(&self, name: &str) -> &[Finding] {
        self.signals
            .iter()
            .find(|(other, _)| *other == name)
            .map_or(&[], |(_, found)| found)
    }

    /// Whether any of these signals was heard.
    pub fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| !self.of_signal(name).is_empty())
    }
}

/// What is told of them in the answer about the approach is why it suits them.
const WHY_THEM: [&str; 5] = ["said", "feels", "wants", "happened", "stake"];

/// Whether the answer about the approach, or the one about the goal, says why this way or instead of what:
/// what stands in the way is no way. An empty one may be answered elsewhere.
fn argued(reading: &Reading, signals: &[(&'static str, Vec<Finding>)]) -> bool {
    let of_approach = |span: &Span| {
        let part = reading.tokens.get(span.first).map(|it| it.part);
        part == Some(Part::Approach)
    };
    let told = reading.parts().into_iter().find(of_approach);
    if told.is_none_or(|part| whole::telling_words_of(reading, &part).is_none()) {
        return true;
    }
    let is_own = |name: &str| {
        let mut own = super::own_signals(Dimension::Approach).iter();
        own.any(|signal| signal.name == name)
    };
    signals.iter().any(|(name, found)| {
        let of_them = WHY_THEM.contains(name);
        found.iter().any(|it| match it.part {
            Part::Approach => of_them || is_own(name),
            Part::ConversationGoal => is_own(name),
            _ => false,
        })
    })
}

/// A date field has no words to quote: its range is empty.
fn check_date() -> Finding {
    Finding {
        rule: CHECK_DATE.to_owned(),
        dimension: None,
        part: Part::ConversationGoal,
        start: 0,
        end: 0,
        points: 0,
    }
}

/// The spans as findings without points, the same words once.
fn findings(reading: &Reading, rule: &str, spans: &[Span]) -> Vec<Finding> {
    let mut quoted = Marked::default();
    spans
        .iter()
        .filter(|span| quoted.insert(reading.words(**span)))
        .filter_map(|span| {
            let (first, last) = (
                reading.tokens.get(span.first)?,
                reading.tokens.get(span.last)?,
            );
            Some(Finding {
                rule: rule.to_owned(),
                dimension: None,
                part: first.part,
                start: first.start,
                end: last.end,
                points: 0,
            })
        })
        .collect()
}
