//! What the Web API's errors mean: for a whole call, and for one row of a batch.

use serde::Deserialize;

use crate::crm::setup::FieldMap;
use crate::crm::write::{Outcome, Refusal};
use crate::http::call::Reply;
use crate::http::fault::{Cause, Fault};

/// What an error says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// `0x80040217` and the like; some documented bodies leave it empty.
    pub code: String,
    /// The sentence for people.
    pub message: String,
}

/// Reads `{"error":{"code","message"}}`; anything else is taken as it came.
pub fn said(body: &[u8]) -> Said {
    #[derive(Deserialize)]
    struct Body {
        error: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(Body { error }) => Said {
            code: error.code,
            message: error.message,
        },
        Err(_) => Said::default(),
    }
}

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The token has run out.
    Expired,
    /// An admin has to change a role, a column, the registration.
    Setup,
    /// The row is not there.
    Gone,
    /// The row is no longer at the version the write was meant for.
    Changed,
    /// The same may succeed in a while.
    Later,
    /// The delta token is too old.
    Stale,
    /// The row as it is, or the value, is not taken.
    Refused,
    /// Nobody foresaw it.
    Unknown,
}

/// Status (0: any), code (empty: any), words of the message (empty: any) → what to do.
/// The first row that fits decides.
const RULES: &[(u16, &str, &str, Decision)] = &[
    (401, "", "", Decision::Expired),
    (412, "", "", Decision::Changed),
    (0, "0x80060882", "", Decision::Changed),
    (0, "0x80044352", "", Decision::Stale),
    (
        0,
        "",
        "Version stamp associated with the client",
        Decision::Stale,
    ),
    (400, "", "Paging Cookie", Decision::Stale),
    // The segment is a table or a column: 404 here is no missing row.
    (0, "0x80060888", "", Decision::Setup),
    (0, "", "Could not find a property named", Decision::Setup),
    (0, "", "Resource not found for the segment", Decision::Setup),
    (0, "0x80040217", "", Decision::Gone),
    (0, "", "Does Not Exist", Decision::Gone),
    (0, "", "Do Not Exist", Decision::Gone),
    (429, "", "", Decision::Later),
    (0, "0x80072322", "", Decision::Later),
    (0, "0x80072321", "", Decision::Later),
    (0, "0x80072326", "", Decision::Later),
    // A deadlock or a time-out of the database; the number is known, its form on the wire varies.
    (0, "0x80044150", "", Decision::Later),
    (0, "0x80044151", "", Decision::Later),
    (0, "", "Sql Number: 1205", Decision::Later),
    // Another publish or import is under way.
    (0, "0x80071151", "", Decision::Later),
    // One row that the signed-in user may not change, though the table may be written.
    (0, "", "does not have WriteAccess right", Decision::Refused),
    (403, "", "", Decision::Setup),
    (0, "0x80040265", "", Decision::Refused),
    (400, "", "", Decision::Refused),
    (404, "", "", Decision::Setup),
    (405, "", "", Decision::Unknown),
    (413, "", "", Decision::Unknown),
    (500, "", "", Decision::Later),
    (502, "", "", Decision::Later),
    (503, "", "", Decision::Later),
    (504, "", "", Decision::Later),
];

/// What to do about an error of that status.
pub fn decide(status: u16, said: &Said) -> Decision {
    RULES
        .iter()
        .find(|(when, code, words, _)| {
            (*when == 0 || *when == status)
                && (code.is_empty() || code.eq_ignore_ascii_case(&said.code))
                && said.message.contains(words)
        })
        .map_or(Decision::Unknown, |(.., decision)| *decision)
}

