//! Splitting a first pull into parts that are read side by side.
//!
//! One query counts the open deals of each day of `SystemModstamp`; parts begin at midnights, so
//! that each has about as many. Days are those of UTC, as moments in queries are. What is stamped
//! within one day stays together: after a bulk load there is nothing to split.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use serde::Deserialize;

use super::read::{Mark, OVERLAP_MINUTES, PAGE, Place, rows};
use crate::crm::page::{Cursor, Parts};
use crate::crm::session::Session;
use crate::domain::Time;
use crate::http::fault::Fault;

/// How many parts at most, and so how many queries under way at once. Salesforce limits only calls that
/// last longer than 20 seconds, which a page does not: to 25, in its smallest editions to 5.
const PARTS: usize = 8;
/// Fewer deals than this are read sooner than they are counted; and no part has fewer, as far as days
/// allow, since each ends with a page that is not full.
const WORTH: usize = 4 * PAGE;
/// The fewest parts of a pull that is split at all.
const FEWEST: usize = 2;
/// The most days that are told apart, newest first: what a query may group. All that is older
/// falls into the first part.
const DAYS: usize = 2000;

/// How many deals were last changed on a day.
#[derive(Deserialize)]
struct Day {
    day: NaiveDate,
    deals: usize,
}

/// See [`crate::crm::Crm::split`].
pub async fn split(session: &Session, from: &Cursor) -> Result<Option<Parts>, Fault> {
    let place: Place = from.place();
    let Some(began) = place.began.filter(|_| place.left >= Some(WORTH)) else {
        return Ok(None);
    };
    let soql = format!(
        "SELECT DAY_ONLY(SystemModstamp) day, COUNT(Id) deals FROM Opportunity WHERE {} \
         GROUP BY DAY_ONLY(SystemModstamp) ORDER BY DAY_ONLY(SystemModstamp) DESC LIMIT {DAYS}",
        place.conditions()
    );
    let mut days: Vec<Day> = match rows(session, &soql).await {
        Ok(days) => days,
        // An organisation that will not count is read in one part, as it always could be.
        Err(fault @ (Fault::Setup(_) | Fault::Unknown(_))) => {
            tracing::debug!(cause = %fault.cause(), "the deals of each day could not be counted");
            return Ok(None);
        }
        Err(fault) => return Err(fault),
    };
    days.sort_by_key(|it| it.day);
    let starts = starts(&days);
    if starts.is_empty() {
        return Ok(None);
    }
    // What changes from now on is nobody's part: read in one and again in another, it might be
    // saved in the wrong order.
    let ends = starts.iter().copied().chain([began]).map(Some);
    let places = std::iter::once(place.after.clone())
        .chain(starts.iter().map(|stamp| Some(before_all(*stamp))))
        .zip(ends)
        .map(|(after, before)| {
            Cursor::at(&Place {
                after,
                before,
                left: None,
                ..place.clone()
            })
        });
    Ok(Some(Parts {
        side_by_side: places.collect(),
        then: Cursor::at(&Place {
            after: Some(before_all(began - TimeDelta::minutes(OVERLAP_MINUTES))),
            first_done: true,
            ..Place::default()
        }),
    }))
}

/// The place before every row of that stamp.
fn before_all(stamp: Time) -> Mark {
    Mark {
        stamp,
        id: String::new(),
    }
}

/// Where each part but the first begins; none where splitting is not worth it.
fn starts(days: &[Day]) -> Vec<Time> {
    let all: usize = days.iter().map(|it| it.deals).sum();
    if all < WORTH {
        return Vec::new();
    }
    let parts = (all / WORTH).clamp(FEWEST, PARTS);
    let (mut starts, mut before, mut passed) = (Vec::new(), 0, 0);
    for it in days {
        // A day begins a part where the share of another part lies before it.
        let shares = before * parts / all;
        if shares > passed {
            starts.push(it.day.and_time(NaiveTime::MIN).and_utc());
            passed = shares;
        }
        before += it.deals;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32, deals: usize) -> Day {
        let day = NaiveDate::from_ymd_opt(2026, 11, n).expect("a day");
        Day { day, deals }
    }

    #[test]
    fn parts_begin_where_about_as_many_deals_lie_before_as_after() {
        for (deals, days) in [
            (5_000, &[4, 6, 9, 11, 14, 16, 19][..]),
            (1_500, &[8, 15]),
            (500, &[11]),
        ] {
            let even: Vec<Day> = (1..=20).map(|n| day(n, deals)).collect();
            let parts: Vec<String> = starts(&even).iter().map(Time::to_string).collect();
            let days = days.iter().map(|n| format!("2026-11-{n:02} 00:00:00 UTC"));
            assert_eq!(parts, days.collect::<Vec<_>>(), "{deals} a day");
        }
    }

    #[test]
    fn a_day_is_not_split_and_few_deals_are_not_worth_it() {
        let loaded = [day(1, 10), day(2, 90_000), day(3, 10)];
        let few: Vec<Day> = (1..=20).map(|n| day(n, 10)).collect();

        let uneven = [day(1, 90_000), day(2, 10), day(3, 10), day(4, 10)];
        assert_eq!(starts(&loaded).len(), 1);
        assert_eq!(starts(&uneven).len(), 1);
        assert!(starts(&[day(1, 90_000)]).is_empty());
        assert!(starts(&few).is_empty());
    }
}
