//! What a token endpoint says in place of a token, and what to do about it.

use chrono::TimeDelta;
use oauth2::RequestTokenError;
use oauth2::basic::BasicErrorResponse;
use serde::Deserialize;

use super::fault::{Cause, Fault};
use crate::domain::Time;

/// One CRM rations access tokens, ten in ten minutes, and refuses to give any while it is asked
/// again within that time.
const RATION_MINUTES: i64 = 10;

/// A fault on its way through the `oauth2` crate.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Wire(pub(super) Fault);

/// What to do about a token endpoint that gave no token.
pub(super) fn refusal(error: RequestTokenError<Wire, BasicErrorResponse>, now: Time) -> Fault {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            let code = answer.error().to_string();
            judge(
                &code,
                answer.error_description().cloned().unwrap_or_default(),
                now,
            )
        }
        RequestTokenError::Request(Wire(fault)) => fault,
        RequestTokenError::Parse(_, body) => refused(200, &String::from_utf8_lossy(&body), now),
        RequestTokenError::Other(other) => Fault::Unknown(Cause::told("token_answer", other)),
    }
}

/// A token answer that is none: perhaps an error in a shape of the CRM's own.
pub(super) fn refused(status: u16, body: &str, now: Time) -> Fault {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
        #[serde(default)]
        error_description: String,
    }
    match serde_json::from_str::<Refusal>(body) {
        Ok(refusal) => judge(&refusal.error, refusal.error_description, now),
        Err(_) => Fault::Unknown(Cause {
            status: Some(status),
            code: Some("token_answer".to_owned()),
            message: "the token endpoint gave no token and no error it is known for".to_owned(),
        }),
    }
}

/// The grant is dead, or the app is wrong, or it is only too soon (RFC 6749, 5.2, and what CRMs
/// say beside it).
fn judge(code: &str, message: String, now: Time) -> Fault {
    let cause = Cause::told(code, message);
    match code {
        "invalid_grant"
        | "access_denied"
        | "invalid_code"
        | "inactive_user"
        | "inactive_org"
        | "interaction_required" => Fault::Reconnect(cause),
        // The one that rations: the refresh token lives on, and a call before its time makes
        // the wait longer.
        "Access Denied" => Fault::Later {
            at: Some(now + TimeDelta::minutes(RATION_MINUTES)),
            cause,
        },
        "rate_limit_exceeded" | "temporarily_unavailable" | "server_error" => {
            Fault::Later { at: None, cause }
        }
        _ => Fault::Setup(cause),
    }
}
