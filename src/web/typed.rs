//! What the panel's form sends, and what is said of it once it was published.

use std::collections::HashMap;

use serde::Deserialize;

use super::day;
use super::error::Problem;
use crate::domain::field::Field;
use crate::domain::strategy::Answers;
use crate::sync::publish::Published;

/// A box that a seller ticks to take a field's words back is called this and the field's name.
const TAKE_BACK: &str = "take_back_";

/// What the panel's form sends. A field that it does not send says nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// See [`crate::domain::strategy::Part::CustomerOutcome`].
    pub customer_outcome: Option<String>,
    /// See [`crate::domain::strategy::Part::ConversationGoal`].
    pub conversation_goal: Option<String>,
    /// See [`crate::domain::strategy::Part::Approach`].
    pub approach: Option<String>,
    /// See [`crate::domain::strategy::Part::Obstacles`].
    pub obstacles: Option<String>,
    /// See [`crate::domain::strategy::Part::Need`].
    pub need: Option<String>,
    /// A date, or nothing.
    pub check_on: Option<String>,
    /// A percentage, or nothing where the seller would rather not say.
    pub confidence: Option<String>,
    /// The version the seller started from.
    pub base: String,
    /// The window of the browser; see [`super::windows`].
    pub window: String,
    /// The mark of the draft that stood in the form when it was opened.
    pub seen: String,
    /// The boxes that are ticked, among what else the form carries.
    #[serde(flatten)]
    besides: HashMap<String, String>,
}

impl Typed {
    /// The answers; line ends as the rest of Latitude writes them. A check date that cannot be read
    /// is none: whoever keeps what was typed asks [`Typed::check`] first.
    pub fn answers(&self) -> Answers {
        let text = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default();
            text.replace("\r\n", "\n")
        };
        Answers {
            customer_outcome: text(&self.customer_outcome),
            conversation_goal: text(&self.conversation_goal),
            approach: text(&self.approach),
            obstacles: text(&self.obstacles),
            check_on: self.check_on.as_deref().and_then(day::read),
            need: text(&self.need),
        }
    }

    /// Refuses in words what would be dropped without a word otherwise.
    ///
    /// # Errors
    /// [`Problem::Unfit`]: which field, what is wrong with it, and the remedy.
    pub fn check(&self) -> Result<(), Problem> {
        let check_on = self.check_on.as_deref().unwrap_or_default();
        day::said(Field::CheckOn.label(), check_on)?;
        match self.confidence.as_deref().unwrap_or_default().trim() {
            "" => Ok(()),
            _ if matches!(self.confidence(), Some(Some(_))) => Ok(()),
            other => Err(Problem::Unfit(format!(
                "Confidence: “{other}” is no percentage from 10 to 90. Pick one of those, or none."
            ))),
        }
    }

    /// 10 to 90 percent; `Some(None)` where the seller would rather not say; nothing where the form
    /// did not ask.
    pub fn confidence(&self) -> Option<Option<i64>> {
        match self.confidence.as_deref()?.trim() {
            "" => Some(None),
            text => {
                let percent: i64 = text.parse().ok()?;
                (10..=90).contains(&percent).then_some(Some(percent))
            }
        }
    }

    /// The fields whose words are taken back: emptied, and the box beside them ticked.
    pub fn taken_back(&self) -> Vec<Field> {
        let names = self.besides.keys();
        let ticked = names.filter_map(|it| Field::named(it.strip_prefix(TAKE_BACK)?));
        ticked.collect()
    }

    /// The version the seller started from; 0 for none.
    pub fn base(&self) -> i64 {
        self.base.parse().unwrap_or(0)
    }

    /// The window of the browser, where what was sent can be the name of one.
    pub fn window(&self) -> &str {
        let is_name = |it: &&str| it.len() <= 40 && it.bytes().all(|b| b.is_ascii_alphanumeric());
        Some(self.window.as_str()).filter(is_name).unwrap_or("")
    }

    /// The fields that were shown, came back empty, and were not said to be taken back, though
    /// something stands there.
    pub fn left_as_they_stood(&self, before: &Answers) -> Vec<Field> {
        let sent = |field: &Field| {
            let text = match field {
                Field::CustomerOutcome => &self.customer_outcome,
                Field::ConversationGoal => &self.conversation_goal,
                Field::Approach => &self.approach,
                Field::Obstacles => &self.obstacles,
                Field::CheckOn => &self.check_on,
                _ => &self.need,
            };
            text.is_some()
        };
        let back = self.taken_back();
        let mut left = before.missing_in(&self.answers());
        left.retain(|it| sent(it) && !back.contains(it));
        left
    }
}

/// What became of a publish.
#[derive(Clone, Debug)]
pub struct Became {
    /// Of the words.
    pub published: Published,
    /// Fields that came back empty and hold what they held.
    pub left: Vec<Field>,
    /// Whether another confidence was noted.
    pub confidence: bool,
}

impl Became {
    fn word(&self) -> &'static str {
        match self.published {
            Published::Unchanged(_) if self.confidence => "confidence",
            Published::Unchanged(_) => "nothing",
            _ => "",
        }
    }

    /// What is to be said of it; nothing where what stands on the page says it.
    pub fn note(&self) -> Option<String> {
        note(self.word(), &self.left)
    }

    /// The same, for the page that comes next: what to put behind its address.
    pub fn query(&self) -> String {
        let left: Vec<&str> = self.left.iter().map(|it| it.name()).collect();
        match (self.word(), left.join(".")) {
            ("", left) if left.is_empty() => String::new(),
            (word, left) => format!("?became={word}&left={left}"),
        }
    }
}

/// What a panel is asked to say of the publish before it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wish {
    became: String,
    left: String,
}

impl Wish {
    /// The sentence.
    pub fn note(&self) -> Option<String> {
        let left: Vec<Field> = self.left.split('.').filter_map(Field::named).collect();
        note(&self.became, &left)
    }
}

fn note(became: &str, left: &[Field]) -> Option<String> {
    if left.is_empty() {
        let sentence = match became {
            "confidence" => "Your confidence is kept. The words are as you published them before.",
            "closing" => "Your look back is kept. You can change it whenever you like.",
            "dismissed" => {
                "Noted: this does not apply here. You can have it asked again below the grade."
            }
            "again" => "Noted: it is asked again.",
            "away" => "Put away. It stays on the deal’s page.",
            "nothing" => "Nothing has changed since you last published.",
            _ => return None,
        };
        return Some(sentence.to_owned());
    }
    let left: Vec<&str> = left.iter().map(|it| it.label()).collect();
    Some(format!(
        "Not changed: {}. Clearing a field does not delete it. To remove it here and in the CRM, clear \
         it and tick “Remove this answer”.",
        left.join(", ")
    ))
}
