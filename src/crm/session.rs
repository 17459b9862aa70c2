//! A connection, signed in: how to call it, and where our fields stand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::SecretString;
use url::Url;

use super::Crm;
use super::profile::{Base, SignIn};
use super::settings::Settings;
use super::setup::FieldMap;
use crate::env::Env;
use crate::http::Api;
use crate::http::app::App;
use crate::http::budget::Budget;
use crate::http::fault::{Cause, Fault};
use crate::http::guard::Guard;
use crate::http::oauth::{Grant, OAuth};
use crate::http::token::{Credentials, Fixed, Header, Vault};

/// A connection, ready for a connector's verbs.
#[derive(Clone)]
pub struct Session {
    /// Makes the calls.
    pub api: Api,
    /// Where our fields stand in this CRM; empty until set-up has been looked at.
    pub fields: FieldMap,
    /// What the admin said about the connection.
    pub settings: Arc<Settings>,
    /// What the connector found out and need not ask again while the session lasts.
    pub memo: Memo,
    /// The address that opens an embed of this connection; none where Latitude has no pages.
    pub embed: Option<String>,
}

impl Session {
    /// The same session for calls that nobody waits for; see [`Api::routine`].
    #[must_use]
    pub fn routine(&self) -> Self {
        Self {
            api: self.api.routine(),
            ..self.clone()
        }
    }
}

