//! When a deal deserves a question, and when a question would only be a nuisance.

use chrono::{Datelike, Days, NaiveDate, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::Time;
use super::deal::Standing;
use super::framework::{Cadence, Scope};

/// Why a strategy is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The deal has no strategy.
    NewDeal,
    /// It moved to another stage since.
    StageMoved,
    /// The seller's own check date has passed.
    CheckDatePassed,
    /// Amount or close date changed by more than the framework's share.
    DealChanged,
    /// The strategy is older than the framework's limit.
    StrategyOld,
}

impl Reason {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::NewDeal => "new_deal",
            Self::StageMoved => "stage_moved",
            Self::CheckDatePassed => "check_date_passed",
            Self::DealChanged => "deal_changed",
            Self::StrategyOld => "strategy_old",
        }
    }

    /// The reason of that word.
    pub fn named(word: &str) -> Option<Self> {
        [
            Self::NewDeal,
            Self::StageMoved,
            Self::CheckDatePassed,
            Self::DealChanged,
            Self::StrategyOld,
        ]
        .into_iter()
        .find(|reason| reason.word() == word)
    }

    /// Why now, as the seller reads it above the questions.
    pub fn told(self) -> &'static str {
        match self {
            Self::NewDeal => "This deal has no strategy yet.",
            Self::StageMoved => "The deal moved to another stage since you wrote your plan.",
            Self::CheckDatePassed => "The date you set yourself has passed.",
            Self::DealChanged => "Amount or close date changed much since you wrote your plan.",
            Self::StrategyOld => "Your plan has not been looked at for a while.",
        }
    }

    /// The same, for whoever reads a plan that another wrote.
    pub fn told_of_another(self) -> &'static str {
        match self {
            Self::NewDeal => "This deal has no strategy yet.",
            Self::StageMoved => "The deal moved to another stage since the plan was written.",
            Self::CheckDatePassed => "The date that the seller set themselves has passed.",
            Self::DealChanged => "Amount or close date changed much since the plan was written.",
            Self::StrategyOld => "The plan has not been looked at for a while.",
        }
    }
}

/// Where a strategy stands; the labels of the CRM's state field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing written, not asked.
    NoStrategyYet,
    /// Nothing written, asked.
    Asked,
    /// Fits the deal as it is.
    Current,
    /// The deal moved to another stage.
    StageMovedOn,
    /// The seller's own check date has passed.
    PastCheckDate,
    /// Old, or the deal changed much.
    GettingOld,
    /// The deal is won or lost.
    Closed,
}

impl State {
    /// The exact label people see.
    pub fn label(self) -> &'static str {
        match self {
            Self::NoStrategyYet => "No strategy yet",
            Self::Asked => "Asked",
            Self::Current => "Current",
            Self::StageMovedOn => "Stage moved on",
            Self::PastCheckDate => "Past check date",
            Self::GettingOld => "Getting old",
            Self::Closed => "Closed",
        }
    }

    /// The state of that label.
    pub fn labelled(label: &str) -> Option<Self> {
        [
            Self::NoStrategyYet,
            Self::Asked,
            Self::Current,
            Self::StageMovedOn,
            Self::PastCheckDate,
            Self::GettingOld,
            Self::Closed,
        ]
        .into_iter()
        .find(|state| state.label() == label)
    }
}

/// What cadence looks at of a deal.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Open, won or lost.
    pub standing: Standing,
    /// The CRM's stage id.
    pub stage: String,
    /// Value, where stated.
    pub amount: Option<f64>,
    /// When it is expected to close.
    pub close_on: Option<NaiveDate>,
}

/// What cadence looks at of a published strategy: when, and how the deal stood then.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// When.
    pub at: Time,
    /// The seller's check date.
    pub check_on: Option<NaiveDate>,
    /// How the deal stood.
    pub then: Facts,
}

/// Whether the framework asks about deals in that stage of that pipeline, each known by some names.
pub fn asks_in(scope: &Scope, stage: &[&str], pipeline: &[&str]) -> bool {
    let listed = |list: &[String], names: &[&str]| {
        list.iter()
            .any(|one| names.iter().any(|name| name.eq_ignore_ascii_case(one)))
    };
    (scope.pipelines.is_empty() || listed(&scope.pipelines, pipeline))
        && !listed(&scope.stages_left_out, stage)
}

/// Whether the framework asks about this deal at all.
pub fn in_scope(scope: &Scope, facts: &Facts, stage_name: &str, pipeline: &[&str]) -> bool {
    asks_in(scope, &[stage_name, &facts.stage], pipeline)
        && facts
            .amount
            .is_none_or(|amount| amount >= scope.minimum_amount)
}

