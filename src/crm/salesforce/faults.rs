//! What Salesforce's refusals mean. Several share a code or a status, so the message decides.

use chrono::TimeDelta;
use serde::Deserialize;

use crate::crm::setup::FieldMap;
use crate::crm::write::{Outcome, Refusal};
use crate::http::call::Reply;
use crate::http::fault::{Cause, Fault};

/// One entry of an error body. Collections call the code `statusCode`, everything else `errorCode`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Complaint {
    /// Such as `INVALID_FIELD`.
    #[serde(alias = "errorCode", alias = "statusCode")]
    pub code: String,
    /// The admin's or Salesforce's own words.
    pub message: String,
    /// API names, often empty even where a field is at fault.
    pub fields: Vec<String>,
}

/// What to do about a refused call.
#[derive(Clone, Copy)]
enum Act {
    Expired,
    Setup,
    Gone,
    Lost,
    /// Nothing is left for anyone today.
    Spent,
    /// Come back when it suits; Salesforce never says when.
    Later,
}

/// How soon a spent day is asked about again, in seconds: the day is a rolling one.
pub const PROBE_SECONDS: i64 = 15 * 60;

/// Code, a part of the message, and what both mean; the first that fits counts.
const TABLE: &[(&str, &str, Act)] = &[
    // A fresh token cannot help these two; renewing would go round in circles.
    (
        "INVALID_SESSION_ID",
        "not valid for use with the REST API",
        Act::Setup,
    ),
    ("", "Connected app is not attached to Agent", Act::Setup),
    ("INVALID_SESSION_ID", "", Act::Expired),
    ("", "Bad_OAuth_Token", Act::Expired),
    (
        "REQUEST_LIMIT_EXCEEDED",
        "ConcurrentPerOrgLongTxn",
        Act::Later,
    ),
    ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests", Act::Later),
    ("REQUEST_LIMIT_EXCEEDED", "", Act::Spent),
    ("INVALID_QUERY_LOCATOR", "", Act::Lost),
    ("QUERY_TIMEOUT", "", Act::Later),
    ("UNABLE_TO_LOCK_ROW", "", Act::Later),
    ("SERVER_UNAVAILABLE", "", Act::Later),
    ("ENTITY_IS_DELETED", "", Act::Gone),
    ("MALFORMED_QUERY", "", Act::Setup),
    ("MALFORMED_ID", "", Act::Setup),
    ("INVALID_FIELD", "", Act::Setup),
    ("INVALID_TYPE", "", Act::Setup),
    ("INVALID_QUERY_FILTER_OPERATOR", "", Act::Setup),
    ("JSON_PARSER_ERROR", "", Act::Setup),
    ("API_DISABLED_FOR_ORG", "", Act::Setup),
    ("FUNCTIONALITY_NOT_ENABLED", "", Act::Setup),
    ("METHOD_NOT_ALLOWED", "", Act::Setup),
    ("NOT_FOUND", "", Act::Setup),
];

/// What to do about a call that was refused as a whole.
pub fn fault(reply: &Reply) -> Fault {
    let Some(first) = complaints(reply).into_iter().next() else {
        return match reply.status {
            // "Bad_OAuth_Token" in plain text is how the identity pages refuse a token.
            401 | 403 if String::from_utf8_lossy(&reply.body).contains("Bad_OAuth_Token") => {
                Fault::Expired(Cause::from_reply(reply))
            }
            // A maintenance page.
            420 => later(reply, Cause::from_reply(reply)),
            _ => Fault::from_status(reply),
        };
    };
    let cause = Cause::read(reply, first.code.clone(), first.message.clone());
    let known = TABLE.iter().find(|(code, part, _)| {
        (code.is_empty() || *code == first.code) && first.message.contains(part)
    });
    let Some((_, _, act)) = known else {
        return match reply.status {
            400 => Fault::Setup(cause),
            _ => told_again(reply, cause),
        };
    };
    match *act {
        Act::Expired => Fault::Expired(cause),
        Act::Setup => Fault::Setup(cause),
        Act::Gone => Fault::Gone(cause),
        Act::Lost => Fault::Lost(cause),
        Act::Spent => Fault::Spent {
            until: Some(reply.now + TimeDelta::seconds(PROBE_SECONDS)),
            cause,
        },
        Act::Later => later(reply, cause),
    }
}

