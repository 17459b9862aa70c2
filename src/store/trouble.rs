//! What the database does not do: remembered from its first refusal to the next write it takes, so
//! that `/ready` and the metrics can say it and the ledger can say it afterwards.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Error, Store};
use crate::domain::Time;

/// How long a write that is only a trial may take.
const TRIAL: Duration = Duration::from_secs(4);

/// … and how large it is, in blocks of 64 KiB: 4 MiB, as much as a page of deals may need. A disk
/// with room for a little less is full as far as work goes.
const TRIAL_BLOCKS: usize = 64;

/// What is wrong with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It does not answer.
    Gone,
    /// Its disk is full.
    Full,
    /// It takes no writes for another reason.
    ReadOnly,
}

impl Kind {
    /// What an error says about the database itself; none for an error of one statement.
    pub fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Io(_)
            | Error::Tls(_)
            | Error::Protocol(_)
            | Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed => Some(Self::Gone),
            Error::Database(told) => of_code(&told.code()?),
            _ => None,
        }
    }

    /// Whose business it is, in a few words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gone => "does not answer",
            Self::Full => "takes no writes: its disk is full",
            Self::ReadOnly => "takes no writes",
        }
    }
}

/// PostgreSQL's codes have five places; SQLite's are numbers whose last byte tells the kind.
fn of_code(code: &str) -> Option<Kind> {
    match code {
        "53100" => Some(Kind::Full),
        "25006" => Some(Kind::ReadOnly),
        // It took longer than a statement may, or gave a unit of work up of which it heard nothing.
        "57014" | "25P03" => Some(Kind::Gone),
        _ if code.len() == 5 && (code.starts_with("57P") || code.starts_with("08")) => {
            Some(Kind::Gone)
        }
        _ if code.len() == 5 => None,
        _ => match code.parse::<u32>().ok()? & 0xff {
            13 => Some(Kind::Full),
            8 | 10 | 14 => Some(Kind::ReadOnly),
            _ => None,
        },
    }
}

/// What the database says to one statement that it refuses, though it answers: neither away, nor in
/// the middle of something that passes. The value that it refuses is left out.
pub fn refusal(error: &Error) -> Option<String> {
    if Kind::of(error).is_some() {
        return None;
    }
    // What follows a colon may be a person's words.
    let plain = |told: &str| told.split(": ").next().unwrap_or_default().to_owned();
    match error {
        Error::Database(told) => {
            let code = told.code().unwrap_or_default();
            let told = plain(told.message());
            (!passes(&code)).then(|| format!("{told} ({code})"))
        }
        Error::Decode(_) | Error::ColumnDecode { .. } | Error::Encode(_) | Error::RowNotFound => {
            Some(plain(&error.to_string()))
        }
        _ => None,
    }
}

/// Whether an error says that the database cannot be had just now: it is away, or another unit of work
/// has held it for longer than anyone waits.
pub fn is_away(error: &Error) -> bool {
    let held = |error: &Error| {
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|it| passes(&it))
    };
    Kind::of(error).is_some() || held(error)
}

/// Whether a code says that another unit of work stood in the way: tried again, it goes through.
fn passes(code: &str) -> bool {
    match code {
        "55P03" => true,
        _ if code.len() == 5 => code.starts_with("40"),
        _ => code
            .parse::<u32>()
            .is_ok_and(|it| [5, 6].contains(&(it & 0xff))),
    }
}

/// A trouble, and since when.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What is wrong.
    pub kind: Kind,
    /// In the database's words.
    pub told: String,
    /// Since when.
    pub since: Time,
}

/// What this process noticed.
#[derive(Clone, Default)]
pub(super) struct Noticed {
    notes: Arc<Mutex<Notes>>,
    /// Held by whoever tries a write.
    trial: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Notes {
    now: Option<Trouble>,
    over: Option<Trouble>,
}

impl Noticed {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Takes note of an error, where it says something about the database itself.
    pub fn noticed(&self, error: &Error, now: Time) {
        if let Some(kind) = Kind::of(error) {
            let mut notes = self.noticed.notes();
            let since = notes.now.as_ref().map_or(now, |before| before.since);
            notes.now = Some(Trouble {
                kind,
                told: error.to_string(),
                since,
            });
        }
    }

    /// What is wrong, where something was noticed and a write tried now fails still. One tries at a
    /// time; for whoever asks meanwhile it is still wrong.
    pub async fn trouble(&self) -> Option<Trouble> {
        let before = self.noticed.notes().now.clone()?;
        let Ok(_trial) = self.noticed.trial.try_lock() else {
            return Some(before);
        };
        let tried = tokio::time::timeout(TRIAL, self.takes(TRIAL_BLOCKS)).await;
        match tried {
            Ok(Ok(())) => {
                let mut notes = self.noticed.notes();
                notes.now = None;
                notes.over = Some(before);
                None
            }
            Ok(Err(_)) | Err(_) => Some(before),
        }
    }

    /// A trouble that is over and that nobody has written down yet; tells it once.
    pub fn trouble_over(&self) -> Option<Trouble> {
        self.noticed.notes().over.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_databases_are_understood() {
        for (code, kind) in [
            ("13", Some(Kind::Full)),
            ("53100", Some(Kind::Full)),
            ("8", Some(Kind::ReadOnly)),
            ("1544", Some(Kind::ReadOnly)),
            ("778", Some(Kind::ReadOnly)),
            ("25006", Some(Kind::ReadOnly)),
            ("57P01", Some(Kind::Gone)),
            ("08006", Some(Kind::Gone)),
            ("57014", Some(Kind::Gone)),
            ("25P03", Some(Kind::Gone)),
            ("23505", None),
            ("2067", None),
        ] {
            assert_eq!(of_code(code), kind, "{code}");
        }
        for (code, passing) in [
            ("40001", true),
            ("40P01", true),
            ("55P03", true),
            ("5", true),
            ("517", true),
            ("6", true),
            ("22P05", false),
            ("23505", false),
            ("1811", false),
        ] {
            assert_eq!(passes(code), passing, "{code}");
        }
        assert_eq!(Kind::of(&Error::PoolTimedOut), Some(Kind::Gone));
        assert_eq!(refusal(&Error::PoolTimedOut), None);
        let words = Error::Decode("expected a date: Ada's plan".into());
        let told = refusal(&words).unwrap_or_default();
        assert!(!told.is_empty() && !told.contains("Ada"), "{told}");
        assert_eq!(Kind::of(&Error::RowNotFound), None);
    }
}
