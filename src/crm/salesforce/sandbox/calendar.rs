//! Date literals that name a week, month, quarter or year: `THIS_MONTH`, `LAST_YEAR` and the like.

use chrono::{Datelike, Days, Months, NaiveDate};

/// The words, as queries write them.
pub const PERIODS: [&str; 12] = [
    "LAST_WEEK",
    "THIS_WEEK",
    "NEXT_WEEK",
    "LAST_MONTH",
    "THIS_MONTH",
    "NEXT_MONTH",
    "LAST_QUARTER",
    "THIS_QUARTER",
    "NEXT_QUARTER",
    "LAST_YEAR",
    "THIS_YEAR",
    "NEXT_YEAR",
];

/// The first and the last day that a word names; none where it is no such word.
pub fn period(word: &str, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let (which, unit) = word.split_once('_')?;
    let steps = match which {
        "LAST" => -1,
        "THIS" => 0,
        "NEXT" => 1,
        _ => return None,
    };
    let months = match unit {
        "WEEK" => {
            // Weeks begin on Sunday.
            let sunday = today - Days::new(u64::from(today.weekday().num_days_from_sunday()));
            let begin = sunday + chrono::TimeDelta::weeks(steps);
            return Some((begin, begin + Days::new(6)));
        }
        "MONTH" => 1,
        "QUARTER" => 3,
        "YEAR" => 12,
        _ => return None,
    };
    let first = today.month0() / months * months + 1;
    let begin = NaiveDate::from_ymd_opt(today.year(), first, 1)?;
    let begin = match steps {
        -1 => begin - Months::new(months),
        0 => begin,
        _ => begin + Months::new(months),
    };
    Some((begin, begin + Months::new(months) - Days::new(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_whole_periods() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        for (word, from, to) in [
            ("THIS_WEEK", "2026-11-15", "2026-11-21"),
            ("NEXT_MONTH", "2026-12-01", "2026-12-31"),
            ("THIS_QUARTER", "2026-10-01", "2026-12-31"),
            ("NEXT_QUARTER", "2027-01-01", "2027-03-31"),
            ("LAST_YEAR", "2025-01-01", "2025-12-31"),
        ] {
            assert_eq!(
                period(word, day("2026-11-17")),
                Some((day(from), day(to))),
                "{word}"
            );
        }
        assert_eq!(period("TODAY", day("2026-11-17")), None);
    }
}