fn later(reply: &Reply, cause: Cause) -> Fault {
    Fault::Later {
        at: reply.retry_at(),
        cause,
    }
}

/// What the status means, in the words that were read from the body.
fn told_again(reply: &Reply, cause: Cause) -> Fault {
    match Fault::from_status(reply) {
        Fault::Expired(_) => Fault::Expired(cause),
        Fault::Setup(_) => Fault::Setup(cause),
        Fault::Later { at, .. } => Fault::Later { at, cause },
        _ => Fault::Unknown(cause),
    }
}

/// The entries of an error body: usually a list, one object from the token and Tooling pages.
fn complaints(reply: &Reply) -> Vec<Complaint> {
    serde_json::from_slice::<Vec<Complaint>>(&reply.body)
        .or_else(|_| serde_json::from_slice(&reply.body).map(|one| vec![one]))
        .unwrap_or_default()
        .into_iter()
        .filter(|one: &Complaint| !one.code.is_empty() || !one.message.is_empty())
        .collect()
}

/// Whether a fault says that this field of the CRM does not exist (or may not be seen).
pub fn lacks_field(fault: &Fault, name: &str) -> bool {
    let cause = fault.cause();
    cause.code.as_deref() == Some("INVALID_FIELD") && cause.message.contains(name)
}

/// Per-record codes and what they mean for that record.
pub const GONE: &[&str] = &[
    "ENTITY_IS_DELETED",
    "INVALID_CROSS_REFERENCE_KEY",
    "NOT_FOUND",
];
/// Held by another transaction, or by an approval that ends some day.
const BUSY: &[&str] = &["UNABLE_TO_LOCK_ROW", "ENTITY_IS_LOCKED"];
/// An admin has to change the set-up, not the deal.
const SET_UP: &[&str] = &[
    "INVALID_FIELD",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "INVALID_TYPE",
    "INVALID_TYPE_ON_FIELD_IN_RECORD",
    "JSON_PARSER_ERROR",
    "STRING_TOO_LONG",
];

/// What became of one record that was not written.
pub fn outcome(complaints: &[Complaint], fields: &FieldMap) -> Outcome {
    let among = |codes: &[&str]| complaints.iter().find(|one| codes.contains(&&*one.code));
    if among(GONE).is_some() {
        return Outcome::Gone;
    }
    if let Some(one) = among(BUSY) {
        return Outcome::Busy(refusal(std::slice::from_ref(one), fields));
    }
    Outcome::Refused(refusal(complaints, fields))
}

/// The words of a refusal; several complaints about one record are told together.
pub fn refusal(complaints: &[Complaint], fields: &FieldMap) -> Refusal {
    let messages: Vec<&str> = complaints.iter().map(|one| one.message.as_str()).collect();
    let named = fields.0.iter().filter(|(_, place)| {
        complaints
            .iter()
            .any(|one| one.fields.contains(&place.name) || mentions(&one.message, &place.name))
    });
    Refusal {
        code: complaints
            .first()
            .map_or("NO_REASON", |one| &one.code)
            .to_owned(),
        message: messages.join("; "),
        fields: named.map(|(field, _)| *field).collect(),
        setup: complaints.iter().any(|one| SET_UP.contains(&&*one.code)),
    }
}

/// Whether a message holds an API name as a word of its own.
fn mentions(message: &str, name: &str) -> bool {
    message
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| word == name)
}

