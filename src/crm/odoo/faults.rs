//! What Odoo's refusals mean.
//!
//! The exception's name decides, in both protocols: the status says little (wrong configuration
//! is a 500, JSON-RPC is always 200) and messages come in the user's language. The `debug` member
//! holds a traceback with values in it and is never read.

use serde::Deserialize;

use crate::crm::setup::FieldMap;
use crate::crm::write::{Outcome, Refusal};
use crate::http::call::Reply;
use crate::http::fault::{Cause, Fault};

/// An error as both protocols carry it: the body of JSON-2, the `data` of JSON-RPC.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Refused {
    name: String,
    message: String,
}

/// The `error` member of a JSON-RPC answer; its `code` differs between versions and says nothing.
#[derive(Debug, Deserialize)]
pub struct RpcError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Refused,
}

/// What an exception means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// The key is bad, expired or revoked.
    SignIn,
    /// The record is deleted or merged away.
    Gone,
    /// The database was busy; the same call may succeed.
    Busy,
    /// The user, the fields or the server must be set up otherwise.
    Setup,
    /// The customer's rules do not allow it.
    Rule,
    /// Nobody foresaw it.
    Unknown,
}

/// By exception name, the first that fits; a name ending in a dot stands for all below it.
const MEANINGS: &[(&str, Meaning)] = &[
    ("werkzeug.exceptions.Unauthorized", Meaning::SignIn),
    ("odoo.exceptions.AccessDenied", Meaning::SignIn),
    ("odoo.http.SessionExpiredException", Meaning::SignIn),
    ("odoo.exceptions.MissingError", Meaning::Gone),
    ("odoo.exceptions.LockError", Meaning::Busy),
    ("odoo.exceptions.ConcurrencyError", Meaning::Busy),
    ("psycopg2.errors.SerializationFailure", Meaning::Busy),
    ("psycopg2.errors.LockNotAvailable", Meaning::Busy),
    ("psycopg2.errors.DeadlockDetected", Meaning::Busy),
    ("psycopg2.errors.QueryCanceled", Meaning::Busy),
    ("psycopg2.errors.InFailedSqlTransaction", Meaning::Busy),
    ("psycopg2.OperationalError", Meaning::Busy),
    ("psycopg2.InterfaceError", Meaning::Busy),
    ("psycopg2.pool.PoolError", Meaning::Busy),
    ("odoo.sql_db.PoolError", Meaning::Busy),
    ("odoo.exceptions.AccessError", Meaning::Setup),
    ("odoo.exceptions.ValidationError", Meaning::Rule),
    ("odoo.exceptions.UserError", Meaning::Rule),
    ("odoo.exceptions.RedirectWarning", Meaning::Rule),
    ("werkzeug.exceptions.NotFound", Meaning::Setup),
    ("werkzeug.exceptions.Forbidden", Meaning::Setup),
    ("builtins.", Meaning::Setup),
    ("psycopg2.", Meaning::Rule),
];

impl Refused {
    fn meaning(&self) -> Meaning {
        // A database that does not exist comes as the same exception as one that is busy.
        if self.name == "psycopg2.OperationalError" && self.message.contains("does not exist") {
            return Meaning::Setup;
        }
        let fits =
            |name: &str| self.name == name || (name.ends_with('.') && self.name.starts_with(name));
        MEANINGS
            .iter()
            .find(|(name, _)| fits(name))
            .map_or(Meaning::Unknown, |(_, meaning)| *meaning)
    }

    fn into_fault(self, cause: Cause) -> Fault {
        match self.meaning() {
            Meaning::SignIn => Fault::Reconnect(cause),
            Meaning::Gone => Fault::Gone(cause),
            Meaning::Busy => Fault::Later { at: None, cause },
            Meaning::Setup | Meaning::Rule => Fault::Setup(cause),
            Meaning::Unknown => Fault::Unknown(cause),
        }
    }
}

/// What a JSON-2 answer other than a success means.
pub fn of(reply: &Reply) -> Fault {
    if let Ok(refused) = serde_json::from_slice::<Refused>(&reply.body)
        && !refused.name.is_empty()
    {
        let cause = Cause::read(reply, refused.name.clone(), refused.message.clone());
        return refused.into_fault(cause);
    }
    match reply.status {
        300..=399 => Fault::Setup(Cause::read(
            reply,
            "redirect",
            format!(
                "the server sends calls on to {}; set base_url to where it really answers",
                reply.header("location")
            ),
        )),
        401 => Fault::Reconnect(Cause::from_reply(reply)),
        404 => Fault::Setup(Cause::read(
            reply,
            "no_database",
            "no Odoo database answers here: check base_url and database; a server before Odoo 19 \
             needs sign_in = \"login\" with user and database",
        )),
        415 => Fault::Unknown(Cause::from_reply(reply)),
        _ => Fault::from_status(reply),
    }
}

/// What an error inside a JSON-RPC answer means.
pub fn of_rpc(reply: &Reply, error: &RpcError) -> Fault {
    let mut refused = error.data.clone();
    if refused.message.is_empty() {
        refused.message.clone_from(&error.message);
    }
    let cause = Cause::read(reply, refused.name.clone(), refused.message.clone());
    refused.into_fault(cause)
}

/// A page where data should be is a gateway's, or a maintenance notice.
pub fn page_in_place_of_data(reply: &Reply) -> Fault {
    Fault::from_status(&Reply {
        status: 503,
        ..reply.clone()
    })
}

/// What the fault of a write means for its one record; the fault itself where it says nothing
/// about the record.
pub fn outcome(fault: Fault, deal: &str, fields: &FieldMap) -> Result<Outcome, Fault> {
    let cause = fault.cause();
    let refused = Refused {
        name: cause.code.clone().unwrap_or_default(),
        message: cause.message.clone(),
    };
    let refusal = |setup| Refusal {
        code: refused.name.clone(),
        message: refused.message.clone(),
        fields: named_fields(&refused.message, fields),
        setup,
    };
    Ok(match refused.meaning() {
        Meaning::Gone if missing_deals(&refused.message).contains(&deal.to_owned()) => {
            Outcome::Gone
        }
        Meaning::Gone | Meaning::Rule => Outcome::Refused(refusal(false)),
        Meaning::Busy if matches!(fault, Fault::Later { .. }) => Outcome::Busy(refusal(false)),
        Meaning::Setup if refused.name != "werkzeug.exceptions.NotFound" => {
            Outcome::Refused(refusal(names_schema(&refused)))
        }
        _ => return Err(fault),
    })
}

/// Whether the refusal is about our fields themselves and not about this one record.
fn names_schema(refused: &Refused) -> bool {
    refused.name.starts_with("builtins.")
}

/// The deals a "record does not exist" names: `(Record: crm.lead(12, 15), User: 7)`.
pub fn missing_deals(message: &str) -> Vec<String> {
    let Some((_, rest)) = message.split_once("crm.lead(") else {
        return Vec::new();
    };
    let ids = rest.split(')').next().unwrap_or_default().split(',');
    ids.map(str::trim)
        .filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

fn named_fields(message: &str, fields: &FieldMap) -> Vec<crate::domain::field::Field> {
    message
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter_map(|word| fields.field(word))
        .collect()
}

#[cfg(test)]
mod tests;
