//! What EspoCRM's refusals mean.
//!
//! The reason stands in the header `X-Status-Reason`; bodies are empty or, for values that are not
//! valid and records that changed, JSON.

use chrono::TimeDelta;
use serde::Deserialize;

use crate::crm::setup::FieldMap;
use crate::crm::write::{Outcome, Refusal};
use crate::domain::field::Field;
use crate::http::call::Reply;
use crate::http::fault::{Cause, Fault};

/// More than ten bad sign-ins in a minute shut out everyone behind the same address for as long.
const LOCK_OUT_SECONDS: i64 = 65;

fn reason(reply: &Reply) -> &str {
    reply.header("x-status-reason")
}

/// Every call is refused, good key or not: no reason, no body, not even JSON's media type.
fn is_lock_out(reply: &Reply) -> bool {
    reply.status == 403
        && reply.body.is_empty()
        && !reply.headers.contains_key("x-status-reason")
        && reply.header("content-type").starts_with("text/html")
}

/// What an answer other than a success means.
pub fn of(reply: &Reply) -> Fault {
    let why = reason(reply);
    let cause = if why.is_empty() {
        Cause::from_reply(reply)
    } else {
        Cause::read(reply, "", why)
    };
    let told = |message: &str| Cause::read(reply, "", message);
    match reply.status {
        300..=399 => Fault::Setup(told(
            "the server sends calls on elsewhere; set base_url to where it really answers",
        )),
        // Not asked again: repeated bad sign-ins lock out everyone.
        401 => Fault::Reconnect(told(
            "EspoCRM does not accept the key, or the user is inactive",
        )),
        403 if is_lock_out(reply) => Fault::Later {
            at: Some(reply.now + TimeDelta::seconds(LOCK_OUT_SECONDS)),
            cause: Cause::read(reply, "lock_out", "too many bad sign-ins from this address"),
        },
        404 if why.starts_with("Record ") => Fault::Gone(cause),
        400 | 409 => Fault::Setup(cause),
        // With a reason it is a wrong request, without it may be the database.
        500 if !why.is_empty() => Fault::Unknown(cause),
        _ => match Fault::from_status(reply) {
            Fault::Setup(_) => Fault::Setup(cause),
            other => other,
        },
    }
}

