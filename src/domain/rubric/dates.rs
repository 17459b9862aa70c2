//! When: days, clock times, deadlines, in all the ways people write them.

use super::lexicon::Class;
use super::reading::{Reading, Span};
use super::slips::beside;
use super::tokens::Shape;

/// How exactly a time is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exact {
    /// A day one can write into a calendar: Friday, the 9th, 14 March, tomorrow.
    Day,
    /// A time of day: 9am, 14.00, noon.
    Clock,
    /// A season, a month, next week.
    Coarse,
}

/// One mention of a time.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// Its words.
    pub span: Span,
    /// How exact it is.
    pub exact: Exact,
    /// Whether it clearly lies in the past: last July, since March, in 2019.
    pub past: bool,
    /// Whether it can be a step of this plan, see [`super::ahead`].
    pub step: bool,
}

/// Every time told in the text, echoes left out.
pub fn times(reading: &Reading) -> Vec<When> {
    let mut times: Vec<When> = Vec::new();
    let mut index = 0;
    while index < reading.tokens.len() {
        let found = if reading.is_echo(index) {
            None
        } else {
            at(reading, index)
        };
        let Some((last, exact)) = found else {
            index += 1;
            continue;
        };
        let past = reading
            .before(index, 2)
            .any(|before| reading.is(before, Class::Past))
            || reading
                .after(last, 1)
                .any(|after| reading.is(after, Class::Past))
            || is_of_a_report(reading, index);
        times.push(When {
            span: Span { first: index, last },
            exact,
            past,
            step: !past,
        });
        index = last + 1;
    }
    times
}

/// "She told me so on 24 November": the day on which something was said, not one on which something
/// will be done.
fn is_of_a_report(reading: &Reading, index: usize) -> bool {
    const REPORTED: [&str; 6] = [
        "told",
        "said",
        "wrote",
        "mentioned",
        "admitted",
        "confirmed",
    ];
    const BETWEEN: [&str; 16] = [
        "me", "us", "so", "this", "that", "it", "on", "in", "by", "writing", "person", "phone",
        "mail", "email", "the", "a",
    ];
    let mut before = reading.before(index, 6);
    let said = before.find(|before| !reading.is_one_of(*before, &BETWEEN));
    said.is_some_and(|said| reading.is_one_of(said, &REPORTED))
}

/// The time that begins at this token, and where it ends.
fn at(reading: &Reading, index: usize) -> Option<(usize, Exact)> {
    let token = reading.tokens.get(index)?;
    let next = reading.after(index, 1).next();
    let number_next = next.filter(|next| is_day_number(reading, *next));
    let month_next = next.filter(|next| is_month(reading, *next));
    if token.shape == Shape::Number {
        if is_money(reading, index) {
            return None;
        }
        let month = month_next.or_else(|| month_of(reading, index));
        if let Some(month) = month.filter(|_| is_day_number(reading, index)) {
            return Some((month, Exact::Day));
        }
        return numeric(
            &reading
                .quote(Span {
                    first: index,
                    last: index,
                })
                .to_lowercase(),
        )
        .or_else(|| clock_after(reading, index))
        .or_else(|| misspelt(reading.quote_at(index)))
        .map(|exact| (index, exact));
    }
    if token.classes.has(Class::Weekday) {
        if is_a_habit(reading, index) {
            return None;
        }
        return Some((number_next.unwrap_or(index), Exact::Day));
    }
    if token.classes.has(Class::MaybeDay) && is_dated(reading, index) {
        return Some((number_next.unwrap_or(index), Exact::Day));
    }
    if token.classes.has(Class::Month)
        || (token.classes.has(Class::MaybeDay) && number_next.is_some())
    {
        return Some(number_next.map_or((index, Exact::Coarse), |number| (number, Exact::Day)));
    }
    if token.classes.has(Class::Soon) {
        return reading
            .mark_at(Class::Soon, index)
            .map(|span| (span.last, Exact::Day));
    }
    if token.classes.has(Class::Season) {
        return reading
            .mark_at(Class::Season, index)
            .map(|span| (span.last, Exact::Coarse));
    }
    None
}

/// "20 of September": the month that a day belongs to.
fn month_of(reading: &Reading, index: usize) -> Option<usize> {
    let mut after = reading.after(index, 2);
    let of = after.next()?;
    let month = after.next()?;
    (reading.is_one_of(of, &["of"]) && is_month(reading, month)).then_some(month)
}

