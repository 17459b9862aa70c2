//! Facts in words, the same on every page.

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::domain::Time;
use crate::domain::grade::Grade;

/// A day, such as `3 Dec 2026`.
pub fn day(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

/// The day it was at a moment where whoever reads it lives; by UTC where nobody knows their time zone.
pub fn local_day(time: Time, zone: Option<&str>) -> NaiveDate {
    let zone = zone.and_then(|it| it.parse().ok()).unwrap_or(Tz::UTC);
    time.with_timezone(&zone).date_naive()
}

/// A moment by the clock of whoever reads it, such as `3 Dec 2026, 14:05 CET`; in UTC where nobody
/// knows their time zone.
pub fn moment(time: Time, zone: Option<&str>) -> String {
    let zone = zone.and_then(|it| it.parse().ok()).unwrap_or(Tz::UTC);
    let there = time.with_timezone(&zone);
    let moment = there.format("%-d %b %Y, %H:%M");
    // Not every zone has letters; a bare `-03` reads like a part of the time, and a line may end
    // at its hyphen.
    let name = there.format("%Z").to_string();
    match name.starts_with(['+', '-']) {
        true => {
            let ahead = there.format("%:z").to_string();
            let ahead = ahead.strip_suffix(":00").unwrap_or(&ahead);
            let (sign, hours) = ahead.split_at(1);
            let hours = hours.strip_prefix('0').unwrap_or(hours);
            format!("{moment} UTC{}{hours}", sign.replace('-', "−"))
        }
        false => format!("{moment} {name}"),
    }
}

/// How far away a day is, seen from another.
pub fn away(date: NaiveDate, today: NaiveDate) -> String {
    match (date - today).num_days() {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        days @ 2.. => format!("in {days} days"),
        days => format!("{} days ago", -days),
    }
}

/// When an open deal closes, or was to, seen from a day.
pub fn closes(date: NaiveDate, today: NaiveDate) -> String {
    match date < today {
        true => format!("was to close {}", away(date, today)),
        false => format!("closes {}", away(date, today)),
    }
}

/// An amount with its currency, such as `EUR 12,500`.
pub fn money(amount: f64, currency: Option<&str>) -> String {
    let digits = format!("{:.0}", amount.abs());
    let mut grouped = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if amount < 0.0 { "−" } else { "" };
    match currency {
        Some(currency) => format!("{currency} {sign}{grouped}"),
        None => format!("{sign}{grouped}"),
    }
}

/// The class a grade is drawn with.
pub fn grade_class(label: &str) -> &'static str {
    match Grade::labelled(label) {
        Some(Grade::Strong) => "g-strong",
        Some(Grade::Solid) => "g-solid",
        Some(Grade::Developing) => "g-developing",
        Some(Grade::Thin) => "g-thin",
        Some(Grade::NoStrategyYet) => "g-blank",
        Some(Grade::NotAssessedLanguage) => "g-other",
        Some(Grade::NotEnoughYet) | None => "g-none",
    }
}

/// An address of a deal's page.
pub fn deal_path(connection: &str, deal: &str) -> String {
    format!("/deals/{}/{}", encoded(connection), encoded(deal))
}

/// A text as one part of a path: everything but letters, digits, `-`, `.`, `_` and `~` escaped.
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_read_well() {
        let date = |text: &str| text.parse::<NaiveDate>().expect("a date");

        assert_eq!(money(1_234_567.4, Some("EUR")), "EUR 1,234,567");
        assert_eq!(money(-950.0, None), "−950");
        assert_eq!(day(date("2026-12-03")), "3 Dec 2026");
        let at = "2026-12-03T23:05:00Z".parse().expect("a time");
        assert_eq!(moment(at, Some("Europe/Berlin")), "4 Dec 2026, 00:05 CET");
        let there = moment(at, Some("America/Sao_Paulo"));
        assert_eq!(there, "3 Dec 2026, 20:05 UTC−3");
        assert_eq!(local_day(at, Some("Europe/Berlin")), date("2026-12-04"));
        assert_eq!(local_day(at, None), date("2026-12-03"));
        assert_eq!(moment(at, Some("Nowhere")), "3 Dec 2026, 23:05 UTC");
        assert_eq!(away(date("2026-12-03"), date("2026-12-01")), "in 2 days");
        assert_eq!(away(date("2026-11-28"), date("2026-12-01")), "3 days ago");
        assert_eq!(deal_path("acme", "a/b c+"), "/deals/acme/a%2Fb%20c%2B");
    }
}
