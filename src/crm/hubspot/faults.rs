//! What HubSpot's refusals mean.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Deserialize;

use crate::crm::write::Refusal;
use crate::domain::field::Field;
use crate::http::call::Reply;
use crate::http::fault::{Cause, Fault};

/// An error body; HubSpot leaves out any of it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Told {
    category: String,
    error_type: String,
    policy_name: String,
    message: String,
    errors: Vec<Detail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Detail {
    code: String,
    message: String,
    context: BTreeMap<String, Vec<String>>,
}

/// How long to wait where HubSpot names only the rule that was broken, in seconds.
const WAITS: [(&str, i64); 2] = [("TEN_SECONDLY_ROLLING", 10), ("SECONDLY", 1)];
/// A day's quota ends at midnight of the account's own time zone, which an error does not tell; so
/// one call an hour looks whether it has.
const DAILY_LOOK_AGAIN: TimeDelta = TimeDelta::hours(1);
/// A locked record is free again after a moment; the documents ask for two seconds.
const LOCKED_WAIT: TimeDelta = TimeDelta::seconds(2);
/// Codes that say that the set-up is wrong, not the value.
const SETUP_CODES: [&str; 3] = [
    "PROPERTY_DOESNT_EXIST",
    "READ_ONLY_VALUE",
    "INVALID_PROPERTY",
];

impl Told {
    /// What an error body says; nothing where it is none.
    pub fn by(reply: &Reply) -> Self {
        serde_json::from_slice(&reply.body).unwrap_or_default()
    }

    /// The most telling code: of the first detail, else the category, else the kind.
    fn code(&self) -> &str {
        let detail = self.errors.first().map_or("", |detail| &detail.code);
        [detail, &self.category, &self.error_type]
            .into_iter()
            .find(|code| !code.is_empty())
            .unwrap_or_default()
    }

    fn words(&self) -> String {
        let scopes = self.errors.iter().find_map(|detail| {
            let scopes = detail.context.get("requiredGranularScopes")?;
            Some(scopes.join(" "))
        });
        match (scopes, self.errors.first()) {
            (Some(scopes), _) => format!("the app lacks the scopes {scopes}"),
            (None, Some(detail)) if !detail.message.is_empty() => detail.message.clone(),
            _ => self.message.clone(),
        }
    }

    /// The properties it names.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        self.errors
            .iter()
            .filter_map(|detail| detail.context.get("propertyName"))
            .flatten()
            .map(String::as_str)
    }

    /// Whether every detail is about a property that is missing or may not be written.
    pub fn is_setup(&self) -> bool {
        !self.errors.is_empty()
            && self
                .errors
                .iter()
                .all(|detail| SETUP_CODES.contains(&&*detail.code))
    }
}

/// What a refusal means for the whole call.
pub fn fault(reply: &Reply) -> Fault {
    let told = Told::by(reply);
    let cause = if told.code().is_empty() && told.message.is_empty() {
        Cause::from_reply(reply)
    } else {
        Cause::read(reply, told.code(), told.words())
    };
    let later = |wait: TimeDelta| reply.retry_at().or(Some(reply.now + wait));
    match (reply.status, told.category.as_str()) {
        (429, _) if told.policy_name == "DAILY" => Fault::Spent {
            until: Some(reply.now + DAILY_LOOK_AGAIN),
            cause,
        },
        (429, _) => {
            let known = WAITS.iter().find(|(name, _)| *name == told.policy_name);
            let wait = known.map_or(10, |(_, seconds)| *seconds);
            Fault::Later {
                at: later(TimeDelta::seconds(wait)),
                cause,
            }
        }
        (423, _) => Fault::Later {
            at: later(LOCKED_WAIT),
            cause,
        },
        // The account is moving between data centres.
        (477, _) => Fault::Later {
            at: reply.retry_at(),
            cause,
        },
        (400, _) if told.is_setup() => Fault::Setup(cause),
        (404, "OBJECT_NOT_FOUND") => Fault::Gone(cause),
        (410, _) => Fault::Gone(cause),
        // A page instead of data is the network in front of HubSpot, not HubSpot.
        (403, _) if reply.looks_like_page() => Fault::Later { at: None, cause },
        _ => match Fault::from_status(reply) {
            Fault::Expired(_) => Fault::Expired(cause),
            Fault::Setup(_) => Fault::Setup(cause),
            Fault::Later { at, .. } => Fault::Later { at, cause },
            _ => Fault::Unknown(cause),
        },
    }
}

