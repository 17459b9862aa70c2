//! One way to ask, two protocols: JSON-2 (Odoo 19 and later, an API key in a header) and JSON-RPC
//! (Odoo 10 to 19, database, login and key in each body).
//!
//! Which one a connection speaks follows from its settings: `sign_in = "token"` is JSON-2,
//! `"login"` is JSON-RPC. Where `sign_in` is not set, a `user` means JSON-RPC, because JSON-2
//! needs none and every server that asks for one speaks JSON-RPC.

use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::faults;
use crate::crm::session::Session;
use crate::domain::Time;
use crate::http::call::Reply;
use crate::http::fault::{Cause, Fault};

/// What is asked of the server: a method of a model.
pub struct Ask {
    model: &'static str,
    method: &'static str,
    /// In the order of the method's signature, because `create` takes no named ones over JSON-RPC.
    positional: Vec<(&'static str, Value)>,
    named: Map<String, Value>,
    repeatable: bool,
}

/// An answer and the server's clock when it was given.
pub struct Answer<T> {
    /// What was answered.
    pub value: T,
    /// The server's time, which is what `write_date` follows.
    pub at: Time,
}

impl Ask {
    /// A method of a model.
    pub fn new(model: &'static str, method: &'static str) -> Self {
        Self {
            model,
            method,
            positional: Vec::new(),
            named: Map::new(),
            repeatable: true,
        }
    }

    /// The next argument of the method's signature.
    pub fn arg(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.positional.push((name, value.into()));
        self
    }

    /// An argument by name.
    pub fn named(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.named.insert(name.to_owned(), value.into());
        self
    }

    /// Says that repeating it would do something twice.
    pub fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// The answer alone.
    pub async fn read<T: DeserializeOwned>(self, session: &Session) -> Result<T, Fault> {
        Ok(self.answer(session).await?.value)
    }

    /// The answer, with the server's time.
    pub async fn answer<T: DeserializeOwned>(self, session: &Session) -> Result<Answer<T>, Fault> {
        if speaks_json2(session) {
            self.over_json2(session).await
        } else {
            self.over_rpc(session).await
        }
    }

    async fn over_json2<T: DeserializeOwned>(self, session: &Session) -> Result<Answer<T>, Fault> {
        let mut body = self.named;
        for (name, value) in self.positional {
            body.insert(name.to_owned(), value);
        }
        let path = format!("json/2/{}/{}", self.model, self.method);
        let mut call = session.api.post(path).json(&body);
        if let Some(database) = &session.settings.database {
            call = call.header("x-odoo-database", database);
        }
        if self.repeatable {
            call = call.idempotent();
        }
        let reply = call.reply().await?;
        if reply.looks_like_page() {
            return Err(faults::page_in_place_of_data(&reply));
        }
        let value = reply.decode()?;
        Ok(Answer {
            value,
            at: reply.date(),
        })
    }

    async fn over_rpc<T: DeserializeOwned>(self, session: &Session) -> Result<Answer<T>, Fault> {
        let user = signed_in(session).await?;
        let positional: Vec<Value> = self.positional.into_iter().map(|(_, it)| it).collect();
        let args = json!([
            database(session)?,
            user,
            secret(session),
            self.model,
            self.method,
            positional,
            self.named
        ]);
        let answered = rpc(session, "object", "execute_kw", args, self.repeatable).await;
        if matches!(answered, Err(Fault::Reconnect(_))) {
            session.memo.forget(USER);
        }
        let Answer { value, at } = answered?;
        let value = serde_json::from_value(value).map_err(|error| {
            let what = format!("{}.{}: {error}", self.model, self.method);
            Fault::Unknown(Cause::told("bad_body", what))
        })?;
        Ok(Answer { value, at })
    }
}

/// Whether the connection speaks JSON-2.
pub fn speaks_json2(session: &Session) -> bool {
    match session.settings.sign_in.as_deref() {
        Some(word) => word == "token",
        None => session.settings.user.is_none(),
    }
}

/// Who is signed in, by number.
pub async fn me(session: &Session) -> Result<i64, Fault> {
    if !speaks_json2(session) {
        return signed_in(session).await;
    }
    #[derive(Deserialize)]
    struct Context {
        uid: i64,
    }
    let context: Context = Ask::new("res.users", "context_get").read(session).await?;
    Ok(context.uid)
}

/// The memo of the signed-in user's number, which never changes for a login.
const USER: &str = "odoo_user";

async fn signed_in(session: &Session) -> Result<i64, Fault> {
    if let Some(user) = session.memo.get(USER) {
        return Ok(user);
    }
    let login = session.settings.user.as_deref().ok_or_else(|| {
        let what = "signing in with a login needs `user`, the login of the key's owner";
        Fault::Setup(Cause::told("missing_key", what))
    })?;
    let args = json!([database(session)?, login, secret(session), {}]);
    let answer = rpc(session, "common", "authenticate", args, true).await?;
    let Some(user) = answer.value.as_i64() else {
        let what = format!("the server knows no user {login} with this key in this database");
        return Err(Fault::Reconnect(Cause::told("authenticate", what)));
    };
    session.memo.keep(USER, user);
    Ok(user)
}

/// The envelope of a JSON-RPC answer. A method without a result leaves `result` out.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    result: Value,
    error: Option<faults::RpcError>,
}

async fn rpc(
    session: &Session,
    service: &str,
    method: &str,
    args: Value,
    repeatable: bool,
) -> Result<Answer<Value>, Fault> {
    let body = json!({
        "jsonrpc": "2.0",
        "method": "call",
        "id": 1,
        "params": {"service": service, "method": method, "args": args},
    });
    let mut call = session.api.post("jsonrpc").json(&body);
    if repeatable {
        call = call.idempotent();
    }
    let reply: Reply = call.reply().await?;
    if reply.looks_like_page() {
        return Err(faults::page_in_place_of_data(&reply));
    }
    let envelope: Envelope = reply.decode()?;
    match envelope.error {
        Some(error) => Err(faults::of_rpc(&reply, &error)),
        None => Ok(Answer {
            value: envelope.result,
            at: reply.date(),
        }),
    }
}

fn database(session: &Session) -> Result<&str, Fault> {
    session.settings.database.as_deref().ok_or_else(|| {
        let what = "signing in with a login needs `database`, the name of the Odoo database";
        Fault::Setup(Cause::told("missing_key", what))
    })
}

fn secret(session: &Session) -> &str {
    let token = session.settings.token.as_ref();
    token.map_or("", ExposeSecret::expose_secret)
}