/// The zone that a seller's days are in: their own, else the framework's.
pub fn zone_of(cadence: &Cadence, time_zone: Option<&str>) -> Tz {
    time_zone
        .and_then(|name| name.parse().ok())
        .or_else(|| cadence.time_zone.parse().ok())
        .unwrap_or(Tz::UTC)
}

/// Why this deal deserves a question at `now`; none while its strategy fits. Days are those of `zone`,
/// the seller's.
pub fn reason(
    cadence: &Cadence,
    facts: &Facts,
    strategy: Option<&Published>,
    (now, zone): (Time, Tz),
) -> Option<Reason> {
    if facts.standing != Standing::Open {
        return None;
    }
    let Some(strategy) = strategy else {
        return Some(Reason::NewDeal);
    };
    if strategy.then.stage != facts.stage {
        Some(Reason::StageMoved)
    } else if strategy
        .check_on
        .is_some_and(|date| date < now.with_timezone(&zone).date_naive())
    {
        Some(Reason::CheckDatePassed)
    } else if changed_much(cadence, &strategy.then, facts) {
        Some(Reason::DealChanged)
    } else if now - strategy.at > TimeDelta::days(cadence.stale_after_days) {
        Some(Reason::StrategyOld)
    } else {
        None
    }
}

fn changed_much(cadence: &Cadence, then: &Facts, now: &Facts) -> bool {
    let share = match (then.amount, now.amount) {
        (Some(before), Some(after)) if before != 0.0 => ((after - before) / before).abs() * 100.0,
        _ => 0.0,
    };
    let slip = match (then.close_on, now.close_on) {
        (Some(before), Some(after)) => (after - before).num_days(),
        _ => 0,
    };
    share > cadence.amount_change_percent || slip > cadence.close_date_slip_days
}

/// Where the strategy stands.
pub fn state(facts: &Facts, reason: Option<Reason>, has_strategy: bool, asked: bool) -> State {
    if facts.standing != Standing::Open {
        return State::Closed;
    }
    match (has_strategy, reason) {
        (false, _) if asked => State::Asked,
        (false, _) => State::NoStrategyYet,
        (true, Some(Reason::StageMoved)) => State::StageMovedOn,
        (true, Some(Reason::CheckDatePassed)) => State::PastCheckDate,
        (true, Some(Reason::DealChanged | Reason::StrategyOld)) => State::GettingOld,
        (true, Some(Reason::NewDeal) | None) => State::Current,
    }
}

/// When the passage of time alone next changes the reason; none where it never will. Days are those
/// of `zone`, the seller's.
pub fn next_look(
    cadence: &Cadence,
    strategy: Option<&Published>,
    (now, zone): (Time, Tz),
) -> Option<Time> {
    let strategy = strategy?;
    let old = strategy.at + TimeDelta::days(cadence.stale_after_days) + TimeDelta::seconds(1);
    let late = strategy
        .check_on
        .and_then(|date| date.checked_add_days(Days::new(1)))
        .map(|date| first_moment(date, zone));
    [Some(old), late]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .min()
}

