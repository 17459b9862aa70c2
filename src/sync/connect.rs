//! Signing a connection in, and proving that it can do what Latitude needs: the steps that the
//! command and the page share.

use secrecy::SecretString;
use subtle::ConstantTimeEq;

use super::worker::Engine;
use crate::crm::Crm;
use crate::crm::page::{Cursor, Seen};
use crate::crm::profile::SignIn;
use crate::crm::session::{self, Identity, Session};
use crate::crm::setup::Blueprint;
use crate::crm::write::{Outcome, Update};
use crate::domain::field::{Field, Value};
use crate::domain::ids::{ConnectionId, DealId};
use crate::http::app::Departure;
use crate::http::fault::{Cause, Fault};
use crate::http::oauth::OAuth;

/// A connection that is being signed in.
pub struct Visit {
    /// The connection.
    pub id: ConnectionId,
    /// Its connector.
    pub crm: &'static dyn Crm,
    /// The way of signing in that it uses.
    pub kind: SignIn,
    session: Session,
    oauth: Option<OAuth>,
}

/// What was found once signed in.
#[derive(Debug)]
pub struct Findings {
    /// Who is signed in.
    pub who: Identity,
    /// What stands between this and running; empty where nothing does.
    pub gaps: Vec<String>,
    /// The deal that was read; none where the CRM shows none.
    pub read: Option<DealId>,
    /// What became of the test write to that deal.
    pub wrote: Wrote,
}

/// What became of the test write.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrote {
    /// The field holds what was written.
    Done,
    /// It was not tried, and why.
    Skipped(&'static str),
    /// The CRM would not take it, in its words.
    Refused(String),
}

impl Visit {
    /// Takes a connection up. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Fault::Setup`] naming the key that is missing or wrong.
    pub async fn of(engine: &Engine, id: &ConnectionId) -> Result<Self, Fault> {
        let found = engine.connections().find(|(it, _)| *it == id);
        let (_, crm) = found.ok_or_else(|| {
            Fault::Setup(Cause::told(
                "no_connection",
                format!("the configuration has no connection {id}"),
            ))
        })?;
        let session = engine.session(id).await?;
        let kind = session::sign_in(crm, &session.settings)?;
        let by_person = matches!(kind, SignIn::AuthorizationCode { .. });
        let oauth = by_person
            .then(|| session::oauth(crm, &session.settings, &engine.means(id)))
            .transpose()?;
        Ok(Self {
            id: id.clone(),
            crm,
            kind,
            session,
            oauth,
        })
    }

    /// Which way of signing in the configuration chose.
    pub fn way(&self) -> SignIn {
        self.kind
    }

    /// Whether a person has to agree in the browser.
    pub fn needs_person(&self) -> bool {
        self.oauth.is_some()
    }

    /// Where the person goes, who will come back to `redirect`.
    ///
    /// # Errors
    /// [`Fault::Setup`] where no person is needed, or the redirect is no address.
    pub fn depart(&self, redirect: &str) -> Result<Departure, Fault> {
        self.person()?.depart(redirect)
    }

    /// Takes up what the person came back with: the query of the redirect address.
    ///
    /// # Errors
    /// [`Fault::Reconnect`] when the person did not agree or the code is refused;
    /// [`Fault::Setup`] when the state is not the one that was sent along.
    pub async fn arrive(
        &self,
        engine: &Engine,
        (redirect, query): (&str, &str),
        (state, verifier): (&str, Option<SecretString>),
    ) -> Result<(), Fault> {
        let code = code(query, state)?;
        let oauth = self.person()?;
        oauth
            .arrive(&engine.env, &code, redirect, verifier)
            .await
            .map(drop)
    }

