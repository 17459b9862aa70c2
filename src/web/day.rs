//! A day as people write it, from paths, addresses and forms alike.

use chrono::NaiveDate;

use super::error::Problem;

/// A day such as `2026-12-03`: a year of four digits, so that every day around it is one too.
pub fn read(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let begins_as_a_year = text.starts_with(|it: char| ('1'..='9').contains(&it));
    (text.len() == 10 && begins_as_a_year).then(|| text.parse().ok())?
}

/// The same, of what a person calls `what`; nothing where nothing is written.
///
/// # Errors
/// [`Problem::Unfit`], which says how a day is written.
pub fn said(what: &str, text: &str) -> Result<Option<NaiveDate>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => read(text).map(Some).ok_or_else(|| {
            Problem::Unfit(format!(
                "{what}: “{text}” is no day that can be read. Write it as year-month-day, such as \
                 2026-12-04."
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_a_year_of_four_digits_and_one_way_to_be_written() {
        assert_eq!(read(" 2026-12-04"), NaiveDate::from_ymd_opt(2026, 12, 4));
        for none in [
            "",
            "4.12.2026",
            "2026-12-4",
            "2026-13-01",
            "2026-02-30",
            "+262142-12-31",
            "-262143-01-01",
            "0001-01-01",
            "+026-12-04",
            "20261-2-04",
            "12026-12-0",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