/// What a refusal of a whole call means.
pub fn fault(reply: &Reply) -> Fault {
    let said = said(&reply.body);
    let cause = if said == Said::default() {
        Cause::from_reply(reply)
    } else {
        Cause::read(reply, said.code.clone(), said.message.clone())
    };
    match decide(reply.status, &said) {
        Decision::Expired => Fault::Expired(cause),
        Decision::Setup => Fault::Setup(cause),
        Decision::Gone => Fault::Gone(cause),
        Decision::Later => Fault::Later {
            at: reply.retry_at(),
            cause,
        },
        Decision::Stale => Fault::Lost(cause),
        Decision::Changed | Decision::Refused | Decision::Unknown => Fault::Unknown(cause),
    }
}

/// What became of one row of a batch.
pub fn outcome(status: u16, body: &[u8], fields: &FieldMap) -> Outcome {
    if (200..300).contains(&status) {
        return Outcome::Written;
    }
    let said = said(body);
    let decision = decide(status, &said);
    let named = fields
        .0
        .iter()
        .filter(|(_, place)| said.message.contains(&format!("'{}'", place.name)))
        .map(|(field, _)| *field)
        .collect();
    let message = if said.message.is_empty() {
        format!("HTTP {status}")
    } else {
        said.message
    };
    let refusal = Refusal {
        code: said.code,
        message,
        fields: named,
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

    #[test]
    fn each_documented_error_has_its_decision() {
        let cases = [
            (401, "", "", Decision::Expired),
            (
                412,
                "0x80060882",
                "The version of the existing record doesn't match the RowVersion property provided.",
                Decision::Changed,
            ),
            (
                412,
                "",
                "The version of the existing record doesn't match the RowVersion property provided.",
                Decision::Changed,
            ),
            (
                400,
                "0x80044352",
                "Version stamp associated with the client has expired. Please perform a full sync.",
                Decision::Stale,
            ),
            (
                404,
                "0x80040217",
                "opportunity With Id = 1 Does Not Exist",
                Decision::Gone,
            ),
            (
                404,
                "",
                "opportunity With Id = 1 Does Not Exist",
                Decision::Gone,
            ),
            (
                404,
                "0x80060888",
                "Resource not found for the segment 'x'.",
                Decision::Setup,
            ),
            (
                400,
                "0x0",
                "Could not find a property named 'lat_x' on type 'Microsoft.Dynamics.CRM.opportunity'.",
                Decision::Setup,
            ),
            (
                403,
                "0x80040220",
                "Principal user (Id=1, type=8), is missing prvWriteOpportunity privilege",
                Decision::Setup,
            ),
            (
                403,
                "0x8004F507",
                "no update right on a secured column",
                Decision::Setup,
            ),
            (
                403,
                "0x80072560",
                "The user is not a member of the organization.",
                Decision::Setup,
            ),
            (
                403,
                "0x80040220",
                "Principal with id 1 does not have WriteAccess right(s) for record with id 2 of entity opportunity.",
                Decision::Refused,
            ),
            (
                400,
                "0x80044331",
                "A validation error occurred.  The length of the 'subject' attribute",
                Decision::Refused,
            ),
            (
                400,
                "0x8004431A",
                "A validation error occurred. The value 9 of 'lat_grade'",
                Decision::Refused,
            ),
            (
                400,
                "0x80040265",
                "Close date cannot be in the past",
                Decision::Refused,
            ),
            (
                400,
                "0x80044150",
                "Generic SQL error. CRM ErrorCode: -2147204784 Sql Number: 1205",
                Decision::Later,
            ),
            (
                429,
                "0x80072322",
                "Number of requests exceeded the limit of 6000",
                Decision::Later,
            ),
            (503, "", "", Decision::Later),
            (418, "", "", Decision::Unknown),
        ];
        for (status, code, message, decision) in cases {
            let said = Said {
                code: code.to_owned(),
                message: message.to_owned(),
            };
            assert_eq!(decide(status, &said), decision, "{status} {code} {message}");
        }
    }

    #[test]
    fn a_body_that_is_no_error_object_is_survived() {
        for body in ["", "<html>busy</html>", "[]", "{\"error\":\"x\"}", "\u{0}"] {
            assert_eq!(said(body.as_bytes()), Said::default(), "{body}");
        }
    }
}
