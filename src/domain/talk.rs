//! Where a talk would help: worth × closeness × gap in the plan, with the reason in words.
//!
//! It orders deals, never people, and says nothing about the odds of winning.

use chrono::NaiveDate;

use super::cadence::State;
use super::grade::Grade;

/// What is looked at of a deal.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Value, where stated.
    pub amount: Option<f64>,
    /// When it is expected to close.
    pub close_on: Option<NaiveDate>,
    /// The grade of its strategy.
    pub grade: Grade,
    /// Where its strategy stands.
    pub state: State,
}

/// A deal beyond this many days is not close.
const FAR_DAYS: i64 = 120;

/// How much of the plan is missing, 0 to 1.
pub fn gap(facts: &Facts) -> f64 {
    let open = match facts.grade {
        Grade::NoStrategyYet => 1.0,
        Grade::NotEnoughYet => 0.9,
        Grade::Thin => 0.8,
        Grade::Developing => 0.5,
        Grade::Solid => 0.15,
        Grade::Strong | Grade::NotAssessedLanguage => 0.0,
    };
    let overtaken = match facts.state {
        State::StageMovedOn | State::PastCheckDate => 0.25,
        State::GettingOld => 0.1,
        _ => 0.0,
    };
    f64::min(open + overtaken, 1.0)
}

/// How close the decision is, 0 to 1.
pub fn closeness(close_on: Option<NaiveDate>, today: NaiveDate) -> f64 {
    let Some(date) = close_on else { return 0.1 };
    let days = (date - today).num_days().clamp(0, FAR_DAYS);
    1.0 - 0.9 * days as f64 / FAR_DAYS as f64
}

/// How much a talk would help, where `largest` is the largest amount it is compared with.
pub fn weight(facts: &Facts, largest: f64, today: NaiveDate) -> f64 {
    let worth = match facts.amount {
        Some(amount) if largest > 0.0 => (amount / largest).clamp(0.05, 1.0),
        _ => 0.2,
    };
    worth * closeness(facts.close_on, today) * gap(facts)
}

/// What is missing in the plan, in words.
pub fn reason(facts: &Facts, weakest: Option<&str>) -> String {
    let plan = match (facts.grade, weakest) {
        (Grade::NoStrategyYet, _) => "there is no plan yet".to_owned(),
        (Grade::NotEnoughYet, _) => "there is not enough of a plan yet".to_owned(),
        (Grade::NotAssessedLanguage, _) => {
            "the plan is in a language that Latitude does not read".to_owned()
        }
        (grade, Some(part)) => format!("the plan is {}, weakest in {part}", grade.label()),
        (grade, None) => format!("the plan is {}", grade.label()),
    };
    match facts.state {
        State::StageMovedOn => format!("{plan}, and the stage moved since"),
        State::PastCheckDate => format!("{plan}, and its check date passed"),
        State::GettingOld => format!("{plan}, and it is getting old"),
        _ => plan,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(amount: f64, close_on: &str, grade: Grade) -> Facts {
        Facts {
            amount: Some(amount),
            close_on: close_on.parse().ok(),
            grade,
            state: State::Current,
        }
    }

    #[test]
    fn worth_closeness_and_gap_each_count() {
        let today = "2026-11-17".parse().expect("a date");
        let weight = |facts: &Facts| weight(facts, 100_000.0, today);
        let plain = facts(50_000.0, "2026-12-17", Grade::Thin);

        assert!(weight(&facts(90_000.0, "2026-12-17", Grade::Thin)) > weight(&plain));
        assert!(weight(&facts(50_000.0, "2026-11-20", Grade::Thin)) > weight(&plain));
        assert!(weight(&facts(50_000.0, "2026-12-17", Grade::NoStrategyYet)) > weight(&plain));
        assert!(weight(&facts(50_000.0, "2026-12-17", Grade::Solid)) < weight(&plain));
        assert!(weight(&facts(50_000.0, "2026-12-17", Grade::Strong)).abs() < f64::EPSILON);
    }

    #[test]
    fn the_reason_says_what_is_missing() {
        let mut deal = facts(1.0, "2026-12-01", Grade::Thin);
        deal.state = State::StageMovedOn;

        assert_eq!(
            reason(&deal, Some("Ownership")),
            "the plan is Thin, weakest in Ownership, and the stage moved since"
        );
        deal.grade = Grade::NotAssessedLanguage;
        assert_eq!(
            reason(&deal, None),
            "the plan is in a language that Latitude does not read, and the stage moved since"
        );
    }
}