/// "$14.25", "9.50 €": no time, whatever stands before it.
fn is_money(reading: &Reading, index: usize) -> bool {
    const SIGNS: [char; 5] = ['$', '€', '£', '¥', '₹'];
    let Some(token) = reading.tokens.get(index) else {
        return false;
    };
    let text = reading.answers.part(token.part);
    let before = text.get(..token.start).unwrap_or_default().trim_end();
    let after = text.get(token.end..).unwrap_or_default().trim_start();
    before.ends_with(SIGNS) || after.starts_with(SIGNS)
}

/// "Monday mornings": no day one can write into a calendar.
fn is_a_habit(reading: &Reading, index: usize) -> bool {
    const MANY: [&str; 4] = ["mornings", "afternoons", "evenings", "nights"];
    let mut next = reading.after(index, 1);
    next.any(|next| reading.is_one_of(next, &MANY))
}

fn is_month(reading: &Reading, index: usize) -> bool {
    reading.is(index, Class::Month) || reading.is(index, Class::MaybeDay)
}

/// Whether a doubtful word such as "sat" or "may" stands where a date stands.
fn is_dated(reading: &Reading, index: usize) -> bool {
    let prior = reading.before(index, 1).next();
    let beside = prior.is_some_and(|prior| {
        reading.is(prior, Class::Before)
            || reading.is(prior, Class::Weekday)
            || is_day_number(reading, prior)
    });
    let next = reading.after(index, 1).next();
    beside
        || next.is_some_and(|next| is_clock_number(reading, next))
        || closes_a_clause(reading, index)
}

/// "She sends me clips Wed", "asks the board Sat": notes end on the day; "where they sat" does not.
fn closes_a_clause(reading: &Reading, index: usize) -> bool {
    let is_no_verb = |before: usize| {
        !reading.is(before, Class::Own)
            && !reading.is(before, Class::Subject)
            && !reading.is(before, Class::Article)
            && !reading.is(before, Class::Modal)
            && !reading.is_one_of(before, &["they", "you", "it", "that"])
    };
    let mut before = reading.before(index, 2);
    let ends = reading
        .after(index, 1)
        .next()
        .is_none_or(|next| reading.is_apart(next));
    reading.is_one_of(index, &["mon", "wed", "sat", "sun"])
        && ends
        && before.next().is_some_and(is_no_verb)
        && before.next().is_some()
}

/// 1 to 31, with or without an ending: 9, 9th, 14.
fn is_day_number(reading: &Reading, index: usize) -> bool {
    let Some(token) = reading
        .tokens
        .get(index)
        .filter(|token| token.shape == Shape::Number)
    else {
        return false;
    };
    let text = reading.quote(Span {
        first: index,
        last: index,
    });
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    token.end - token.start <= 4
        && digits
            .parse::<u8>()
            .is_ok_and(|day| (1..=31).contains(&day))
}

fn is_clock_number(reading: &Reading, index: usize) -> bool {
    let text = reading
        .quote(Span {
            first: index,
            last: index,
        })
        .to_lowercase();
    is_day_number(reading, index) || numeric(&text).is_some()
}

/// Digits alone that tell a time: 9th, 14.03., 3/11, 2026-03-09, 9:30, 14h, 7pm.
fn numeric(text: &str) -> Option<Exact> {
    if matches!(text, "q1" | "q2" | "q3" | "q4" | "h1" | "h2") {
        return Some(Exact::Coarse);
    }
    let digits = text.trim_end_matches(|letter: char| letter.is_alphabetic());
    let ending = text.get(digits.len()..).unwrap_or_default();
    let parts: Vec<Option<u16>> = digits
        .split(['.', '/', ':', '-'])
        .map(|part| part.parse().ok())
        .collect();
    let in_range =
        |part: &Option<u16>, low, high| part.is_some_and(|part| (low..=high).contains(&part));
    match (parts.as_slice(), ending) {
        ([hour], "am" | "pm" | "h" | "hrs" | "uhr") if in_range(hour, 0, 24) => Some(Exact::Clock),
        ([day], "st" | "nd" | "rd" | "th" | "ts" | "dn" | "dr" | "ht" | "t")
            if in_range(day, 1, 31) =>
        {
            Some(Exact::Day)
        }
        ([hour, minute], _)
            if digits.contains(':') && in_range(hour, 0, 24) && in_range(minute, 0, 59) =>
        {
            Some(Exact::Clock)
        }
        ([hour, _], "am" | "pm" | "h" | "uhr") if in_range(hour, 0, 24) => Some(Exact::Clock),
        // Round the clock is no day in July.
        ([Some(24), Some(7)], "") => None,
        ([first, second], "") if digits.contains('/') && is_date(*first, *second) => {
            Some(Exact::Day)
        }
        ([_, _, _], "") if parts.iter().all(Option::is_some) && !digits.contains(',') => {
            Some(Exact::Day)
        }
        _ => hour_and_minute(text),
    }
}

