//! The kinds of things around an obstacle: where it stands, what an option builds on, who answers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::role::Role;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$one:meta])* $variant:ident = $word:literal, $label:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$one])* $variant),+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word in the database and on forms.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// As people read it.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }

            /// The one of that word.
            pub fn named(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.word() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.label())
            }
        }
    };
}

words! {
    /// Where an obstacle stands.
    State {
        /// Described.
        Draft = "draft", "Draft";
        /// At least one way of one's own.
        WithOptions = "with_options", "With options";
        /// One of them picked.
        Chosen = "chosen", "Chosen";
        /// Someone owes an answer.
        Asked = "asked", "Asked";
        /// A real answer was given.
        Answered = "answered", "Answered";
        /// … and something was promised by a day.
        Promised = "promised", "Promised";
        /// It happened.
        Kept = "kept", "Kept";
        /// The day went by. Only time tells that, until the seller says that it happened late.
        Missed = "missed", "Missed";
        /// The seller is done with it.
        Closed = "closed", "Closed";
    }
}

words! {
    /// What kind of way out an option is.
    Kind {
        /// Something I can do myself.
        WithinReach = "within_reach", "Within my reach";
        /// How the customer, or another one, already does it.
        CustomerPractice = "customer_practice", "A customer's own way";
        /// With a partner.
        Partner = "partner", "Partner";
        /// Someone else's product under our name.
        WhiteLabel = "white_label", "White-label";
        /// Another shape or scope.
        Reshape = "reshape", "Reshape";
        /// Other people, there or here.
        People = "people", "People";
        /// Other terms.
        Terms = "terms", "Terms";
        /// Not pursuing it.
        LetGo = "let_go", "Let go";
    }
}

impl Kind {
    /// What it means, for whoever picks one.
    pub fn means(self) -> &'static str {
        match self {
            Self::WithinReach => "something I can do myself",
            Self::CustomerPractice => "how they, or another customer, get by",
            Self::Partner => "someone outside brings what we lack",
            Self::WhiteLabel => "another's product under our name",
            Self::Reshape => "another scope, size or order",
            Self::People => "other people, there or here",
            Self::Terms => "another price, date or condition",
            Self::LetGo => "do without it, or without the deal",
        }
    }
}

words! {
    /// Why it may be sent up.
    Ground {
        /// With at least one option of one's own.
        OwnOption = "own_option", "With my own options";
        /// The explicit wish to think together; no option needed.
        ThinkWithMe = "think_with_me", "Think with me";
        /// Legal, safety, ethics: no option needed, and no time to lose.
        Urgent = "urgent", "Urgent: legal, safety, ethics";
    }
}

words! {
    /// Who owes the answer.
    Level {
        /// The seller's manager.
        Manager = "manager", "Manager";
        /// The manager's manager.
        Director = "director", "Director";
        /// Whoever leads the directors.
        Executive = "executive", "Executive";
        /// The owner of the product.
        Product = "product", "Product";
    }
}

words! {
    /// What became of it, as the seller says.
    Outcome {
        /// It is gone.
        Removed = "removed", "Removed";
        /// It stands, and there was a way around it.
        WorkedAround = "worked_around", "Worked around";
        /// It stands, and the deal goes on with it.
        Accepted = "accepted", "Accepted";
        /// The deal was lost to it.
        LostToIt = "lost_to_it", "Lost to it";
    }
}

words! {
    /// How a turn ended.
    Ended {
        /// With a real answer.
        Answered = "answered", "Answered";
        /// Passed up with backing.
        Backed = "passed_up", "Passed up with backing";
        /// No answer yet: the seller passed it up.
        Silent = "silent", "No answer yet";
        /// The seller closed it first.
        Withdrawn = "withdrawn", "Closed by the seller";
    }
}

impl Level {
    /// The level that someone of a role fills; none below managers.
    pub fn of(role: Role) -> Option<Self> {
        match role {
            Role::Seller => None,
            Role::Manager => Some(Self::Manager),
            Role::Director => Some(Self::Director),
            Role::Executive => Some(Self::Executive),
            Role::Product => Some(Self::Product),
        }
    }

    /// The business days promised where nobody published another promise.
    pub fn usual_days(self) -> i32 {
        match self {
            Self::Manager => 1,
            Self::Director => 2,
            Self::Executive => 3,
            Self::Product => 5,
        }
    }

    /// Whether several people work it, and none of them by name.
    pub fn is_queue(self) -> bool {
        self == Self::Product
    }

    /// Who may get it next, whom it goes to first coming first: by silence upwards, with backing
    /// to the product owner where it is a gap in the product. A level that nobody fills is passed
    /// over. None at the top.
    pub fn above(self, gap: bool, backed: bool) -> &'static [Self] {
        match (self, gap && backed) {
            (Self::Manager, true) => &[Self::Product, Self::Director, Self::Executive],
            (Self::Manager, false) => &[Self::Director, Self::Executive],
            (Self::Director, true) => &[Self::Product, Self::Executive],
            (Self::Director | Self::Product, _) => &[Self::Executive],
            (Self::Executive, _) => &[],
        }
    }

    /// The label in the CRM's need-state field while this level owes the answer.
    pub fn need_state(self) -> &'static str {
        match self {
            Self::Manager => "With manager",
            Self::Director => "With director",
            Self::Executive => "With executive",
            Self::Product => "With product",
        }
    }
}
