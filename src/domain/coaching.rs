//! Coaching notes: questions back to the seller, never a line to recite.
//!
//! A note for the CRM and a note for the seller alone are different types, so that a private one
//! cannot reach the CRM by mistake. The texts stand in the framework file; here is when to ask.

use serde::{Deserialize, Serialize};

use super::cadence::State;
use super::grade::{Assessment, Dimension, GOOD_ENOUGH, Grade};
use super::rubric::Rubric;
use super::rubric::caps::Cap;
use super::rubric::clause;
use super::rubric::file::RubricFile;
use super::rubric::heard::Heard;
use super::strategy::{Answers, Part};

/// A question that may be shown in the CRM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its name, such as `why_way`; "does not apply here" is remembered by it.
    pub name: String,
    /// The question, with the seller's own words filled in.
    pub text: String,
}

/// A question for the seller's eyes alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateNote {
    /// Its name, such as `blame`.
    pub name: String,
    /// The question, with the seller's own words filled in.
    pub text: String,
}

/// The name of every note; each has its text in the framework file.
pub const NOTES: [&str; 18] = [
    "customer_action",
    "person",
    "why_way",
    "gain",
    "waiting",
    "no_obstacle",
    "one_option",
    "price_first",
    "evidence",
    "single",
    "date",
    "need_open",
    "stage_moved",
    "activity",
    "strong",
    "not_mine",
    "copy",
    "blame",
];

/// The most words quoted in a question.
const MOST_QUOTED: usize = 8;
/// The most notes shown at once, in the CRM and on pages.
pub const MOST_NOTES: usize = 2;
/// With fewer ways open than this the seller is asked for another.
const FEWEST_WAYS: usize = 2;

/// Questions that fit any plan, and the signals of which any answers them; about the next step it is always
/// by when one will know.
const ANY_PLAN: [(Dimension, &str, &[&str]); 4] = [
    (Dimension::Goal, "gain", &[]),
    (Dimension::Approach, "why_way", &["reason_who"]),
    (Dimension::Customer, "evidence", &["said"]),
    (Dimension::Ownership, "one_option", &["option", "fallback"]),
];

/// The question that where a deal stands raises: it moved to another stage, named as people call it,
/// or its check date has passed.
pub fn of_state(state: State, stage: &str, rubric: &Rubric) -> Option<Note> {
    match state {
        State::StageMovedOn if !stage.is_empty() => Some(note("stage_moved", stage, rubric.file())),
        State::PastCheckDate => Some(note("date", "", rubric.file())),
        _ => None,
    }
}

/// The questions that apply to a deal: the one that where it stands raises, then those that its words
/// raise, but none of which the seller said "does not apply here"; of the rest the first
/// [`MOST_NOTES`].
pub fn applying(raised: Option<Note>, notes: &[Note], dismissed: &[String]) -> Vec<Note> {
    let mut asked = arising(raised, notes);
    asked.retain(|note| !dismissed.contains(&note.name));
    asked.truncate(MOST_NOTES);
    asked
}

/// Of these questions those to ask while the seller still writes: none about a part that is empty so
/// far.
pub fn so_far(notes: &[Note], answers: &Answers) -> Vec<Note> {
    let is_begun = |note: &&Note| {
        let part = match note.name.as_str() {
            "customer_action" | "gain" => Part::ConversationGoal,
            "why_way" => Part::Approach,
            "no_obstacle" | "one_option" | "price_first" | "date" => Part::Obstacles,
            _ => return true,
        };
        !answers.part(part).trim().is_empty()
    };
    notes.iter().filter(is_begun).cloned().collect()
}

/// The questions that would be asked if the seller had not said "does not apply here".
pub fn not_applying(raised: Option<Note>, notes: &[Note], dismissed: &[String]) -> Vec<Note> {
    let mut left = arising(raised, notes);
    left.retain(|note| dismissed.contains(&note.name));
    left
}

fn arising(raised: Option<Note>, notes: &[Note]) -> Vec<Note> {
    let again = |note: &&Note| raised.as_ref().is_some_and(|it| it.name == note.name);
    let others: Vec<Note> = notes.iter().filter(|it| !again(it)).cloned().collect();
    raised.into_iter().chain(others).collect()
}

/// The questions for the seller's eyes alone that apply to a deal.
pub fn private_applying(notes: &[PrivateNote], dismissed: &[String]) -> Vec<PrivateNote> {
    let notes = notes.iter();
    let stay = notes.filter(|note| !dismissed.contains(&note.name));
    stay.cloned().collect()
}

/// What is said of a strategy that reads like the one for another deal: there is nothing to score
/// in it yet, and a question for the seller alone.
pub fn copied(other_deal: &str, rubric: &Rubric) -> Assessment {
    Assessment {
        private_notes: vec![private("copy", other_deal, rubric.file())],
        ..Assessment::unscored(Grade::NotEnoughYet)
    }
}

