//! Business time: when a responder works, and how long a clock has really run for them.
//!
//! Every clock in Latitude points upward, so it runs in the hours, the days off and the time zone
//! of whoever owes the answer, never of the person who waits.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;

use super::Time;

/// No span of business time is looked for further ahead than this; ten years of days off are a
/// mistake in the configuration, not a reason to count for ever.
const MOST_DAYS: u64 = 3660;

/// When someone works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Where they are.
    pub zone: Tz,
    /// Their day begins …
    pub from: NaiveTime,
    /// … and ends.
    pub until: NaiveTime,
    /// Days off besides Saturday and Sunday.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Default for Hours {
    fn default() -> Self {
        Self::nine_to_five(Tz::UTC)
    }
}

impl Hours {
    /// Nine to five, Monday to Friday.
    pub fn nine_to_five(zone: Tz) -> Self {
        Self {
            zone,
            from: NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default(),
            until: NaiveTime::from_hms_opt(17, 0, 0).unwrap_or_default(),
            holidays: BTreeSet::new(),
        }
    }

    /// The same days and hours somewhere else; a zone nobody knows changes nothing.
    #[must_use]
    pub fn within(&self, zone: Option<&str>) -> Self {
        Self {
            zone: zone.and_then(|it| it.parse().ok()).unwrap_or(self.zone),
            ..self.clone()
        }
    }

    /// How much business time one working day holds.
    pub fn day(&self) -> TimeDelta {
        (self.until - self.from).max(TimeDelta::minutes(1))
    }

    /// Whether they work on that day.
    pub fn works_on(&self, date: NaiveDate) -> bool {
        !matches!(date.weekday(), Weekday::Sat | Weekday::Sun) && !self.holidays.contains(&date)
    }

    /// The day it is for them.
    pub fn date(&self, at: Time) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// How much business time lies between two moments; nothing where the second is the earlier.
    pub fn between(&self, from: Time, until: Time) -> TimeDelta {
        let last = self.date(until);
        let mut date = self.date(from);
        let mut sum = TimeDelta::zero();
        while date <= last {
            if let Some((opens, closes)) = self.open(date) {
                sum += (closes.min(until) - opens.max(from)).max(TimeDelta::zero());
            }
            date = date + Days::new(1);
        }
        sum
    }

    /// The moment at which so much business time has passed since `from`.
    pub fn after(&self, from: Time, span: TimeDelta) -> Time {
        let first = self.date(from);
        let mut left = span.max(TimeDelta::zero());
        for n in 0..MOST_DAYS {
            let Some((opens, closes)) = self.open(first + Days::new(n)) else {
                continue;
            };
            let begins = opens.max(from);
            let room = closes - begins;
            if room < TimeDelta::zero() {
                continue;
            }
            if left <= room {
                return begins + left;
            }
            left -= room;
        }
        from + span
    }

    /// When they may next be disturbed: now where they are at work, else when they next begin.
    pub fn next_open(&self, now: Time) -> Time {
        let today = self.date(now);
        (0..MOST_DAYS)
            .filter_map(|n| self.open(today + Days::new(n)))
            .find(|(_, closes)| now < *closes)
            .map_or(now, |(opens, _)| opens.max(now))
    }

    /// The moment at which a day is over for them: midnight, whether they work on it or not.
    pub fn end_of(&self, date: NaiveDate) -> Time {
        let next = date.checked_add_days(Days::new(1)).unwrap_or(date);
        self.moment(next, NaiveTime::MIN)
    }

    fn open(&self, date: NaiveDate) -> Option<(Time, Time)> {
        self.works_on(date).then(|| {
            (
                self.moment(date, self.from),
                self.moment(date, self.from) + self.day(),
            )
        })
    }

    fn moment(&self, date: NaiveDate, time: NaiveTime) -> Time {
        let local = date.and_time(time);
        self.zone
            .from_local_datetime(&local)
            .earliest()
            // An hour that a change of clocks skips: the hour after it.
            .or_else(|| {
                self.zone
                    .from_local_datetime(&(local + TimeDelta::hours(1)))
                    .earliest()
            })
            .map_or_else(|| local.and_utc(), |it| it.to_utc())
    }
}

/// A clock that someone owes an answer against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// When it began to run.
    pub started_at: Time,
    /// The business time promised.
    pub owed: TimeDelta,
    /// When it was stopped for the one question, if it was.
    pub paused_at: Option<Time>,
    /// When that question was answered.
    pub resumed_at: Option<Time>,
}

