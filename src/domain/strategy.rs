//! The seller's answers: four texts, a date, a need; and what changed between two versions.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::field::Field;

/// The seller's current answers for one open deal. Nothing in it is mandatory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// What the customer is trying to achieve, and who there cares most.
    pub customer_outcome: String,
    /// What the next conversation should accomplish.
    pub conversation_goal: String,
    /// The way there, and why this way.
    pub approach: String,
    /// What stands in the way, and own options.
    pub obstacles: String,
    /// When the seller will know.
    pub check_on: Option<NaiveDate>,
    /// What is needed, from whom, by when.
    pub need: String,
}

/// One of the texts a seller writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// See [`Answers::customer_outcome`].
    CustomerOutcome,
    /// See [`Answers::conversation_goal`].
    ConversationGoal,
    /// See [`Answers::approach`].
    Approach,
    /// See [`Answers::obstacles`].
    Obstacles,
    /// See [`Answers::need`].
    Need,
}

impl Part {
    /// The four answers, in reading order.
    pub const ANSWERS: [Self; 4] = [
        Self::CustomerOutcome,
        Self::ConversationGoal,
        Self::Approach,
        Self::Obstacles,
    ];
    /// The four answers and the need.
    pub const ALL: [Self; 5] = [
        Self::CustomerOutcome,
        Self::ConversationGoal,
        Self::Approach,
        Self::Obstacles,
        Self::Need,
    ];

    /// The CRM field that holds it.
    pub fn field(self) -> Field {
        match self {
            Self::CustomerOutcome => Field::CustomerOutcome,
            Self::ConversationGoal => Field::ConversationGoal,
            Self::Approach => Field::Approach,
            Self::Obstacles => Field::Obstacles,
            Self::Need => Field::Need,
        }
    }

    /// The plain name, such as `customer_outcome`.
    pub fn name(self) -> &'static str {
        self.field().name()
    }
}

impl Answers {
    /// The text of one part.
    pub fn part(&self, part: Part) -> &str {
        match part {
            Part::CustomerOutcome => &self.customer_outcome,
            Part::ConversationGoal => &self.conversation_goal,
            Part::Approach => &self.approach,
            Part::Obstacles => &self.obstacles,
            Part::Need => &self.need,
        }
    }

    /// The text of one part, to be filled in.
    pub fn part_mut(&mut self, part: Part) -> &mut String {
        match part {
            Part::CustomerOutcome => &mut self.customer_outcome,
            Part::ConversationGoal => &mut self.conversation_goal,
            Part::Approach => &mut self.approach,
            Part::Obstacles => &mut self.obstacles,
            Part::Need => &mut self.need,
        }
    }

    /// Whether the seller has written nothing at all.
    pub fn is_blank(&self) -> bool {
        self.check_on.is_none()
            && Part::ALL
                .iter()
                .all(|part| self.part(*part).trim().is_empty())
    }

    /// Whether both say the same once the CRM's own habits (line ends, outer blanks) are set aside.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.check_on == other.check_on
            && Part::ALL
                .iter()
                .all(|part| same_words(self.part(*part), other.part(*part)))
    }

    /// These answers as the next version after `before`: a blank never wipes what stood there.
    pub fn after(&self, before: &Self) -> Self {
        self.after_taking_back(before, &[])
    }

    /// The same, where the seller said of some fields that what stood there is taken back: there a
    /// blank is what they mean.
    pub fn after_taking_back(&self, before: &Self, back: &[Field]) -> Self {
        let mut next = self.clone();
        for part in Part::ALL {
            let blank = next.part(part).trim().is_empty();
            let stays = blank && !back.contains(&part.field());
            if stays || same_words(next.part(part), before.part(part)) {
                before.part(part).clone_into(next.part_mut(part));
            } else if blank {
                next.part_mut(part).clear();
            }
        }
        if !back.contains(&Field::CheckOn) {
            next.check_on = next.check_on.or(before.check_on);
        }
        next
    }

    /// The fields that hold something here and nothing in `other`.
    pub fn missing_in(&self, other: &Self) -> Vec<Field> {
        let lost = |part: &Part| {
            !self.part(*part).trim().is_empty() && other.part(*part).trim().is_empty()
        };
        let mut fields: Vec<Field> = Part::ALL
            .into_iter()
            .filter(lost)
            .map(Part::field)
            .collect();
        if self.check_on.is_some() && other.check_on.is_none() {
            fields.push(Field::CheckOn);
        }
        fields
    }

    /// Whether all that is said here stands in `other` too, word for word.
    pub fn stands_in(&self, other: &Self) -> bool {
        let stands = |part: &Part| {
            self.part(*part).trim().is_empty() || same_words(self.part(*part), other.part(*part))
        };
        Part::ALL.iter().all(stands) && (self.check_on.is_none() || self.check_on == other.check_on)
    }
}

/// Whether two texts are the same words: `\r\n` is `\n`, and blanks around the whole do not count.
pub fn same_words(a: &str, b: &str) -> bool {
    a == b || words(a).eq(words(b))
}

fn words(text: &str) -> impl Iterator<Item = char> + '_ {
    let text = text.trim();
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || match chars.next()? {
        '\r' => {
            if chars.peek() == Some(&'\n') {
                chars.next();
            }
            Some('\n')
        }
        other => Some(other),
    })
}
