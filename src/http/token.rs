//! Who we are to the CRM: what is attached to each call, and how it is renewed.

use async_trait::async_trait;
use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::fault::{Cause, Fault};
use crate::domain::Time;
use crate::env::Env;

/// A way to sign calls. Shared by all calls of a connection.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// What to sign with now; signs in first where that has not happened or is about to lapse.
    async fn standing(&self, env: &Env) -> Result<Standing, Fault>;

    /// A fresh standing after the CRM refused `used`; none where signing in again cannot help.
    ///
    /// Callers that ask together cause one sign-in.
    async fn renew(&self, env: &Env, used: &Standing) -> Result<Option<Standing>, Fault>;

    /// Attaches `standing` to a call.
    fn sign(&self, standing: &Standing, request: &mut Request) -> Result<(), Fault>;
}

/// Signed in: where to call, and with what.
#[derive(Clone)]
pub struct Standing {
    /// Where calls go.
    pub base: Url,
    /// The access token or key.
    pub access: SecretString,
    /// Counts up with every renewal, so that a late refusal does not renew twice.
    pub version: i64,
}

/// How the access token stands in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The header's name, in lower case.
    pub name: &'static str,
    /// What stands before the token, blank included.
    pub prefix: &'static str,
}

impl Header {
    /// `Authorization: Bearer …`.
    pub const BEARER: Self = Self {
        name: "authorization",
        prefix: "Bearer ",
    };

    /// Attaches `secret` to a call.
    ///
    /// # Errors
    /// [`Fault::Setup`] when the secret holds characters that cannot stand in a header.
    pub fn attach(self, secret: &SecretString, request: &mut Request) -> Result<(), Fault> {
        let text = format!("{}{}", self.prefix, secret.expose_secret());
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            Fault::Setup(Cause::told(
                "bad_token",
                "the token holds characters no header can carry",
            ))
        })?;
        value.set_sensitive(true);
        request
            .headers_mut()
            .insert(HeaderName::from_static(self.name), value);
        Ok(())
    }
}

/// A vault for tokens that nobody keeps: of a person who only shows who they are.
pub struct Passing;

#[async_trait]
impl Vault for Passing {
    async fn load(&self) -> Result<Option<Tokens>, Fault> {
        Ok(None)
    }

    async fn claim(&self, _: i64) -> Result<bool, Fault> {
        Err(Fault::Reconnect(Cause::told(
            "passing",
            "this sign-in was for one question and is over",
        )))
    }

    async fn save(&self, tokens: Tokens) -> Result<Option<Tokens>, Fault> {
        Ok(Some(Tokens {
            refresh: None,
            version: tokens.version + 1,
            ..tokens
        }))
    }

    async fn release(&self, _: i64) -> Result<(), Fault> {
        Ok(())
    }
}

/// A token or key that an admin copied from the CRM; it never changes by itself.
pub struct Fixed {
    /// Where calls go.
    pub base: Url,
    /// The token or key.
    pub secret: SecretString,
    /// Where it stands in a call; none where the connector puts it into the body.
    pub header: Option<Header>,
}

#[async_trait]
impl Credentials for Fixed {
    async fn standing(&self, _: &Env) -> Result<Standing, Fault> {
        Ok(Standing {
            base: self.base.clone(),
            access: self.secret.clone(),
            version: 0,
        })
    }

    async fn renew(&self, _: &Env, _: &Standing) -> Result<Option<Standing>, Fault> {
        Ok(None)
    }

    fn sign(&self, standing: &Standing, request: &mut Request) -> Result<(), Fault> {
        self.header
            .map_or(Ok(()), |header| header.attach(&standing.access, request))
    }
}

/// What an OAuth sign-in left us with.
#[derive(Clone)]
pub struct Tokens {
    /// Signs calls until `expires_at`.
    pub access: SecretString,
    /// Buys the next access token; none for grants that need none.
    pub refresh: Option<SecretString>,
    /// When the access token lapses, where the CRM says so.
    pub expires_at: Option<Time>,
    /// Where calls go, where the token answer says so.
    pub base: Option<Url>,
    /// What was granted, where the token answer says so.
    pub granted: Option<Vec<String>>,
    /// Counts up with every save.
    pub version: i64,
}

/// Where tokens are kept, shared by every process that works the connection.
///
/// The promise that rotation needs: a token is saved before it is used, and of all processes that
/// ask together exactly one is let through to the CRM's token endpoint.
#[async_trait]
pub trait Vault: Send + Sync {
    /// The tokens as last saved.
    async fn load(&self) -> Result<Option<Tokens>, Fault>;

    /// Asks for the right to replace the tokens of that version. `false`: another process has it.
    async fn claim(&self, version: i64) -> Result<bool, Fault>;

    /// Saves what the CRM gave in place of the tokens of that version, with the version one up, and
    /// gives the right back. `None`: others were saved meanwhile, and stay.
    async fn save(&self, tokens: Tokens) -> Result<Option<Tokens>, Fault>;

    /// Gives the right back without new tokens.
    async fn release(&self, version: i64) -> Result<(), Fault>;
}