    /// Looks who is signed in, whether fields stand, reads one deal, and writes to it the field
    /// that names the framework, where `may_write`.
    ///
    /// # Errors
    /// The CRM's fault.
    pub async fn prove(&self, engine: &Engine, may_write: bool) -> Result<Findings, Fault> {
        let mut session = self.session.clone();
        let who = self.crm.whoami(&session).await?;
        let wanted = Blueprint {
            prefix: session.settings.prefix().to_owned(),
            mapped: session.settings.fields.clone(),
            views: &[],
        };
        let found = self.crm.setup(&session, &wanted).await?;
        let gaps = found.gaps();
        session.fields = found.field_map();
        let page = self.crm.deals(&session, &Cursor::default()).await?;
        let read = page.items.into_iter().find_map(|seen| match seen {
            Seen::Here(deal) => Some(deal.id.clone()),
            _ => None,
        });
        let wrote = match &read {
            _ if !may_write => Wrote::Skipped("not asked for"),
            _ if session.settings.dry_run => Wrote::Skipped("dry_run is set"),
            None => Wrote::Skipped("there is no deal to write to"),
            Some(_) if session.fields.name(Field::Framework).is_none() => {
                Wrote::Skipped("Latitude's fields are not there yet")
            }
            Some(deal) => {
                let label = Value::text(engine.framework.label());
                let update = Update {
                    deal: deal.clone(),
                    fields: vec![(Field::Framework, label)],
                    revision: None,
                };
                match self.crm.write(&session, &[update]).await?.pop() {
                    Some(Outcome::Written) => Wrote::Done,
                    Some(Outcome::Refused(why) | Outcome::Busy(why)) => {
                        Wrote::Refused(format!("{}: {}", why.code, why.message))
                    }
                    _ => Wrote::Refused("the deal changed or went away meanwhile".to_owned()),
                }
            }
        };
        Ok(Findings {
            who,
            gaps,
            read,
            wrote,
        })
    }

    /// What is asked for where a person agrees, one by one.
    pub fn scopes(&self) -> Vec<String> {
        let asked = self.oauth.as_ref().map_or(&[][..], OAuth::scopes);
        let each = asked.iter().flat_map(|it| it.split(','));
        each.map(str::to_owned).collect()
    }

    fn person(&self) -> Result<&OAuth, Fault> {
        self.oauth.as_ref().ok_or_else(|| {
            Fault::Setup(Cause::told(
                "sign_in",
                format!("sign_in = \"{}\" needs no person", self.kind.word()),
            ))
        })
    }
}

/// The code in what a person came back with, where it belongs to the sign-in that was begun.
///
/// # Errors
/// As [`Visit::arrive`].
pub(super) fn code(query: &str, state: &str) -> Result<String, Fault> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let one = |name: &str| {
        let found = pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    if !bool::from(one("state").as_bytes().ct_eq(state.as_bytes())) {
        return Err(Fault::Setup(Cause::told(
            "state",
            "this answer does not belong to the sign-in that was begun here; begin again",
        )));
    }
    if !one("error").is_empty() {
        return Err(Fault::Reconnect(Cause::told(
            one("error"),
            one("error_description"),
        )));
    }
    if one("code").is_empty() {
        return Err(Fault::Setup(Cause::told(
            "code",
            "the address carries no code",
        )));
    }
    Ok(one("code").to_owned())
}

/// Why a scope is asked for; CRMs name them differently, the reasons are few.
pub fn why(scope: &str) -> &'static str {
    // Some are addresses, whose host says nothing.
    let scope = scope.rsplit('/').next().unwrap_or(scope);
    let scope = scope.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| scope.contains(part));
    let only_reads = has(&["read"]) && !has(&["write", "update", "full", "all"]);
    if has(&["refresh", "offline"]) {
        "stay signed in without you"
    } else if has(&["openid", "profile", "email", "oauth"]) {
        "know who signed in, and to which organisation"
    } else if has(&["impersonation", "pipeline"]) {
        "read deals and stages, with the rights of whoever signs in"
    } else if has(&["list", "view", "filter"]) {
        match only_reads {
            true => "see which of the managers' lists are there",
            false => "create the managers' lists, and take them away again",
        }
    } else if has(&["schema", "settings", "customfield", "admin"]) {
        match only_reads {
            true => "see which of Latitude's fields are there",
            false => "create Latitude's fields, and take them away again",
        }
    } else if has(&["owner", "user", "contacts:read", "org"]) {
        "know who owns a deal and who leads whom"
    } else if has(&["compan", "account"]) {
        "know what the customer of a deal is called"
    } else if only_reads {
        "read deals and stages"
    } else if has(&["write", "update"]) {
        "write Latitude's own fields on deals, and no other"
    } else {
        "read deals and stages, and write Latitude's own fields"
    }
}

/// Whether a scope is asked for set-up alone: it may be taken away once fields and views are there.
pub fn only_for_set_up(scope: &str) -> bool {
    why(scope).starts_with("create")
}

/// What to say of a sign-in that needs no person.
pub fn no_person(kind: SignIn) -> &'static str {
    match kind {
        SignIn::Token | SignIn::Login => "A fixed key: nothing to agree to, it is only tried.",
        _ => "The app signs itself in: nobody has to agree in a browser.",
    }
}
