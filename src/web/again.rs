//! A form that was not taken, made anew: each field under the words it had on its page, with what was
//! written into it, ready to be put right and sent once more.

use super::csrf::Wrote;
use super::error::Problem;
use super::{day, mine, tokens};
use crate::domain::field::Field as Part;
use crate::domain::obstacle::kinds::{Ground, Kind, Outcome};
use crate::domain::week::Became;

/// How a field is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It goes along unseen.
    Hidden,
    /// Some lines of words.
    Long,
    /// One line.
    Line,
    /// A day.
    Day,
    /// A number.
    Number,
    /// One of some.
    Pick,
    /// A box to tick.
    Tick,
}

/// One field.
pub struct Field {
    /// The name it is sent under.
    pub name: String,
    /// What it is called on its page.
    pub label: String,
    /// What was written.
    pub value: String,
    /// How it is filled in.
    pub how: How,
    /// What there is to pick from: word, label.
    pub choices: Vec<(&'static str, &'static str)>,
    /// What some boxes are about that begin with this one; empty for any other field.
    pub opens: &'static str,
    /// Whether such boxes end with this one.
    pub closes: bool,
}

impl Field {
    /// What was written or picked, as a person reads it.
    pub fn told(&self) -> &str {
        let picked = self.choices.iter().find(|(word, _)| *word == self.value);
        picked.map_or(self.value.as_str(), |(_, label)| label)
    }

    /// Whether a person wrote something here.
    pub fn is_written(&self) -> bool {
        self.how != How::Hidden && !self.value.trim().is_empty()
    }
}

/// Whether something is asked for that nobody filled in.
pub fn lacks(fields: &[Field]) -> bool {
    let mut seen = fields.iter().filter(|it| it.how != How::Hidden);
    seen.any(|it| it.value.is_empty())
}

/// Whether sending a form once more, put right, can help: not where its page has to be read first,
/// since it was made of something that has changed.
pub fn helps(problem: &Problem, fields: &[Field]) -> bool {
    match problem {
        Problem::Unfit(_) | Problem::Refused(_) | Problem::TooSlow => true,
        Problem::Conflict(_) => !fields
            .iter()
            .any(|it| it.name == "seen" || it.name == "base"),
        _ => false,
    }
}

/// What a form carries besides what a person filled in: where it came from, and what it was made of.
const UNSEEN: [&str; 14] = [
    "base",
    "window",
    "seen",
    "connection",
    "next",
    "person",
    "again",
    "deal",
    "anyway",
    "option",
    "note",
    "pick",
    "aside",
    "answered",
];

/// The fields of a form, by where it was sent.
pub fn fields(path: &str, wrote: &Wrote) -> Vec<Field> {
    let form = form_of(path, wrote);
    let mut fields: Vec<Field> = wrote
        .0
        .iter()
        .map(|(name, value)| field(&form, name, value))
        .collect();
    // What was not picked is not sent, and is asked for all the same.
    let wanted: &[&str] = match form.as_str() {
        "send" => &["ground", "what", "whom", "by"],
        "close" if wrote.get("answered").is_empty() => &["outcome"],
        "close" => &["outcome", "helped"],
        "token" => &tokens::BOXES,
        "lighten" => &["sure"],
        _ => &[],
    };
    for name in wanted {
        if !fields.iter().any(|it| it.name == *name) {
            fields.push(field(&form, name, ""));
        }
    }
    let order = order_of(&form);
    fields.sort_by_key(|it| {
        let place = order.iter().position(|name| *name == it.name);
        place.unwrap_or(order.len())
    });
    let boxes = |it: &&mut Field| it.name.starts_with(tokens::BOX);
    if let Some(first) = fields.iter_mut().find(boxes) {
        first.opens = tokens::BOXES_OPEN;
    }
    if let Some(last) = fields.iter_mut().rfind(boxes) {
        last.closes = true;
    }
    fields
}

/// In which order the fields of a form stand on its page, where some of them may not have been sent.
fn order_of(form: &str) -> &'static [&'static str] {
    match form {
        "send" => &["ground", "what", "whom", "by", "gap"],
        "close" => &["outcome", "helped", "text"],
        "token" => &[
            "name",
            "opens_deals",
            "opens_obstacles",
            "opens_week",
            "opens_promise",
            "opens_pyramid",
            "days",
        ],
        _ => &[],
    }
}

/// The word for a form: its deed, or the kind of answer it gives.
fn form_of(path: &str, wrote: &Wrote) -> String {
    let parts: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    match parts[..] {
        ["obstacles"] => "begin",
        ["obstacles", _, _, "answer"] => wrote.get("kind"),
        ["obstacles" | "deals", _, _, deed] => deed,
        ["panel", _, _] | ["panel", _, _, "draft"] => "panel",
        ["panel", _, _, "closing"] => "closing",
        ["week", _] => "week",
        ["promise"] => "promise",
        ["tokens"] => "token",
        ["mine", "all"] => "forget",
        ["mine", "private"] => "lighten",
        _ => "",
    }
    .to_owned()
}

fn field(form: &str, name: &str, value: &str) -> Field {
    let (bare, place) = match name.rsplit_once('_') {
        Some((bare, n)) if n.parse::<u8>().is_ok() => (bare, n.parse::<u8>().ok()),
        _ => (name, None),
    };
    let (label, mut how) = shape(form, bare);
    let label = match (label.is_empty(), place) {
        (true, _) => called(name),
        (false, Some(n)) => format!("{label} ({})", n.saturating_add(1)),
        (false, None) => label,
    };
    // Of a long form, what stayed empty is not asked for once more.
    let long = matches!(form, "week" | "panel" | "closing" | "");
    if value.is_empty() && long {
        how = How::Hidden;
    }
    // A field for days shows nothing of what is none.
    if how == How::Day && !value.is_empty() && day::read(value).is_none() {
        how = How::Line;
    }
    Field {
        name: name.to_owned(),
        label,
        value: value.to_owned(),
        how,
        choices: choices(form, bare, value),
        opens: "",
        closes: false,
    }
}

