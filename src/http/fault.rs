//! What to do about a call that did not do as asked.
//!
//! The variants are the decisions a caller takes; what happened hangs beneath as the [`Cause`].

use std::fmt;

use chrono::TimeDelta;

use super::call::{Reply, SLOW, TOO_LARGE};
use crate::domain::Time;

/// What to do about a CRM that did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Try again, at the time the CRM named or after a back-off.
    #[error("the CRM cannot answer now")]
    Later {
        /// When the CRM said to come back; none where it did not say.
        at: Option<Time>,
        /// What happened.
        #[source]
        cause: Cause,
    },
    /// The budget is spent: stop calling until then.
    #[error("the call budget is spent")]
    Spent {
        /// When calls may be made again; none where nobody can know.
        until: Option<Time>,
        /// What happened.
        #[source]
        cause: Cause,
    },
    /// The access token has run out; a fresh one may be asked for once. Seen only inside `http`.
    #[error("the session has ended")]
    Expired(#[source] Cause),
    /// Someone must sign in again.
    #[error("someone must sign in again")]
    Reconnect(#[source] Cause),
    /// The CRM, or Latitude's settings for it, must be changed by an admin.
    #[error("the CRM is not set up for Latitude")]
    Setup(#[source] Cause),
    /// The record is not there any more.
    #[error("the record is gone")]
    Gone(#[source] Cause),
    /// The place to continue from is no longer valid: start the pull over from the last safe place.
    #[error("the place to continue from is lost")]
    Lost(#[source] Cause),
    /// An answer nobody foresaw; tried again with growing pauses, and shown.
    #[error("an answer Latitude does not know")]
    Unknown(#[source] Cause),
}

impl Fault {
    /// What happened.
    pub fn cause(&self) -> &Cause {
        match self {
            Self::Later { cause, .. }
            | Self::Spent { cause, .. }
            | Self::Expired(cause)
            | Self::Reconnect(cause)
            | Self::Setup(cause)
            | Self::Gone(cause)
            | Self::Lost(cause)
            | Self::Unknown(cause) => cause,
        }
    }

    /// What happened, to be told otherwise.
    pub fn cause_mut(&mut self) -> &mut Cause {
        match self {
            Self::Later { cause, .. }
            | Self::Spent { cause, .. }
            | Self::Expired(cause)
            | Self::Reconnect(cause)
            | Self::Setup(cause)
            | Self::Gone(cause)
            | Self::Lost(cause)
            | Self::Unknown(cause) => cause,
        }
    }

    /// Whether less may come through where this much did not: the answer was too large, or took too
    /// long.
    pub fn asks_for_less(&self) -> bool {
        let cause = self.cause();
        cause.code.as_deref() == Some(TOO_LARGE) || cause.message.starts_with(SLOW)
    }

    /// The decision most CRMs mean by a status; connectors override it where theirs misleads.
    ///
    /// 401 is an ended session, 403 and 404 on a whole resource a matter of set-up, 408, 423, 425
    /// and 429 a pause, 5xx an outage; any other is unknown.
    pub fn from_status(reply: &Reply) -> Self {
        let cause = Cause::from_reply(reply);
        match reply.status {
            401 => Self::Expired(cause),
            402..=404 => Self::Setup(cause),
            408 | 423 | 425 | 429 => Self::Later {
                at: reply.retry_at(),
                cause,
            },
            500..=599 => Self::Later {
                at: reply.retry_at(),
                cause,
            },
            _ => Self::Unknown(cause),
        }
    }

    /// The connection broke or ran out of time before a whole answer came.
    pub fn no_answer(what: impl Into<String>) -> Self {
        Self::Later {
            at: None,
            cause: Cause::told("no_answer", what),
        }
    }
}

/// The longest error text that is kept, in characters.
const LONGEST_MESSAGE: usize = 500;

/// What happened, in the CRM's own words where it had any. Holds no token; what a CRM quotes of the
/// texts that it would not take is taken out by `sync/quoted.rs` before anyone sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The CRM's error code, or one of ours such as `no_answer`.
    pub code: Option<String>,
    /// The CRM's message, cut at 500 characters.
    pub message: String,
}

impl Cause {
    /// A cause that Latitude found by itself.
    pub fn told(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: None,
            code: Some(code.into()),
            message: short(&message.into()),
        }
    }

    /// What an answer says when nobody knows its error format: the status and the first words.
    pub fn from_reply(reply: &Reply) -> Self {
        let body = String::from_utf8_lossy(&reply.body);
        let message = if body.trim_start().starts_with('<') {
            "the answer is a web page, not data".to_owned()
        } else {
            short(body.trim())
        };
        Self {
            status: Some(reply.status),
            code: None,
            message,
        }
    }

    /// What an answer says, with the code and message a connector read from it.
    pub fn read(reply: &Reply, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: Some(reply.status),
            code: Some(code.into()).filter(|code: &String| !code.is_empty()),
            message: short(&message.into()),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(status) = self.status {
            write!(f, "HTTP {status} ")?;
        }
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Cause {}

fn short(text: &str) -> String {
    text.chars().take(LONGEST_MESSAGE).collect()
}

/// The longest time a CRM's "come back later" is believed, whatever it says.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// When to come back, from a `Retry-After` header: seconds or a date, within the next hour.
///
/// Absurd values (negative, far future, not a number) are pulled into that hour or ignored.
pub fn retry_after(header: &str, now: Time) -> Option<Time> {
    let header = header.trim();
    let wait = match header.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => {
            TimeDelta::milliseconds((seconds.clamp(0.0, 3600.0) * 1000.0) as i64)
        }
        Ok(_) => return None,
        Err(_) => chrono::DateTime::parse_from_rfc2822(header).ok()?.to_utc() - now,
    };
    Some(now + wait.clamp(TimeDelta::zero(), LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_wait_is_believed_within_reason() {
        let now = chrono::DateTime::UNIX_EPOCH;
        let seconds = |header| retry_after(header, now).map(|at| (at - now).num_seconds());

        assert_eq!(seconds("17"), Some(17));
        assert_eq!(seconds("-5"), Some(0));
        assert_eq!(seconds("1000000000"), Some(3600));
        assert_eq!(seconds("Thu, 01 Jan 1970 00:01:00 GMT"), Some(60));
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds("NaN"), None);
    }
}
