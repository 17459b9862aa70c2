//! The services behind JSON-RPC and XML-RPC: who is there, which databases, a method of a model.

use serde_json::{Value, json};

use super::{
    Caller, DATABASE, DATABASE_17, Edition, Exception, PASSWORD, about, orm, rights, tables,
};
use crate::sandbox::world::World;

/// The edition that a call's arguments name by their database.
pub fn edition(args: &[Value]) -> Edition {
    match args.first().and_then(Value::as_str) {
        Some(DATABASE_17) => Edition::Seventeen,
        _ => Edition::Nineteen,
    }
}

/// One call of a service.
pub fn dispatch(
    world: &World,
    edition: Edition,
    (service, method): (&str, &str),
    args: &[Value],
) -> Result<Value, Exception> {
    match (service, method, args) {
        ("common", "version", _) => Ok(about(edition)),
        ("common", "about", _) => Ok(json!("See http://openerp.com")),
        ("db", "server_version", _) => Ok(about(edition)["server_version"].clone()),
        ("db", "list", _) => Ok(json!([DATABASE, DATABASE_17])),
        ("db", "db_exist", [name, ..]) => Ok(json!(known(name).is_ok())),
        ("common", "login" | "authenticate", [database, login, secret, ..]) => {
            known(database)?;
            let good = word(login) == login_of(world) && entitled(secret).is_some();
            Ok(match good {
                true => json!(tables::user_id(0)),
                false => json!(false),
            })
        }
        (
            "object",
            how @ ("execute" | "execute_kw"),
            [database, user, secret, model, method, rest @ ..],
        ) => {
            known(database)?;
            let admin = entitled(secret).ok_or_else(denied)?;
            if user.as_i64() != Some(tables::user_id(0)) {
                return Err(denied());
            }
            let (positional, named) = match (how, rest) {
                ("execute", _) => (rest.to_vec(), None),
                (_, [Value::Array(positional), rest @ ..]) => (positional.clone(), rest.first()),
                (_, rest) => (Vec::new(), rest.get(1)),
            };
            let named = named
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default();
            let caller = Caller { admin, edition };
            orm::call_positional(
                world,
                caller,
                (word(model), word(method)),
                &positional,
                named,
            )
        }
        _ => Err(Exception::new(
            500,
            "builtins.Exception",
            format!("Method not found: {method}"),
        )),
    }
}

/// The answer to whoever may not come in.
pub fn denied() -> Exception {
    Exception::new(403, "odoo.exceptions.AccessDenied", "Access Denied")
}

/// The login name of the one user that may sign in.
pub fn login_of(world: &World) -> String {
    let state = world.state();
    let first = state.people.first();
    first.map(|it| it.email.clone()).unwrap_or_default()
}

/// Whether a key or the password gives the rights of an administrator; none where it is neither.
fn entitled(secret: &Value) -> Option<bool> {
    match word(secret) {
        PASSWORD => Some(true),
        key => rights(key),
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn known(database: &Value) -> Result<(), Exception> {
    match database.as_str() {
        Some(DATABASE | DATABASE_17) => Ok(()),
        other => Err(Exception::new(
            500,
            "psycopg2.OperationalError",
            format!(
                "connection to server failed: FATAL:  database \"{}\" does not exist\n",
                other.unwrap_or_default()
            ),
        )),
    }
}