/// When a note for the CRM is asked.
struct Occasion {
    name: &'static str,
    /// The signals whose words it quotes, the first that was heard.
    quotes: &'static [&'static str],
    about: Dimension,
    /// The part whose words it may quote; none for any.
    of_part: Option<Part>,
    arises: fn(&Heard) -> bool,
}

/// In the order in which they are asked where dimensions are equally weak.
const OCCASIONS: [Occasion; 12] = [
    Occasion {
        name: "waiting",
        quotes: &["waiting"],
        about: Dimension::NextStep,
        of_part: None,
        arises: |it| it.any(&["waiting"]),
    },
    Occasion {
        name: "person",
        quotes: &[],
        about: Dimension::Customer,
        of_part: None,
        arises: |it| !it.any(&["role", "person", "decides"]),
    },
    Occasion {
        name: "evidence",
        quotes: &[],
        about: Dimension::Customer,
        of_part: None,
        arises: |it| !it.any(&["said"]),
    },
    Occasion {
        name: "single",
        quotes: &[],
        about: Dimension::Customer,
        of_part: None,
        arises: |it| it.single_contact.is_some(),
    },
    Occasion {
        name: "customer_action",
        quotes: &["pitch"],
        about: Dimension::Goal,
        of_part: Some(Part::ConversationGoal),
        arises: |it| {
            it.any(&["pitch"])
                && (it.any(&["only_pitch"]) || !it.any(&["decides", "they_decide", "brings"]))
        },
    },
    Occasion {
        name: "gain",
        quotes: &["close"],
        about: Dimension::Goal,
        of_part: Some(Part::ConversationGoal),
        arises: |it| it.any(&["close"]),
    },
    Occasion {
        name: "why_way",
        quotes: &[],
        about: Dimension::Approach,
        of_part: None,
        arises: |it| !it.any(&["reason", "rejected", "therefore"]),
    },
    Occasion {
        name: "no_obstacle",
        quotes: &[],
        about: Dimension::Ownership,
        of_part: None,
        arises: names_no_obstacle,
    },
    Occasion {
        name: "price_first",
        quotes: &["price_cut"],
        about: Dimension::Ownership,
        of_part: None,
        arises: |it| it.any(&["price_cut"]),
    },
    Occasion {
        name: "one_option",
        quotes: &["option", "overcome", "own_deed_who", "own_deed"],
        about: Dimension::Ownership,
        of_part: Some(Part::Obstacles),
        // What stands in the way comes before the ways around it.
        arises: |it| it.plain.ways < FEWEST_WAYS && !names_no_obstacle(it),
    },
    Occasion {
        name: "need_open",
        quotes: &[],
        about: Dimension::NextStep,
        of_part: None,
        arises: |it| it.plain.has_need && !it.any(&["day_who"]),
    },
    Occasion {
        name: "date",
        quotes: &[],
        about: Dimension::NextStep,
        of_part: None,
        arises: |it| !has_a_day(it),
    },
];

fn has_a_day(heard: &Heard) -> bool {
    heard.plain.has_check_date || heard.any(&["day", "deadline"])
}

fn names_no_obstacle(heard: &Heard) -> bool {
    heard.plain.obstacles_empty && !heard.any(&["overcome", "fallback"])
}

/// Whether a question is asked however good the part it is about may be: a day to come makes no plan of
/// waiting for it.
fn is_always_asked(name: &str) -> bool {
    name == "waiting"
}

/// Adds every question that the findings raise, about the weakest dimensions first; [`applying`] says
/// which of them are asked.
pub fn add_notes(assessment: &mut Assessment, heard: &Heard, answers: &Answers, file: &RubricFile) {
    let cap = heard.cap().map(|held| held.cap);
    let mut quoted: Vec<String> = Vec::new();
    assessment.notes = public_names(assessment, heard, cap)
        .into_iter()
        .map(|name| {
            let words = once(&mut quoted, words_for(name, heard, answers));
            only_true_praise(note(name, &words, file), heard)
        })
        .collect();
    assessment.private_notes = private_names(assessment, heard, cap)
        .into_iter()
        .map(|name| private(name, &words_for(name, heard, answers), file))
        .collect();
}

/// The seller's words, unless another question quotes them already.
fn once(quoted: &mut Vec<String>, words: String) -> String {
    let holds = |it: &String| it.contains(&words) || words.contains(it.as_str());
    if words.is_empty() || quoted.iter().any(holds) {
        return String::new();
    }
    quoted.push(words.clone());
    words
}