/// When a day begins in a zone; where clocks are set forward over midnight, an hour later.
pub fn first_moment(date: NaiveDate, zone: Tz) -> Time {
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    zone.from_local_datetime(&midnight)
        .earliest()
        .or_else(|| {
            zone.from_local_datetime(&(midnight + TimeDelta::hours(1)))
                .earliest()
        })
        .map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

/// The next moment a seller may be asked: now, or when quiet hours and the weekend are over.
pub fn may_ask_at(cadence: &Cadence, time_zone: Option<&str>, now: Time) -> Time {
    let zone = zone_of(cadence, time_zone);
    let mut at = now;
    // At most: to the end of tonight, over Saturday, over Sunday, to the end of that night.
    for _ in 0..4 {
        let local = at.with_timezone(&zone);
        let time = local.time();
        let (from, until) = (cadence.quiet_from, cadence.quiet_until);
        let quiet = match from.cmp(&until) {
            std::cmp::Ordering::Equal => false,
            std::cmp::Ordering::Less => from <= time && time < until,
            std::cmp::Ordering::Greater => time >= from || time < until,
        };
        let weekend = matches!(local.weekday(), Weekday::Sat | Weekday::Sun) && !cadence.weekends;
        if !quiet && !weekend {
            return at;
        }
        let today = local.date_naive();
        let date = if weekend || time >= until {
            today + Days::new(1)
        } else {
            today
        };
        let wake = if weekend && from == until {
            chrono::NaiveTime::MIN
        } else {
            until
        };
        at = zone
            .from_local_datetime(&date.and_time(wake))
            .earliest()
            .map_or(at + TimeDelta::hours(1), |local| local.to_utc());
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::framework::Framework;

    fn time(text: &str) -> Time {
        text.parse().expect("a time")
    }

    fn facts(stage: &str, amount: f64, close_on: &str) -> Facts {
        Facts {
            standing: Standing::Open,
            stage: stage.to_owned(),
            amount: Some(amount),
            close_on: close_on.parse().ok(),
        }
    }

    fn written() -> Published {
        Published {
            at: time("2026-11-10T09:00:00Z"),
            check_on: "2026-11-20".parse().ok(),
            then: facts("Proposal", 1000.0, "2026-12-01"),
        }
    }

    #[test]
    fn a_strategy_is_asked_for_again_when_it_no_longer_fits() {
        let cadence = Framework::standard().cadence;
        let written = written();
        let then = written.then.clone();
        let at = |now: &str, facts: &Facts| {
            reason(&cadence, facts, Some(&written), (time(now), Tz::UTC))
        };

        assert_eq!(at("2026-11-20T23:00:00Z", &then), None);
        assert_eq!(
            at("2026-11-21T00:00:00Z", &then),
            Some(Reason::CheckDatePassed)
        );
        assert_eq!(
            at(
                "2026-11-12T00:00:00Z",
                &facts("Negotiation", 1000.0, "2026-12-01")
            ),
            Some(Reason::StageMoved)
        );
        assert_eq!(
            at(
                "2026-11-12T00:00:00Z",
                &facts("Proposal", 1300.0, "2026-12-01")
            ),
            Some(Reason::DealChanged)
        );
        assert_eq!(
            at(
                "2026-11-12T00:00:00Z",
                &facts("Proposal", 1000.0, "2026-12-20")
            ),
            Some(Reason::DealChanged)
        );
        assert_eq!(
            reason(
                &cadence,
                &then,
                None,
                (time("2026-11-12T00:00:00Z"), Tz::UTC)
            ),
            Some(Reason::NewDeal)
        );
    }

    #[test]
    fn a_check_date_passes_at_the_end_of_the_sellers_own_day() {
        let cadence = Framework::standard().cadence;
        let written = written();
        let then = written.then.clone();
        for (zone, over) in [
            (Tz::UTC, "2026-11-21T00:00:00Z"),
            (Tz::America__Los_Angeles, "2026-11-21T08:00:00Z"),
            (Tz::Pacific__Auckland, "2026-11-20T11:00:00Z"),
        ] {
            let over = time(over);
            let at = |now: Time| reason(&cadence, &then, Some(&written), (now, zone));

            assert_eq!(at(over - TimeDelta::seconds(1)), None, "{zone}");
            assert_eq!(at(over), Some(Reason::CheckDatePassed), "{zone}");
            let early = (time("2026-11-12T00:00:00Z"), zone);
            assert_eq!(next_look(&cadence, Some(&written), early), Some(over));
        }
    }

    #[test]
    fn a_day_begins_where_clocks_are_set_forward_at_midnight() {
        let day: NaiveDate = "2018-11-04".parse().expect("a day");
        let begins = first_moment(day, Tz::America__Sao_Paulo);
        assert_eq!(begins, time("2018-11-04T03:00:00Z"));
    }

    #[test]
    fn nobody_is_asked_at_night_or_at_the_weekend() {
        let cadence = Framework::standard().cadence;
        let next = |zone, now: &str| may_ask_at(&cadence, Some(zone), time(now)).to_rfc3339();

        assert_eq!(
            next("UTC", "2026-11-17T10:00:00Z"),
            "2026-11-17T10:00:00+00:00"
        );
        assert_eq!(
            next("UTC", "2026-11-17T19:00:00Z"),
            "2026-11-18T08:00:00+00:00"
        );
        assert_eq!(
            next("UTC", "2026-11-17T03:00:00Z"),
            "2026-11-17T08:00:00+00:00"
        );
        assert_eq!(
            next("UTC", "2026-11-20T19:00:00Z"),
            "2026-11-23T08:00:00+00:00"
        );
        assert_eq!(
            next("Asia/Tokyo", "2026-11-17T10:00:00Z"),
            "2026-11-17T23:00:00+00:00"
        );
        assert_eq!(
            next("nowhere", "2026-11-21T10:00:00Z"),
            "2026-11-23T08:00:00+00:00"
        );
    }
}