/// What a connector found out about the server, by a name of its choice; clones share it.
///
/// Only for what cannot change under a session, or whose change the connector notices.
#[derive(Clone, Default)]
pub struct Memo(Arc<Mutex<BTreeMap<&'static str, serde_json::Value>>>);

impl Memo {
    /// What was found out; none where it was not, or is of another shape.
    pub fn get<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        let found = self.all().get(name).cloned()?;
        serde_json::from_value(found).ok()
    }

    /// Remembers.
    pub fn keep(&self, name: &'static str, found: impl Into<serde_json::Value>) {
        self.all().insert(name, found.into());
    }

    /// Forgets what turned out to be no longer so.
    pub fn forget(&self, name: &str) {
        self.all().remove(name);
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<&'static str, serde_json::Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who is signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The CRM's id of the user; writes by this user are our own.
    pub user: String,
    /// Display name, for the admin.
    pub name: String,
    /// The CRM's id of the organisation; must not change under a connection.
    pub organisation: String,
    /// Where the CRM's own pages are, for [`Crm::deal_url`]; none where that is the API's address.
    pub pages: Option<Url>,
}

/// What a session is made with, besides the connection's own settings.
#[derive(Clone)]
pub struct Means {
    /// The shared client.
    pub client: crate::http::Client,
    /// Time and randomness.
    pub env: Env,
    /// Where this connection's tokens live.
    pub vault: Arc<dyn Vault>,
}

/// Opens a connection. Nothing is sent yet.
///
/// # Errors
/// [`Fault::Setup`] naming the key that is missing or wrong.
pub fn open(
    crm: &'static dyn Crm,
    settings: Arc<Settings>,
    fields: FieldMap,
    means: &Means,
) -> Result<Session, Fault> {
    let profile = crm.profile();
    let kind = sign_in(crm, &settings)?;
    let credentials: Arc<dyn Credentials> = match kind {
        SignIn::Token | SignIn::Login => Arc::new(Fixed {
            base: base(crm, &settings)?,
            secret: secret(&settings.token, "token")?,
            // With a user name, the connector itself puts both into the call.
            header: profile.key.filter(|_| matches!(kind, SignIn::Token)),
        }),
        _ => Arc::new(oauth(crm, &settings, means)?),
    };
    with(crm, settings, fields, means, credentials)
}

fn with(
    crm: &'static dyn Crm,
    settings: Arc<Settings>,
    fields: FieldMap,
    means: &Means,
    credentials: Arc<dyn Credentials>,
) -> Result<Session, Fault> {
    let profile = crm.profile();
    let guard = guard(crm, &settings)?;
    let per_day = profile
        .per_day
        .map(|calls| calls * settings.quota_percent() / 100);
    let api = Api::new(
        means.client.clone(),
        means.env.clone(),
        credentials,
        Budget::new(means.env.clone(), profile.quotas, per_day),
        guard,
        Box::new(move |reply| crm.fault(reply)),
    );
    Ok(Session {
        api,
        fields,
        settings,
        memo: Memo::default(),
        embed: None,
    })
}

/// The OAuth sign-in of a connection, for signing calls and for the connect page.
///
/// # Errors
/// [`Fault::Setup`] naming the key that is missing or wrong.
pub fn oauth(crm: &'static dyn Crm, settings: &Settings, means: &Means) -> Result<OAuth, Fault> {
    of_kind(crm, settings, means, sign_in(crm, settings)?)
}

/// The sign-in of a person who only shows who they are: asks for no more than that takes, and for
/// nothing that lasts. None where this CRM's grant does not say who one is, or the connection has
/// no app there.
///
/// # Errors
/// [`Fault::Setup`] naming the key that is missing or wrong.
pub fn visitor(
    crm: &'static dyn Crm,
    settings: &Settings,
    means: &Means,
) -> Result<Option<OAuth>, Fault> {
    let mut offered = crm.profile().sign_in.iter();
    let kind = offered.find_map(|kind| match (*kind, crm.profile().people) {
        (
            SignIn::AuthorizationCode {
                authorize, pkce, ..
            },
            Some(scopes),
        ) => Some(SignIn::AuthorizationCode {
            authorize,
            scopes,
            pkce,
            extra: &[],
        }),
        _ => None,
    });
    let kind = kind.filter(|_| settings.client_id.is_some());
    kind.map(|kind| of_kind(crm, settings, means, kind))
        .transpose()
}

/// A session for one question: who the person is that just arrived with these credentials.
///
/// # Errors
/// [`Fault::Setup`] naming the key that is missing or wrong.
pub fn visit(
    crm: &'static dyn Crm,
    settings: Arc<Settings>,
    means: &Means,
    credentials: Arc<dyn Credentials>,
) -> Result<Session, Fault> {
    with(crm, settings, FieldMap::default(), means, credentials)
}

fn of_kind(
    crm: &'static dyn Crm,
    settings: &Settings,
    means: &Means,
    kind: SignIn,
) -> Result<OAuth, Fault> {
    let profile = crm.profile();
    let base = match (profile.base, &settings.base_url) {
        // The token answer will say; until then the login address stands in.
        (Base::Member(_), None) => login(settings)
            .cloned()
            .ok_or_else(|| missing("login_url"))?,
        _ => base(crm, settings)?,
    };
    let (scopes, authorize, pkce, extra): (&[&str], _, _, _) = match kind {
        SignIn::AuthorizationCode {
            authorize,
            scopes,
            pkce,
            extra,
        } => (scopes, Some(authorize), pkce, extra),
        SignIn::ClientCredentials { scopes } => (scopes, None, false, &[] as &[_]),
        _ => (&[], None, false, &[] as &[_]),
    };
    let authorize_url = match (&settings.authorize_url, authorize) {
        (Some(url), Some(_)) => Some(url.clone()),
        (None, Some(place)) => Some(located(place, settings)?),
        _ => None,
    };
    let token_url = match &settings.token_url {
        Some(url) => url.clone(),
        None => located(profile.token_url, settings)?,
    };
    let app = App {
        authorize_url,
        token_url,
        client_id: settings
            .client_id
            .clone()
            .ok_or_else(|| missing("client_id"))?,
        client_secret: settings.client_secret.clone(),
        in_form: profile.client_in_form,
        scopes: scopes
            .iter()
            .map(|scope| scope.replace("{base}", base.as_str().trim_end_matches('/')))
            .collect(),
        authorize_extra: extra,
        pkce,
        base_member: match profile.base {
            Base::Member(name) => Some(name),
            _ => None,
        },
    };
    let grant = match kind {
        SignIn::ClientCredentials { .. } => Grant::ClientCredentials,
        SignIn::JwtBearer { audience } => Grant::JwtBearer {
            subject: settings.user.clone().ok_or_else(|| missing("user"))?,
            audience: settings
                .audience
                .clone()
                .unwrap_or_else(|| audience.to_owned()),
            key: secret(&settings.private_key, "private_key")?,
        },
        _ => Grant::RefreshToken {
            given: settings.token.clone(),
        },
    };
    let header: Header = profile.bearer;
    Ok(OAuth::new(
        (app, grant),
        (header, base),
        means.vault.clone(),
        means.client.clone(),
        guard(crm, settings)?,
    ))
}

/// The way of signing in that the connection uses.
///
/// # Errors
/// [`Fault::Setup`] when the CRM does not offer it.
pub fn sign_in(crm: &'static dyn Crm, settings: &Settings) -> Result<SignIn, Fault> {
    let offered = crm.profile().sign_in;
    let wanted = settings.sign_in.as_deref();
    let found = match wanted {
        Some(word) => offered.iter().find(|kind| kind.word() == word),
        None => offered.first(),
    };
    found.copied().ok_or_else(|| {
        let words: Vec<&str> = offered.iter().map(|kind| kind.word()).collect();
        Fault::Setup(Cause::told(
            "sign_in",
            format!(
                "sign_in = \"{}\" is not offered by {}; use one of: {}",
                wanted.unwrap_or_default(),
                crm.profile().name,
                words.join(", ")
            ),
        ))
    })
}

fn base(crm: &'static dyn Crm, settings: &Settings) -> Result<Url, Fault> {
    match (&settings.base_url, crm.profile().base) {
        (Some(url), _) => Ok(url.clone()),
        (None, Base::Fixed(address)) => address_of(address),
        (None, _) => Err(missing("base_url")),
    }
}

fn login(settings: &Settings) -> Option<&Url> {
    settings.login_url.as_ref().or(settings.base_url.as_ref())
}

fn located(place: &str, settings: &Settings) -> Result<Url, Fault> {
    if place.starts_with("http") {
        return address_of(place);
    }
    let login = login(settings).ok_or_else(|| missing("base_url"))?;
    address_of(&format!("{}{place}", login.as_str().trim_end_matches('/')))
}

fn guard(crm: &'static dyn Crm, settings: &Settings) -> Result<Guard, Fault> {
    let mut own: Vec<Url> = [
        &settings.base_url,
        &settings.login_url,
        &settings.authorize_url,
        &settings.token_url,
    ]
    .into_iter()
    .flatten()
    .cloned()
    .collect();
    if let Base::Fixed(address) = crm.profile().base {
        own.push(address_of(address)?);
    }
    if crm.profile().token_url.starts_with("http") {
        own.push(address_of(crm.profile().token_url)?);
    }
    let own: Vec<&Url> = own.iter().collect();
    Ok(Guard::new(
        crm.profile().hosts,
        &own,
        settings.allow_private,
    ))
}

fn address_of(text: &str) -> Result<Url, Fault> {
    Url::parse(text)
        .map_err(|error| Fault::Setup(Cause::told("bad_url", format!("{text}: {error}"))))
}

fn secret(value: &Option<SecretString>, key: &str) -> Result<SecretString, Fault> {
    value.clone().ok_or_else(|| missing(key))
}

fn missing(key: &str) -> Fault {
    Fault::Setup(Cause::told(
        "missing_key",
        format!("the connection needs `{key}`"),
    ))
}
