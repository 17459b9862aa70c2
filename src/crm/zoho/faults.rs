//! What Zoho's errors mean: for a whole call, and for one record of a batch.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::crm::setup::FieldMap;
use crate::crm::write::{Outcome, Refusal};
use crate::http::call::Reply;
use crate::http::fault::{Cause, Fault};

/// What an answer says about one thing: success or an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Said {
    /// `SUCCESS`, `INVALID_DATA` and the like.
    pub code: String,
    /// The sentence for people.
    pub message: String,
    /// Whatever belongs to the code.
    pub details: Json,
}

/// The first thing said, bare or inside `data`, `fields`, `users`.
pub fn said(body: &[u8]) -> Said {
    let Ok(Json::Object(body)) = serde_json::from_slice::<Json>(body) else {
        return Said::default();
    };
    let inner = ["data", "fields", "users", "org", "pipeline", "layouts"]
        .iter()
        .find_map(|name| body.get(*name)?.get(0).cloned());
    let said = inner.unwrap_or(Json::Object(body));
    serde_json::from_value(said).unwrap_or_default()
}

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The token has run out.
    Expired,
    /// The grant lacks a scope: a person has to agree again.
    Reconnect,
    /// An admin has to change a profile, a module, a field.
    Setup,
    /// The record is not there.
    Gone,
    /// The record was changed meanwhile.
    Changed,
    /// The same may succeed in a while.
    Later,
    /// The place to continue from is no longer valid.
    Lost,
    /// The record as it is, or the value, is not taken.
    Refused,
    /// Nobody foresaw it.
    Unknown,
}

/// Code (empty: any), status (0: any), words of the message (empty: any) → what to do.
/// The first row that fits decides; the code says more than the status.
const RULES: &[(&str, u16, &str, Decision)] = &[
    ("INVALID_TOKEN", 0, "", Decision::Expired),
    ("AUTHENTICATION_FAILURE", 0, "", Decision::Expired),
    ("OAUTH_SCOPE_MISMATCH", 0, "", Decision::Reconnect),
    ("TOO_MANY_REQUESTS", 0, "", Decision::Later),
    ("INTERNAL_ERROR", 0, "", Decision::Later),
    ("DEPENDENT_SERVICE_ERROR", 0, "", Decision::Later),
    // Seen while another change of the same record is carried out.
    ("CANNOT_PROCESS", 0, "", Decision::Later),
    // Until an approval or a blueprint lets go of the record, which may be hours.
    ("RECORD_LOCKED", 0, "", Decision::Later),
    ("RECORD_IN_BLUEPRINT", 0, "", Decision::Later),
    ("NOT_APPROVED", 0, "", Decision::Later),
    ("ALREADY_MODIFIED", 0, "", Decision::Changed),
    ("EXPIRED_VALUE", 0, "", Decision::Lost),
    ("TOKEN_BOUND_DATA_MISMATCH", 0, "", Decision::Lost),
    ("PAGINATION_LIMIT_EXCEEDED", 0, "", Decision::Lost),
    (
        "INVALID_DATA",
        0,
        "id given seems to be invalid",
        Decision::Gone,
    ),
    ("INVALID_DATA", 0, "", Decision::Refused),
    ("MANDATORY_NOT_FOUND", 0, "", Decision::Refused),
    ("NO_PERMISSION", 0, "", Decision::Setup),
    ("NOT_SUPPORTED", 0, "", Decision::Setup),
    ("AUTHORIZATION_FAILED", 0, "", Decision::Setup),
    ("INVALID_MODULE", 0, "", Decision::Setup),
    ("INVALID_URL_PATTERN", 0, "", Decision::Setup),
    ("INVALID_QUERY", 0, "", Decision::Setup),
    ("DUPLICATE_DATA", 0, "", Decision::Refused),
    ("LIMIT_EXCEEDED", 0, "", Decision::Refused),
    ("", 401, "", Decision::Expired),
    ("", 403, "", Decision::Setup),
    ("", 404, "", Decision::Setup),
    ("", 412, "", Decision::Changed),
    ("", 429, "", Decision::Later),
    ("", 400, "", Decision::Refused),
    ("", 500, "", Decision::Later),
    ("", 502, "", Decision::Later),
    ("", 503, "", Decision::Later),
    ("", 504, "", Decision::Later),
];

/// What to do about an error.
pub fn decide(status: u16, said: &Said) -> Decision {
    RULES
        .iter()
        .find(|(code, when, words, _)| {
            (code.is_empty() || *code == said.code)
                && (*when == 0 || *when == status)
                && said.message.contains(words)
        })
        .map_or(Decision::Unknown, |(.., decision)| *decision)
}