/// Whether the app was not granted what the call needs.
pub fn lacks_scopes(reply: &Reply) -> bool {
    Told::by(reply).category == "MISSING_SCOPES"
}

/// What a refusal means for the one record it is about, in HubSpot's own words.
pub fn refusal(reply: &Reply, field: impl Fn(&str) -> Option<Field>) -> Refusal {
    let told = Told::by(reply);
    let known = fault(reply);
    let cause = known.cause();
    Refusal {
        code: cause.code.clone().unwrap_or_default(),
        message: cause.message.clone(),
        fields: told.properties().filter_map(field).collect(),
        setup: told.is_setup(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            method: "POST".to_owned(),
            path: "/crm/objects/2026-03/deals/search".to_owned(),
            status,
            headers: reqwest::header::HeaderMap::new(),
            body: body.as_bytes().to_vec(),
            now: chrono::DateTime::UNIX_EPOCH,
        }
    }

    fn decision(status: u16, body: &str) -> String {
        let fault = fault(&reply(status, body));
        let wait = |at: Option<crate::domain::Time>| {
            at.map_or("?".to_owned(), |at| at.timestamp().to_string())
        };
        match fault {
            Fault::Later { at, .. } => format!("later {}", wait(at)),
            Fault::Spent { until, .. } => format!("spent {}", wait(until)),
            Fault::Expired(_) => "expired".to_owned(),
            Fault::Setup(cause) => format!("setup {}", cause.code.unwrap_or_default()),
            Fault::Gone(_) => "gone".to_owned(),
            Fault::Unknown(cause) => format!("unknown {}", cause.code.unwrap_or_default()),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_documented_refusal_has_its_decision() {
        let table = [
            (
                429,
                r#"{"errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING"}"#,
                "later 10",
            ),
            (
                429,
                r#"{"errorType":"RATE_LIMIT","policyName":"SECONDLY"}"#,
                "later 1",
            ),
            (
                429,
                r#"{"errorType":"RATE_LIMIT","policyName":"DAILY"}"#,
                "spent 3600",
            ),
            (429, "", "later 10"),
            (401, r#"{"category":"EXPIRED_AUTHENTICATION"}"#, "expired"),
            (
                403,
                r#"{"category":"MISSING_SCOPES","errors":[{"message":"m","context":{"requiredGranularScopes":["a"]}}]}"#,
                "setup MISSING_SCOPES",
            ),
            (403, "<html>blocked</html>", "later ?"),
            (
                404,
                r#"{"category":"OBJECT_NOT_FOUND","message":"m"}"#,
                "gone",
            ),
            (404, "", "setup "),
            (423, "{}", "later 2"),
            (477, "", "later ?"),
            (502, "<html>", "later ?"),
            (524, "", "later ?"),
            (
                400,
                r#"{"category":"VALIDATION_ERROR","message":"m"}"#,
                "unknown VALIDATION_ERROR",
            ),
            (
                400,
                r#"{"category":"VALIDATION_ERROR","errors":[{"code":"PROPERTY_DOESNT_EXIST","message":"m"}]}"#,
                "setup PROPERTY_DOESNT_EXIST",
            ),
            (418, "\u{0}", "unknown "),
        ];

        for (status, body, wanted) in table {
            assert_eq!(decision(status, body), wanted, "{status} {body}");
        }
    }

    #[test]
    fn a_refused_record_names_our_field() {
        let body = include_str!("golden/batch_update_400.json");

        let refusal = refusal(&reply(400, body), |name| {
            (name == "latitude_score").then_some(Field::Score)
        });

        assert_eq!(refusal.code, "PROPERTY_DOESNT_EXIST");
        assert_eq!(refusal.fields, [Field::Score]);
        assert!(refusal.setup);
    }
}