/// The longest day or hour with an ending, and a letter more: "122th", "10aam".
const MOST_LETTERS: usize = 5;

/// "1t2h", "122th", "12yh", "1a0m": a day or an hour with one slip of the keyboard. "33rd" is none.
fn misspelt(text: &str) -> Option<Exact> {
    let text = text.to_lowercase();
    let letters: Vec<char> = text.chars().collect();
    let is_mixed = text.contains(|it: char| it.is_ascii_digit())
        && text.contains(|it: char| it.is_alphabetic());
    if letters.len() > MOST_LETTERS
        || !is_mixed
        || is_ordinal(&text) && letters.len() < MOST_LETTERS
    {
        return None;
    }
    let undoubled = (1..letters.len()).filter_map(|at| {
        let mut fewer = letters.clone();
        let doubled = fewer.remove(at);
        (letters.get(at - 1) == Some(&doubled)).then_some(fewer)
    });
    let swapped = (1..letters.len()).map(|at| {
        let mut other = letters.clone();
        other.swap(at - 1, at);
        other
    });
    let beside = (1..letters.len()).flat_map(|at| {
        let keys = letters.get(at).map_or([None; 2], |letter| beside(*letter));
        keys.into_iter().flatten().map(move |key| (at, key))
    });
    let beside = beside.map(|(at, key)| {
        let mut other = letters.clone();
        if let Some(letter) = other.get_mut(at) {
            *letter = key;
        }
        other
    });
    let meant = undoubled.chain(swapped).chain(beside);
    meant
        .map(String::from_iter)
        .filter(|it| is_ordinal(it) || it.ends_with("am") || it.ends_with("pm"))
        .find_map(|it| numeric(&it))
}

/// 1st, 12th, 33rd.
fn is_ordinal(text: &str) -> bool {
    let digits = text.trim_end_matches(|letter: char| letter.is_alphabetic());
    let ending = match digits.parse::<u32>() {
        Ok(number) if (11..=13).contains(&(number % 100)) => "th",
        Ok(number) => match number % 10 {
            1 => "st",
            2 => "nd",
            3 => "rd",
            _ => "th",
        },
        Err(_) => return false,
    };
    text.get(digits.len()..) == Some(ending)
}

/// 14h30, 06h30.
fn hour_and_minute(text: &str) -> Option<Exact> {
    let (hour, minute) = text.split_once('h')?;
    let is_time = hour.parse::<u8>().is_ok_and(|hour| hour <= 24)
        && minute.parse::<u8>().is_ok_and(|minute| minute < 60);
    is_time.then_some(Exact::Clock)
}

fn is_date(first: Option<u16>, second: Option<u16>) -> bool {
    let (Some(first), Some(second)) = (first, second) else {
        return false;
    };
    let (low, high) = (first.min(second), first.max(second));
    (1..=12).contains(&low) && (1..=31).contains(&high)
}

/// "14.00", "13.30", "14.03.": two numbers with a dot are a time or a date only after a day
/// word or a preposition of time.
fn clock_after(reading: &Reading, index: usize) -> Option<Exact> {
    let text = reading.quote(Span {
        first: index,
        last: index,
    });
    let dated = reading.before(index, 1).any(|prior| {
        reading.is(prior, Class::Before)
            || reading.is(prior, Class::Weekday)
            || reading.is(prior, Class::MaybeDay)
    });
    if !dated {
        return None;
    }
    let (first, second) = text.split_once(['.', '/'])?;
    let (first, second) = (first.parse::<u16>().ok()?, second.parse::<u16>().ok()?);
    let two_digits = text.len() >= 4;
    (two_digits && first <= 31 && second <= 59).then_some(Exact::Day)
}
