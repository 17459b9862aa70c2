//! What Pipedrive's refusals mean.

use chrono::TimeDelta;
use serde::Deserialize;

use crate::crm::write::Refusal;
use crate::domain::field::Field;
use crate::http::call::Reply;
use crate::http::fault::{Cause, Fault};

/// An error body; Pipedrive leaves out any of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    error: String,
    error_info: Option<String>,
    message: String,
    code: String,
}

/// Too many calls at once are forgiven after the two seconds they are counted in.
const BURST_WAIT: TimeDelta = TimeDelta::seconds(2);
/// The day's tokens come back at midnight of the server's time zone, which no answer tells; one
/// call an hour looks whether they have.
const DAILY_LOOK_AGAIN: TimeDelta = TimeDelta::hours(1);
/// Whoever goes on calling through refusals is blocked by the network in front of Pipedrive, and
/// must then keep still.
const BLOCKED_WAIT: TimeDelta = TimeDelta::hours(1);

/// What a refusal means for the whole call.
pub fn fault(reply: &Reply) -> Fault {
    let told: Told = serde_json::from_slice(&reply.body).unwrap_or_default();
    let words = [&told.error, &told.message]
        .into_iter()
        .find(|words| !words.is_empty());
    let cause = match words {
        Some(words) => Cause::read(reply, told.code.clone(), words.clone()),
        None => Cause::from_reply(reply),
    };
    match reply.status {
        401 => Fault::Expired(cause),
        403 if reply.looks_like_page() => Fault::Spent {
            until: Some(reply.now + BLOCKED_WAIT),
            cause,
        },
        404 | 410 => Fault::Gone(cause),
        429 if reply.header("x-daily-ratelimit-token-remaining") == "0" => Fault::Spent {
            until: Some(reply.now + DAILY_LOOK_AGAIN),
            cause,
        },
        429 => {
            let reset = reply.header("x-ratelimit-reset").parse::<i64>();
            let wait = reset.map_or(BURST_WAIT, |seconds| {
                TimeDelta::seconds(seconds.clamp(0, 3600)).max(BURST_WAIT)
            });
            Fault::Later {
                at: reply.retry_at().or(Some(reply.now + wait)),
                cause,
            }
        }
        _ => match Fault::from_status(reply) {
            Fault::Setup(_) => Fault::Setup(cause),
            Fault::Later { at, .. } => Fault::Later { at, cause },
            _ => Fault::Unknown(cause),
        },
    }
}

/// Whether the app was not granted what the call needs.
pub fn lacks_scope(reply: &Reply) -> bool {
    let told: Told = serde_json::from_slice(&reply.body).unwrap_or_default();
    told.error.starts_with("Scope")
}

/// What a refusal means for the one deal it is about; fields are known by the keys it names.
pub fn refusal(reply: &Reply, keys: &[(Field, &str)]) -> Refusal {
    let told: Told = serde_json::from_slice(&reply.body).unwrap_or_default();
    let info = told.error_info.unwrap_or_default();
    let named = |(_, key): &&(Field, &str)| told.error.contains(key) || info.contains(key);
    let cause = fault(reply);
    let cause = cause.cause();
    let fields: Vec<Field> = keys.iter().filter(named).map(|(field, _)| *field).collect();
    // The exact words are not documented; a key that is not known is a matter of set-up.
    let unknown = ["not exist", "not found", "unknown", "not allowed"];
    let said = told.error.to_lowercase();
    Refusal {
        code: cause
            .code
            .clone()
            .unwrap_or_else(|| reply.status.to_string()),
        message: cause.message.clone(),
        setup: !fields.is_empty() && unknown.iter().any(|words| said.contains(words)),
        fields,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let mut map = reqwest::header::HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header"));
        }
        Reply {
            method: "GET".to_owned(),
            path: "/api/v2/deals".to_owned(),
            status,
            headers: map,
            body: body.as_bytes().to_vec(),
            now: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn every_documented_refusal_has_its_decision() {
        let none: &[(&'static str, &str)] = &[];
        let empty: &[_] = &[("x-daily-ratelimit-token-remaining", "0")];
        let reset: &[_] = &[("x-ratelimit-reset", "9")];
        let limit = r#"{"success":false,"error":"Request over limit","errorCode":429}"#;
        let table = [
            (
                401,
                none,
                r#"{"success":false,"error":"unauthorized access"}"#,
                "expired",
            ),
            (402, none, "{}", "setup"),
            (
                403,
                none,
                r#"{"success":false,"error":"Scope and URL mismatch"}"#,
                "setup",
            ),
            (
                403,
                none,
                "<html>Sorry, you have been blocked</html>",
                "spent 3600",
            ),
            (
                404,
                none,
                r#"{"success":false,"error":"Deal not found"}"#,
                "gone",
            ),
            (410, none, "{}", "gone"),
            (429, none, limit, "later 2"),
            (429, reset, limit, "later 9"),
            (429, empty, limit, "spent 3600"),
            (
                400,
                none,
                r#"{"success":false,"error":"Bad request"}"#,
                "unknown",
            ),
            (503, none, "<html>", "later"),
            (200, none, r#"{"success":false,"error":"odd"}"#, "unknown"),
        ];

        for (status, headers, body, wanted) in table {
            let decision = match fault(&reply(status, headers, body)) {
                Fault::Later { at: Some(at), .. } => format!("later {}", at.timestamp()),
                Fault::Later { .. } => "later".to_owned(),
                Fault::Spent { until, .. } => {
                    format!("spent {}", until.map_or(0, |at| at.timestamp()))
                }
                Fault::Expired(_) => "expired".to_owned(),
                Fault::Setup(_) => "setup".to_owned(),
                Fault::Gone(_) => "gone".to_owned(),
                _ => "unknown".to_owned(),
            };
            assert_eq!(decision, wanted, "{status} {body}");
        }
    }

    #[test]
    fn a_refused_key_names_our_field() {
        let body = r#"{"success":false,"error":"Custom field 2222 does not exist","error_info":"","data":null}"#;

        let refusal = refusal(
            &reply(400, &[], body),
            &[(Field::Score, "1111"), (Field::Grade, "2222")],
        );

        assert_eq!(refusal.fields, [Field::Grade]);
        assert!(refusal.setup);
    }
}