/// Where a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// Stopped until the one question is answered.
    Paused,
    /// Less than half the time has gone.
    Running,
    /// Half of it has: the responder is reminded.
    Half,
    /// All of it has: the responder is reminded again, and the need is overdue.
    Due,
    /// One and a half times: the seller may pass it up.
    Late,
}

impl Clock {
    /// Starts one.
    pub fn start(now: Time, owed: TimeDelta) -> Self {
        Self {
            started_at: now,
            owed,
            paused_at: None,
            resumed_at: None,
        }
    }

    /// Whether it stands still.
    pub fn is_paused(&self) -> bool {
        self.paused_at.is_some() && self.resumed_at.is_none()
    }

    /// The business time that has run.
    pub fn run(&self, hours: &Hours, now: Time) -> TimeDelta {
        let Some(paused) = self.paused_at else {
            return hours.between(self.started_at, now);
        };
        let before = hours.between(self.started_at, paused.min(now));
        let since = self
            .resumed_at
            .map_or(TimeDelta::zero(), |at| hours.between(at, now));
        before + since
    }

    /// When this share of the promised time will have run, in percent; none while it stands still.
    pub fn at_percent(&self, hours: &Hours, percent: i32) -> Option<Time> {
        let wanted = self.owed * percent / 100;
        let Some(paused) = self.paused_at else {
            return Some(hours.after(self.started_at, wanted));
        };
        let before = hours.between(self.started_at, paused);
        if wanted <= before {
            return Some(hours.after(self.started_at, wanted));
        }
        self.resumed_at.map(|at| hours.after(at, wanted - before))
    }

    /// When the answer is due; none while the clock stands still.
    pub fn due(&self, hours: &Hours) -> Option<Time> {
        self.at_percent(hours, 100)
    }

