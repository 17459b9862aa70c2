//! The fields Latitude has in a CRM: what each is called, holds, and who may write it.
//!
//! This is the one list of them; connectors translate it, set-up creates it, the docs print it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Time;

/// A field on the CRM's deal that belongs to the strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Seller: what the customer is trying to achieve.
    CustomerOutcome,
    /// Seller: what the next conversation should accomplish.
    ConversationGoal,
    /// Seller: the way there, and why.
    Approach,
    /// Seller: what stands in the way, and own options.
    Obstacles,
    /// Seller: what is needed, from whom, by when.
    Need,
    /// Seller: when they will know.
    CheckOn,
    /// Manager: a question that joins the coaching thread.
    ManagerQuestion,
    /// This stage's questions, and why they are asked now.
    Prompt,
    /// The four answers in one readable text.
    Strategy,
    /// 0 to 100; empty while there is not enough to assess.
    Score,
    /// One of the grades.
    Grade,
    /// The dimension that would gain most.
    WeakestPart,
    /// Where the strategy stands.
    State,
    /// Questions back to the seller, newest first.
    Coaching,
    /// Who owes an answer to the seller's need.
    NeedState,
    /// When that answer is due.
    NeedDue,
    /// When the strategy was assessed.
    AssessedAt,
    /// Name and version of the framework, such as `default-1`.
    Framework,
    /// A link that opens this deal in Latitude.
    Panel,
}

/// Who may write a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The seller; Latitude writes it only to carry what the seller published in Latitude.
    Seller,
    /// The seller's manager.
    Manager,
    /// Latitude alone.
    Latitude,
}

/// What a field can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Many lines.
    LongText,
    /// One line.
    Text,
    /// A whole number from 0 to 100.
    Number,
    /// One of these labels.
    Pick(&'static [&'static str]),
    /// A day.
    Date,
    /// A moment; a day in CRMs that have no moments.
    DateTime,
    /// A web address.
    Link,
}

/// The labels of [`Field::Grade`], best first.
pub const GRADES: &[&str] = &[
    "Strong",
    "Solid",
    "Developing",
    "Thin",
    "Not enough yet",
    "No strategy yet",
    "Not assessed (language)",
];
/// The labels of [`Field::WeakestPart`].
pub const PARTS: &[&str] = &["Customer", "Goal", "Approach", "Ownership", "Next step"];
/// The labels of [`Field::State`].
pub const STATES: &[&str] = &[
    "No strategy yet",
    "Asked",
    "Current",
    "Stage moved on",
    "Past check date",
    "Getting old",
    "Closed",
];
/// The labels of [`Field::NeedState`].
pub const NEED_STATES: &[&str] = &[
    "None",
    "With manager",
    "With director",
    "With executive",
    "With product",
    "Answered",
    "Overdue",
];

impl Field {
    /// Every field, in the order people should see them.
    pub const ALL: [Self; 19] = [
        Self::Prompt,
        Self::CustomerOutcome,
        Self::ConversationGoal,
        Self::Approach,
        Self::Obstacles,
        Self::CheckOn,
        Self::Need,
        Self::Coaching,
        Self::ManagerQuestion,
        Self::Grade,
        Self::Score,
        Self::WeakestPart,
        Self::State,
        Self::Strategy,
        Self::NeedState,
        Self::NeedDue,
        Self::AssessedAt,
        Self::Framework,
        Self::Panel,
    ];