/// A Strong plan is told what makes it one, where that holds in every word; otherwise it is only asked.
fn only_true_praise(mut note: Note, heard: &Heard) -> Note {
    let is_true = heard.plain.ways >= FEWEST_WAYS && has_a_day(heard);
    if note.name == "strong"
        && !is_true
        && let Some((_, question)) = note.text.rsplit_once(". ")
    {
        note.text = question.to_owned();
    }
    note
}

fn public_names(assessment: &Assessment, heard: &Heard, cap: Option<Cap>) -> Vec<&'static str> {
    match (cap, assessment.grade) {
        (Some(Cap::ActivityCounts), _) => vec!["activity"],
        (_, Grade::NotEnoughYet) => Vec::new(),
        (_, Grade::Strong) => vec!["strong"],
        // Nothing but blame: what could be moved is asked of its seller alone.
        _ if is_stuck(assessment, heard) && heard.holds(Cap::OnlyBlame) => Vec::new(),
        _ => {
            let mut raised: Vec<&Occasion> = OCCASIONS
                .iter()
                .filter(|it| {
                    assessment.dims.of(it.about) <= GOOD_ENOUGH || is_always_asked(it.name)
                })
                .filter(|it| (it.arises)(heard))
                .collect();
            raised.sort_by_key(|it| assessment.dims.of(it.about));
            match raised.is_empty() {
                true => vec![of_any_plan(assessment, heard)],
                false => raised.into_iter().map(|it| it.name).collect(),
            }
        }
    }
}

/// The question about what is weakest that fits any plan and is not answered yet: a grade that leaves
/// something open never comes without one.
fn of_any_plan(assessment: &Assessment, heard: &Heard) -> &'static str {
    let (next, dims) = (assessment.dims.next_step, &assessment.dims);
    if ANY_PLAN.iter().all(|it| next < dims.of(it.0)) && !has_a_day(heard) {
        return "date";
    }
    let open = ANY_PLAN.iter().filter(|it| !heard.any(it.2));
    let weakest = open.min_by_key(|it| assessment.dims.of(it.0));
    weakest.map_or("gain", |it| it.1)
}

/// Whether fault is put on others, and no way of the seller's own goes with it.
fn is_stuck(assessment: &Assessment, heard: &Heard) -> bool {
    assessment.dims.ownership <= 1 && heard.any(&["blame"])
}

/// Where there is not enough to assess, the question stays between Latitude and the seller.
fn private_names(assessment: &Assessment, heard: &Heard, cap: Option<Cap>) -> Vec<&'static str> {
    let mut names = Vec::new();
    if assessment.grade == Grade::NotEnoughYet && cap != Some(Cap::ActivityCounts) {
        let is_known = heard.any(&["role", "person", "decides"]);
        names.push(if is_known { "evidence" } else { "person" });
    }
    if heard.any(&["blame_opening"]) {
        names.push("blame");
    } else if is_stuck(assessment, heard) {
        names.push("not_mine");
    }
    names
}

/// The seller's own words that a question is about: the only person named, or what raised it.
fn words_for(name: &str, heard: &Heard, answers: &Answers) -> String {
    if name == "single" {
        let contact = heard.single_contact.as_deref();
        return contact.unwrap_or("your contact").to_owned();
    }
    let public = OCCASIONS.iter().find(|it| it.name == name);
    let signals = match name {
        "blame" => &["blame_opening"][..],
        "not_mine" => &["blame"],
        _ => public.map_or(&[][..], |it| it.quotes),
    };
    let raised = signals.iter().flat_map(|signal| heard.of_signal(signal));
    let of_part = public.and_then(|it| it.of_part);
    let words = raised
        .filter(|found| of_part.is_none_or(|part| part == found.part))
        .filter_map(|found| {
            let text = answers.part(found.part);
            let (start, end) = clause::around(text, found.start, found.end);
            text.get(start..end)
        })
        .next();
    words.map(quoted).unwrap_or_default()
}

/// The first words, so that a quote stays shorter than the question.
fn quoted(words: &str) -> String {
    let mut all = words.split_whitespace();
    let first: Vec<&str> = all.by_ref().take(MOST_QUOTED).collect();
    let first = first.join(" ");
    match all.next() {
        Some(_) => format!("{} …", clause::whole_phrase(&first)),
        None => first,
    }
}

fn note(name: &str, words: &str, file: &RubricFile) -> Note {
    Note {
        name: name.to_owned(),
        text: filled(name, words, file),
    }
}

fn private(name: &str, words: &str, file: &RubricFile) -> PrivateNote {
    PrivateNote {
        name: name.to_owned(),
        text: filled(name, words, file),
    }
}

/// The question; the seller's words stand where it has a place for them, otherwise before it.
fn filled(name: &str, words: &str, file: &RubricFile) -> String {
    let Some(text) = file.coaching.get(name) else {
        return String::new();
    };
    if words.is_empty() || text.contains("{x}") {
        return text.replace("{x}", words);
    }
    format!("“{words}”: {text}")
}
