//! What a person may see and owes, from where they stand among the others.

use serde::{Deserialize, Serialize};

/// Where a person stands. The order is that of the inverted pyramid, nearest to customers first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Owns deals.
    #[default]
    Seller,
    /// Sellers report to this person.
    Manager,
    /// Managers report to this person.
    Director,
    /// Directors report to this person, or it is the top of a smaller company.
    Executive,
    /// Owns the product queue; only ever named in the configuration.
    Product,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::Seller,
        Self::Manager,
        Self::Director,
        Self::Executive,
        Self::Product,
    ];

    /// The role of someone with so many levels of people below, as the CRM's hierarchy tells it.
    pub fn in_hierarchy(levels_below: u32, has_manager: bool) -> Self {
        match (levels_below, has_manager) {
            (0, _) => Self::Seller,
            (1, _) => Self::Manager,
            (2, true) => Self::Director,
            _ => Self::Executive,
        }
    }

    /// The word in addresses and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seller => "seller",
            Self::Manager => "manager",
            Self::Director => "director",
            Self::Executive => "executive",
            Self::Product => "product",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Seller => "Seller",
            Self::Manager => "Manager",
            Self::Director => "Director",
            Self::Executive => "Executive",
            Self::Product => "Product owner",
        }
    }

    /// Whether this person sees the strategies of everyone below.
    pub fn sees_team(self) -> bool {
        matches!(self, Self::Manager | Self::Director)
    }

    /// Whether this person sees those of sellers who report to them directly: these have no other
    /// manager.
    pub fn sees_own_sellers(self) -> bool {
        matches!(self, Self::Executive | Self::Product)
    }
}

/// What a token for another tool opens. All of it is for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Deals, their strategies, assessments and coaching, and how plans stand.
    Deals,
    /// Obstacles, answers that are owed, the product queue, the library.
    Obstacles,
    /// The person's week.
    Week,
    /// What leaders promise.
    Promise,
    /// The pyramid.
    Pyramid,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Deals,
        Self::Obstacles,
        Self::Week,
        Self::Promise,
        Self::Pyramid,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Obstacles => "obstacles",
            Self::Week => "week",
            Self::Promise => "promise",
            Self::Pyramid => "pyramid",
        }
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Deals => "Deals",
            Self::Obstacles => "Obstacles and answers",
            Self::Week => "My week",
            Self::Promise => "Promises",
            Self::Pyramid => "The pyramid",
        }
    }

    /// What it opens, in words.
    pub fn opens(self) -> &'static str {
        match self {
            Self::Deals => "Deals with their strategies, grades and coaching questions",
            Self::Obstacles => "Obstacles, the answers they wait for, the library",
            Self::Week => "What I plan for a week, and my look back",
            Self::Promise => "What leaders promise",
            Self::Pyramid => "What each band is owed, promises kept, results by grade",
        }
    }

    /// The one of that word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn the_hierarchy_names_the_roles() {
        let roles = [
            (0, true, Role::Seller),
            (0, false, Role::Seller),
            (1, false, Role::Manager),
            (2, true, Role::Director),
            (2, false, Role::Executive),
            (3, true, Role::Executive),
            (7, false, Role::Executive),
        ];
        for (below, has_manager, role) in roles {
            assert_eq!(Role::in_hierarchy(below, has_manager), role);
        }
    }
}