/// A page where data should be is a gateway or a maintenance notice.
pub fn page_instead_of_data(reply: &Reply) -> Fault {
    later(reply, Cause::from_reply(reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            method: "GET".to_owned(),
            path: "/services/data/v67.0/query".to_owned(),
            status,
            headers: reqwest::header::HeaderMap::new(),
            body: body.as_bytes().to_vec(),
            now: chrono::DateTime::UNIX_EPOCH,
        }
    }

    fn word(fault: &Fault) -> &'static str {
        match fault {
            Fault::Later { .. } => "later",
            Fault::Spent { .. } => "spent",
            Fault::Expired(_) => "expired",
            Fault::Reconnect(_) => "reconnect",
            Fault::Setup(_) => "setup",
            Fault::Gone(_) => "gone",
            Fault::Lost(_) => "lost",
            Fault::Unknown(_) => "unknown",
        }
    }

    #[test]
    fn each_refusal_is_the_decision_it_stands_for() {
        let told = |code: &str, message: &str| {
            format!(r#"[{{"message":"{message}","errorCode":"{code}"}}]"#)
        };
        let table = [
            (
                401,
                told("INVALID_SESSION_ID", "Session expired or invalid"),
                "expired",
            ),
            (
                401,
                told(
                    "INVALID_SESSION_ID",
                    "This session is not valid for use with the REST API",
                ),
                "setup",
            ),
            (
                401,
                told("X", "Connected app is not attached to Agent"),
                "setup",
            ),
            (403, "Bad_OAuth_Token".to_owned(), "expired"),
            (
                403,
                told("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
                "spent",
            ),
            (
                403,
                told(
                    "REQUEST_LIMIT_EXCEEDED",
                    "ConcurrentPerOrgLongTxn Limit exceeded.",
                ),
                "later",
            ),
            (
                403,
                told("API_DISABLED_FOR_ORG", "API is not enabled"),
                "setup",
            ),
            (403, told("INSUFFICIENT_ACCESS", "no"), "setup"),
            (400, told("INVALID_FIELD", "No such column"), "setup"),
            (400, told("MALFORMED_QUERY", "unexpected token"), "setup"),
            (
                400,
                told("INVALID_QUERY_LOCATOR", "invalid query locator"),
                "lost",
            ),
            (
                400,
                told(
                    "QUERY_TIMEOUT",
                    "Your query request was running for too long.",
                ),
                "later",
            ),
            (
                404,
                told("NOT_FOUND", "The requested resource does not exist"),
                "setup",
            ),
            (404, told("ENTITY_IS_DELETED", "entity is deleted"), "gone"),
            (
                500,
                told("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
                "later",
            ),
            (503, told("SERVER_UNAVAILABLE", "busy"), "later"),
            (503, "<html>maintenance</html>".to_owned(), "later"),
            (420, "<html>slow down</html>".to_owned(), "later"),
            (502, String::new(), "later"),
            (409, told("SOMETHING_NEW", "?"), "unknown"),
            (418, "{}".to_owned(), "unknown"),
        ];
        for (status, body, decision) in table {
            assert_eq!(
                word(&fault(&reply(status, &body))),
                decision,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn several_complaints_about_a_record_are_told_together() {
        let complaint = |code: &str, message: &str| Complaint {
            code: code.to_owned(),
            message: message.to_owned(),
            fields: Vec::new(),
        };
        let both = [
            complaint("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Say why."),
            complaint("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Say when."),
        ];

        let Outcome::Refused(refusal) = outcome(&both, &FieldMap::default()) else {
            panic!("refused")
        };

        assert_eq!(refusal.message, "Say why.; Say when.");
        assert!(!refusal.setup);
        let gone = [complaint(
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        )];
        assert_eq!(outcome(&gone, &FieldMap::default()), Outcome::Gone);
        assert!(matches!(
            outcome(&[], &FieldMap::default()),
            Outcome::Refused(_)
        ));
    }
}