/// A page where data should be is a gateway's, or a maintenance notice.
pub fn page_in_place_of_data(reply: &Reply) -> Fault {
    Fault::from_status(&Reply {
        status: 503,
        ..reply.clone()
    })
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    message_translation: Translation,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Translation {
    label: String,
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    field: String,
    #[serde(rename = "type")]
    kind: String,
}

/// What the answer to a write means for its record; a fault where it says nothing about it.
pub fn outcome(reply: &Reply, fields: &FieldMap) -> Result<Outcome, Fault> {
    let why = reason(reply);
    let body: Body = serde_json::from_slice(&reply.body).unwrap_or_default();
    let Translation { label, data } = body.message_translation;
    let field = fields.field(&data.field);
    let refusal = |code: &str, setup| Refusal {
        code: code.to_owned(),
        message: if why.is_empty() {
            format!("HTTP {}", reply.status)
        } else {
            why.to_owned()
        },
        fields: field.into_iter().collect(),
        setup,
    };
    let code = if data.kind.is_empty() {
        label
    } else {
        data.kind.clone()
    };
    Ok(match reply.status {
        200..=299 => Outcome::Written,
        404 if why.starts_with("Record ") => Outcome::Gone,
        409 if why == "modified" => Outcome::Changed,
        409 => Outcome::Refused(refusal("conflict", false)),
        // A value of ours that is not valid means that our field is not as set-up made it.
        400 => Outcome::Refused(refusal(&code, field.is_some())),
        403 if !is_lock_out(reply) => Outcome::Refused(refusal("forbidden", false)),
        500 => Outcome::Busy(refusal("error", false)),
        _ => return Err(of(reply)),
    })
}

/// The outcome where the server answered with success but did not keep what was sent: it leaves
/// out fields it does not know or that the role may not edit, without a word.
pub fn ignored(fields: Vec<Field>) -> Outcome {
    let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    Outcome::Refused(Refusal {
        code: "ignored".to_owned(),
        message: format!(
            "EspoCRM did not keep {}: the field is missing, or the role may not edit it",
            names.join(", ")
        ),
        fields,
        setup: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::setup::Place;
    use reqwest::header::{HeaderMap, HeaderValue};

    fn reply(status: u16, reason: Option<&'static str>, body: &str) -> Reply {
        let mut headers = HeaderMap::new();
        let media = if reason.is_some() {
            "application/json"
        } else {
            "text/html; charset=UTF-8"
        };
        headers.insert("content-type", HeaderValue::from_static(media));
        if let Some(reason) = reason {
            headers.insert("x-status-reason", HeaderValue::from_static(reason));
        }
        Reply {
            method: "PUT".to_owned(),
            path: "/api/v1/Opportunity/1".to_owned(),
            status,
            headers,
            body: body.as_bytes().to_vec(),
            now: chrono::DateTime::UNIX_EPOCH,
        }
    }

    fn word(fault: &Fault) -> &'static str {
        match fault {
            Fault::Later { at: Some(_), .. } => "later at",
            Fault::Later { .. } => "later",
            Fault::Reconnect(_) => "reconnect",
            Fault::Setup(_) => "setup",
            Fault::Gone(_) => "gone",
            _ => "unknown",
        }
    }

    #[test]
    fn status_and_reason_decide_together() {
        for (status, reason, body, wanted) in [
            (401, None, "", "reconnect"),
            (403, None, "", "later at"),
            (403, Some(""), "", "setup"),
            (403, Some("No 'read' access."), "", "setup"),
            (
                403,
                Some("Max size should not exceed 200. Use offset and limit."),
                "",
                "setup",
            ),
            (404, Some("Record 6b02 does not exist."), "", "gone"),
            (404, Some("Record 6b02 not found."), "", "gone"),
            (404, Some("Controller 'Nope' does not exist."), "", "setup"),
            (404, None, "<html>", "setup"),
            (
                400,
                Some("Not existing attribute 'x' in where."),
                "",
                "setup",
            ),
            (
                409,
                Some("Field 'cX' already exists in 'Opportunity'."),
                "{}",
                "setup",
            ),
            (
                500,
                Some("Field name should contain only letters and numbers."),
                "",
                "unknown",
            ),
            (500, Some(""), "", "later"),
            (503, None, "<html>", "later"),
            (301, None, "", "setup"),
        ] {
            let fault = of(&reply(status, reason, body));
            assert_eq!(word(&fault), wanted, "{status} {reason:?}");
        }
    }

    #[test]
    fn a_write_says_what_became_of_its_record() {
        let place = Place {
            name: "cLatitudeScore".to_owned(),
            ..Place::default()
        };
        let fields = FieldMap([(Field::Score, place)].into());
        let invalid = r#"{"messageTranslation":{"label":"validationFailure","scope":null,"data":{"field":"cLatitudeScore","type":"max"}}}"#;
        let told = |status, reason, body| outcome(&reply(status, reason, body), &fields);

        assert_eq!(told(200, Some(""), "{}").ok(), Some(Outcome::Written));
        // A read of it says "does not exist".
        assert_eq!(
            told(404, Some("Record 6b02 not found."), "").ok(),
            Some(Outcome::Gone)
        );
        assert_eq!(
            told(409, Some("modified"), r#"{"values":{},"versionNumber":3}"#).ok(),
            Some(Outcome::Changed)
        );
        let Ok(Outcome::Refused(refusal)) = told(400, Some("Field validation failure"), invalid)
        else {
            panic!("a value is refused");
        };
        assert_eq!(refusal.code, "max");
        assert_eq!(refusal.fields, [Field::Score]);
        assert!(matches!(
            told(403, Some("No edit access."), ""),
            Ok(Outcome::Refused(_))
        ));
        assert!(matches!(told(500, Some(""), ""), Ok(Outcome::Busy(_))));
        assert!(told(403, None, "").is_err());
        assert!(told(401, None, "").is_err());
    }
}