    /// The plain name, such as `customer_outcome`; connectors put the prefix before it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CustomerOutcome => "customer_outcome",
            Self::ConversationGoal => "conversation_goal",
            Self::Approach => "approach",
            Self::Obstacles => "obstacles",
            Self::Need => "need",
            Self::CheckOn => "check_on",
            Self::ManagerQuestion => "manager_question",
            Self::Prompt => "prompt",
            Self::Strategy => "strategy",
            Self::Score => "score",
            Self::Grade => "grade",
            Self::WeakestPart => "weakest_part",
            Self::State => "state",
            Self::Coaching => "coaching",
            Self::NeedState => "need_state",
            Self::NeedDue => "need_due",
            Self::AssessedAt => "assessed_at",
            Self::Framework => "framework",
            Self::Panel => "panel",
        }
    }

    /// The field of that plain name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// What people see beside it; at most 25 characters, the shortest limit of any CRM.
    pub fn label(self) -> &'static str {
        match self {
            Self::CustomerOutcome => "Customer outcome",
            Self::ConversationGoal => "Conversation goal",
            Self::Approach => "Approach",
            Self::Obstacles => "Obstacles and options",
            Self::Need => "What I need",
            Self::CheckOn => "Check on",
            Self::ManagerQuestion => "Manager's question",
            Self::Prompt => "Strategy questions",
            Self::Strategy => "Deal strategy",
            Self::Score => "Strategy score",
            Self::Grade => "Strategy grade",
            Self::WeakestPart => "Weakest part",
            Self::State => "Strategy state",
            Self::Coaching => "Coaching",
            Self::NeedState => "Need state",
            Self::NeedDue => "Need due",
            Self::AssessedAt => "Assessed at",
            Self::Framework => "Strategy framework",
            Self::Panel => "Open in Latitude",
        }
    }

    /// One sentence that an admin or a seller reads as the field's help; at most 255 characters.
    pub fn help(self) -> &'static str {
        match self {
            Self::CustomerOutcome => {
                "What is this customer trying to achieve, and who there cares most about it?"
            }
            Self::ConversationGoal => {
                "What do I want to have accomplished by the end of my next conversation with them?"
            }
            Self::Approach => "What is the best way to get there, and why this way?",
            Self::Obstacles => "What stands in the way, and what are my own options?",
            Self::Need => "What do I need, from whom, and by when?",
            Self::CheckOn => "When will I know?",
            Self::ManagerQuestion => {
                "For the manager: one question to the seller; it joins the coaching."
            }
            Self::Prompt => {
                "Written by Latitude: this stage's questions, and why they are asked now."
            }
            Self::Strategy => "Written by Latitude: the four answers in one text.",
            Self::Score => {
                "Written by Latitude: 0 to 100; empty while there is not enough to assess."
            }
            Self::Grade => "Written by Latitude: how well thought through the strategy is.",
            Self::WeakestPart => {
                "Written by Latitude: the part that would gain most from more thought."
            }
            Self::State => "Written by Latitude: where the strategy stands.",
            Self::Coaching => "Written by Latitude: questions back to the seller, newest first.",
            Self::NeedState => "Written by Latitude: who owes the seller an answer.",
            Self::NeedDue => "Written by Latitude: when that answer is due.",
            Self::AssessedAt => "Written by Latitude: when the strategy was last assessed.",
            Self::Framework => "Written by Latitude: the guardrails the questions came from.",
            Self::Panel => "Written by Latitude: opens this deal's strategy.",
        }
    }

    /// What it holds.
    pub fn kind(self) -> Kind {
        match self {
            Self::CustomerOutcome
            | Self::ConversationGoal
            | Self::Approach
            | Self::Obstacles
            | Self::Need
            | Self::ManagerQuestion
            | Self::Prompt
            | Self::Strategy
            | Self::Coaching => Kind::LongText,
            Self::Framework => Kind::Text,
            Self::Score => Kind::Number,
            Self::Grade => Kind::Pick(GRADES),
            Self::WeakestPart => Kind::Pick(PARTS),
            Self::State => Kind::Pick(STATES),
            Self::NeedState => Kind::Pick(NEED_STATES),
            Self::CheckOn => Kind::Date,
            Self::NeedDue | Self::AssessedAt => Kind::DateTime,
            Self::Panel => Kind::Link,
        }
    }

    /// Who may write it.
    pub fn owner(self) -> Owner {
        match self {
            Self::CustomerOutcome
            | Self::ConversationGoal
            | Self::Approach
            | Self::Obstacles
            | Self::Need
            | Self::CheckOn => Owner::Seller,
            Self::ManagerQuestion => Owner::Manager,
            _ => Owner::Latitude,
        }
    }

    /// Whether managers filter by it: short, Latitude's own, and read back on every pull so that
    /// a value someone changed by hand is seen and repaired.
    pub fn is_fact(self) -> bool {
        matches!(
            self,
            Self::Score | Self::Grade | Self::WeakestPart | Self::State | Self::NeedState
        )
    }

    /// Whether a pull reads it: what people write, and the facts.
    pub fn is_read(self) -> bool {
        self.owner() != Owner::Latitude || self.is_fact()
    }
}

/// What a field holds at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing; written as the CRM's null.
    Empty,
    /// Text of any length, newlines as `\n`.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A day.
    Date(NaiveDate),
    /// A moment.
    Time(Time),
}

impl Value {
    /// Text, or nothing where the text is empty.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Text(text)
        }
    }
}