/// What a refusal of a whole call means.
pub fn fault(reply: &Reply) -> Fault {
    let said = said(&reply.body);
    let cause = if said.code.is_empty() {
        Cause::from_reply(reply)
    } else {
        Cause::read(reply, said.code.clone(), explained(&said))
    };
    match decide(reply.status, &said) {
        Decision::Expired => Fault::Expired(cause),
        Decision::Reconnect => Fault::Reconnect(cause),
        Decision::Setup => Fault::Setup(cause),
        Decision::Gone => Fault::Gone(cause),
        Decision::Lost => Fault::Lost(cause),
        // No Retry-After comes; the schedule backs off.
        Decision::Later => Fault::Later {
            at: reply.retry_at(),
            cause,
        },
        Decision::Changed | Decision::Refused | Decision::Unknown => Fault::Unknown(cause),
    }
}

/// The message, with the details that say which field and why.
fn explained(said: &Said) -> String {
    match &said.details {
        Json::Object(details) if !details.is_empty() => {
            format!("{} {}", said.message, said.details)
        }
        _ => said.message.clone(),
    }
}

/// What became of one record of a batch.
pub fn outcome(said: &Said, fields: &FieldMap) -> Outcome {
    if said.code == "SUCCESS" {
        return Outcome::Written;
    }
    let decision = decide(0, said);
    let named = said.details["api_name"].as_str();
    let refusal = Refusal {
        code: said.code.clone(),
        message: explained(said),
        fields: named
            .and_then(|name| fields.field(name))
            .into_iter()
            .collect(),
        setup: decision == Decision::Setup,
    };
    match decision {
        Decision::Gone => Outcome::Gone,
        Decision::Changed => Outcome::Changed,
        Decision::Later => Outcome::Busy(refusal),
        _ => Outcome::Refused(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_documented_error_has_its_decision() {
        let cases = [
            (
                401,
                "INVALID_TOKEN",
                "invalid oauth token",
                Decision::Expired,
            ),
            (
                401,
                "AUTHENTICATION_FAILURE",
                "Authentication failed",
                Decision::Expired,
            ),
            (
                401,
                "OAUTH_SCOPE_MISMATCH",
                "invalid oauth scope to access this URL",
                Decision::Reconnect,
            ),
            (
                401,
                "TOKEN_BOUND_DATA_MISMATCH",
                "page_token is invalid",
                Decision::Lost,
            ),
            (400, "EXPIRED_VALUE", "page_token expired", Decision::Lost),
            (
                400,
                "INVALID_MODULE",
                "the module name given seems to be invalid",
                Decision::Setup,
            ),
            (403, "NO_PERMISSION", "permission denied", Decision::Setup),
            (
                404,
                "INVALID_URL_PATTERN",
                "Please check if the URL is correct",
                Decision::Setup,
            ),
            (
                200,
                "INVALID_DATA",
                "the id given seems to be invalid",
                Decision::Gone,
            ),
            (207, "INVALID_DATA", "invalid data", Decision::Refused),
            (200, "RECORD_LOCKED", "record locked", Decision::Later),
            (412, "ALREADY_MODIFIED", "modified", Decision::Changed),
            (429, "TOO_MANY_REQUESTS", "too many", Decision::Later),
            (
                500,
                "INTERNAL_ERROR",
                "Internal Server Error",
                Decision::Later,
            ),
            (502, "", "", Decision::Later),
            (418, "", "", Decision::Unknown),
        ];
        for (status, code, message, decision) in cases {
            let said = Said {
                code: code.to_owned(),
                message: message.to_owned(),
                details: Json::Null,
            };
            assert_eq!(decide(status, &said), decision, "{status} {code}");
        }
    }

    #[test]
    fn an_error_is_found_bare_or_wrapped() {
        let error = json!({"code": "NO_PERMISSION", "details": {}, "message": "permission denied", "status": "error"});
        for body in [
            error.clone(),
            json!({"data": [error]}),
            json!({"fields": [error]}),
        ] {
            assert_eq!(said(body.to_string().as_bytes()).code, "NO_PERMISSION");
        }
        for body in [
            "",
            "<html>busy</html>",
            "[]",
            "{\"data\":[]}",
            "{\"code\":7}",
        ] {
            assert_eq!(said(body.as_bytes()).code, "", "{body}");
        }
    }
}