    /// Where it stands at a moment.
    pub fn reading(&self, hours: &Hours, now: Time) -> Reading {
        if self.is_paused() {
            return Reading::Paused;
        }
        let passed = |percent| self.at_percent(hours, percent).is_some_and(|at| at <= now);
        if passed(150) {
            Reading::Late
        } else if passed(100) {
            Reading::Due
        } else if passed(50) {
            Reading::Half
        } else {
            Reading::Running
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> Time {
        text.parse().expect("a time")
    }

    fn hours(zone: &str, holidays: &[&str]) -> Hours {
        Hours {
            holidays: holidays.iter().filter_map(|it| it.parse().ok()).collect(),
            ..Hours::nine_to_five(zone.parse().expect("a zone"))
        }
    }

    #[test]
    fn an_answer_falls_due_in_the_hours_of_whoever_owes_it() {
        // 2026-11-17 is a Tuesday, 2026-11-20 a Friday; Berlin leaves summer time on 2026-10-25.
        let rows = [
            ("UTC", "2026-11-17T10:00:00Z", 1, "2026-11-18T10:00:00Z"),
            ("UTC", "2026-11-17T20:00:00Z", 1, "2026-11-18T17:00:00Z"),
            ("UTC", "2026-11-20T16:00:00Z", 1, "2026-11-23T16:00:00Z"),
            ("UTC", "2026-11-21T12:00:00Z", 2, "2026-11-24T17:00:00Z"),
            ("UTC", "2026-11-18T10:00:00Z", 1, "2026-11-20T10:00:00Z"),
            (
                "America/New_York",
                "2026-11-17T10:00:00Z",
                1,
                "2026-11-17T22:00:00Z",
            ),
            (
                "Asia/Tokyo",
                "2026-11-17T10:00:00Z",
                1,
                "2026-11-18T08:00:00Z",
            ),
            (
                "Europe/Berlin",
                "2026-10-23T10:00:00Z",
                1,
                "2026-10-26T11:00:00Z",
            ),
        ];
        for (zone, asked, days, due) in rows {
            let hours = hours(zone, &["2026-11-19"]);
            let clock = Clock::start(time(asked), hours.day() * days);

            assert_eq!(clock.due(&hours), Some(time(due)), "{zone} {asked}");
        }
    }

    #[test]
    fn one_question_stops_the_clock_and_its_answer_starts_it_again() {
        let hours = hours("UTC", &[]);
        let mut clock = Clock::start(time("2026-11-17T10:00:00Z"), hours.day());
        clock.paused_at = Some(time("2026-11-17T12:00:00Z"));

        assert_eq!(
            clock.reading(&hours, time("2026-12-24T12:00:00Z")),
            Reading::Paused
        );
        assert_eq!(clock.due(&hours), None);

        clock.resumed_at = Some(time("2026-11-19T09:00:00Z"));

        assert_eq!(clock.due(&hours), Some(time("2026-11-19T15:00:00Z")));
        assert_eq!(
            clock.run(&hours, time("2026-11-19T10:00:00Z")),
            TimeDelta::hours(3)
        );
    }

    #[test]
    fn the_clock_reads_half_due_and_late_at_50_100_and_150_percent() {
        let hours = hours("UTC", &[]);
        let clock = Clock::start(time("2026-11-17T09:00:00Z"), hours.day());
        let rows = [
            ("2026-11-17T12:59:59Z", Reading::Running),
            ("2026-11-17T13:00:00Z", Reading::Half),
            ("2026-11-17T17:00:00Z", Reading::Due),
            ("2026-11-18T12:59:59Z", Reading::Due),
            ("2026-11-18T13:00:00Z", Reading::Late),
        ];
        for (now, reading) in rows {
            assert_eq!(clock.reading(&hours, time(now)), reading, "{now}");
        }
    }

    #[test]
    fn a_day_ends_at_midnight_where_they_are() {
        // A Sunday; a Friday; the day on which Berlin leaves summer time.
        let rows = [
            ("UTC", "2026-11-29", "2026-11-30T00:00:00Z"),
            ("Europe/Berlin", "2026-11-20", "2026-11-20T23:00:00Z"),
            ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00Z"),
            ("America/New_York", "2026-11-20", "2026-11-21T05:00:00Z"),
        ];
        for (zone, day, end) in rows {
            let day = day.parse().expect("a date");
            assert_eq!(hours(zone, &[]).end_of(day), time(end), "{zone} {day}");
        }
    }

    fn moment() -> impl Strategy<Value = Time> {
        (0_i64..400 * 24 * 60).prop_map(|m| time("2026-01-01T00:00:00Z") + TimeDelta::minutes(m))
    }

    fn anywhere() -> impl Strategy<Value = Hours> {
        let zones = [
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Asia/Kolkata",
            "Pacific/Auckland",
        ];
        (0..zones.len(), proptest::collection::vec(0_u64..400, 0..12)).prop_map(move |(n, off)| {
            let first: NaiveDate = "2026-01-01".parse().expect("a date");
            Hours {
                holidays: off.into_iter().map(|d| first + Days::new(d)).collect(),
                ..hours(zones[n], &[])
            }
        })
    }

    proptest! {
        #[test]
        fn business_time_adds_up(hours in anywhere(), a in moment(), b in moment(), c in moment()) {
            let mut at = [a, b, c];
            at.sort();

            prop_assert_eq!(
                hours.between(at[0], at[1]) + hours.between(at[1], at[2]),
                hours.between(at[0], at[2])
            );
        }

        #[test]
        fn what_falls_due_falls_due_after_exactly_that_much_work(
            hours in anywhere(), from in moment(), minutes in 1_i64..6000
        ) {
            let span = TimeDelta::minutes(minutes);

            let due = hours.after(from, span);

            prop_assert_eq!(hours.between(from, due), span);
            prop_assert!(hours.works_on(hours.date(due)));
        }

        #[test]
        fn a_clock_never_runs_backwards(
            hours in anywhere(), start in moment(), owed in 60_i64..4000,
            pause in 0_i64..3000, rest in 0_i64..3000, steps in proptest::collection::vec(0_i64..900, 1..20)
        ) {
            let mut clock = Clock::start(start, TimeDelta::minutes(owed));
            clock.paused_at = Some(start + TimeDelta::minutes(pause));
            clock.resumed_at = Some(start + TimeDelta::minutes(pause + rest));
            let (mut now, mut before) = (start, clock.reading(&hours, start));
            for step in steps {
                now += TimeDelta::minutes(step);
                let after = clock.reading(&hours, now);
                prop_assert!(after >= before);
                before = after;
            }
            let due = clock.due(&hours).expect("it runs");
            prop_assert_eq!(clock.run(&hours, due), TimeDelta::minutes(owed));
        }
    }
}