/// What a field is called on its page, and how it is filled in; no name where nobody gave it one.
fn shape(form: &str, name: &str) -> (String, How) {
    let (label, how) = match (form, name) {
        (_, name) if UNSEEN.contains(&name) => ("", How::Hidden),
        ("", "what") => ("", How::Hidden),
        ("question", "text") => ("Ask one question", How::Long),
        ("help", "text") => ("What could you do?", How::Long),
        ("view", "text") => ("Why?", How::Long),
        ("begin" | "reword", "text") => ("What stands in the way?", How::Long),
        ("option" | "alter", "text") => ("What could I try?", How::Long),
        ("option" | "alter", "kind") => ("Kind", How::Pick),
        ("send", "ground") => ("How are you sending it?", How::Pick),
        ("send", "what") => ("What do I need?", How::Long),
        ("send", "whom") => ("From whom?", How::Line),
        ("send", "by") => ("By when would it still matter?", How::Day),
        ("send", "gap") => ("It is a gap in the product", How::Tick),
        ("reply", "text") => ("My answer", How::Long),
        ("backed", "until") => ("I have cleared the time. It will be done by", How::Day),
        ("backed", "text") => ("Anything to add?", How::Long),
        ("one_question", "text") => ("What do I have to know first?", How::Long),
        ("another", "text") => ("Which other option?", How::Long),
        ("another", "more") => ("Because", How::Long),
        ("no", "text") => ("Because (at least 20 characters)", How::Long),
        ("no", "more") => ("What would change this?", How::Long),
        ("passed_up", "text") => ("Why I stand behind it", How::Long),
        ("close", "outcome") => ("What became of it", How::Pick),
        ("close", "helped") => ("Did the answer help?", How::Pick),
        ("close", "text") => ("What made the difference?", How::Long),
        ("promise", "days") => (
            "Within how many business days do I give a real answer?",
            How::Number,
        ),
        ("promise", "text") => ("In my own words", How::Long),
        ("week", "what") => ("What matters", How::Long),
        ("week", "how") => ("How will I get it done?", How::Long),
        ("week", "plan_b") => (
            "What could get in the way, and what is my plan B?",
            How::Long,
        ),
        ("week", "became") => ("Looking back", How::Pick),
        ("week", "difference") => ("What made the difference?", How::Long),
        ("week", "differently") => ("What will I do differently?", How::Long),
        ("week", "need") => ("What do I need from my manager?", How::Long),
        ("week", "proud") => ("What am I proud of?", How::Long),
        ("week", "proud_shared") => ("Share this with my manager", How::Tick),
        ("closing", "answer") => ("My answer", How::Long),
        ("closing", "shared") => ("My manager may read this", How::Tick),
        ("token", "name") => ("What is it for?", How::Line),
        ("token", "days") => ("How long?", How::Pick),
        ("token", name) if name.starts_with(tokens::BOX) => (tokens::label(name), How::Tick),
        ("forget", "sure") => (mine::ASKS, How::Line),
        ("lighten", "sure") => (mine::SURE, How::Tick),
        ("panel", "confidence") => ("Confidence", How::Line),
        ("panel", name) => return part(name),
        // The button that was pressed, and the answer it belongs to.
        ("week" | "closing", _)
        | ("backed" | "one_question" | "another" | "no" | "passed_up", _) => ("", How::Hidden),
        _ => ("", How::Long),
    };
    (label.to_owned(), how)
}

/// A field of the panel.
fn part(name: &str) -> (String, How) {
    if let Some(taken) = name.strip_prefix("take_back_").and_then(Part::named) {
        return (format!("{}: remove this answer", taken.label()), How::Tick);
    }
    let label = Part::named(name).map_or("", Part::label).to_owned();
    match name {
        "check_on" => (label, How::Day),
        _ => (label, How::Long),
    }
}

fn choices(form: &str, name: &str, picked: &str) -> Vec<(&'static str, &'static str)> {
    match (form, name) {
        ("option" | "alter", "kind") => {
            Kind::ALL.iter().map(|it| (it.word(), it.label())).collect()
        }
        // One's own options are a ground only where the page offered it.
        ("send", "ground") => Ground::ALL
            .iter()
            .map(|it| (it.word(), it.label()))
            .filter(|(word, _)| *word != Ground::OwnOption.word() || picked == *word)
            .collect(),
        ("close", "outcome") => Outcome::ALL
            .iter()
            .map(|it| (it.word(), it.label()))
            .collect(),
        ("close", "helped") => vec![("yes", "Yes"), ("no", "No")],
        ("week", "became") => Became::ALL.map(|it| (it.word(), it.label())).to_vec(),
        ("token", "days") => tokens::DAYS
            .iter()
            .map(|(days, label, _)| (*days, *label))
            .collect(),
        _ => Vec::new(),
    }
}

/// The name of a field as a person reads it: `plan_b_0` is `Plan b 1`.
fn called(name: &str) -> String {
    let mut words: Vec<String> = name.split('_').map(str::to_owned).collect();
    if let Some(n) = words.last().and_then(|it| it.parse::<usize>().ok()) {
        words.pop();
        words.push((n.saturating_add(1)).to_string());
    }
    let mut letters = words.join(" ");
    if let Some(first) = letters.get(..1).map(str::to_uppercase) {
        letters.replace_range(..1, &first);
    }
    letters
}
