//! OpenID Connect: from a provider's address to a person's proven e-mail address.
//!
//! Discovery, authorization code with PKCE, an ID token whose signature, issuer, audience, time
//! and nonce are checked. Requests go out by our own door, to the provider's host and to those that
//! it names.

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openidconnect::ClaimsVerificationError::SignatureVerification;
use openidconnect::SignatureVerificationError::NoMatchingKey;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdTokenVerifier, CoreUserInfoClaims,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
    UserInfoError,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use url::Url;

use super::client::Client;
use super::discovery::{self, Found};
use super::fault::{Cause, Fault};
use super::guard::Guard;
use super::oauth::carry;
use super::refusal::{Wire, refusal};
use crate::domain::Time;
use crate::env::Env;

/// What the provider says about itself is read again after this long …
const DISCOVERED_LASTS: TimeDelta = TimeDelta::hours(1);
/// … but after so long already where a token is signed with a key that is not known: providers change
/// theirs without notice.
const KEYS_LAST: TimeDelta = TimeDelta::minutes(1);

/// A provider that people sign in with.
pub struct Provider {
    issuer: Url,
    client_id: String,
    client_secret: Option<SecretString>,
    redirect: String,
    allow_private: bool,
    http: Client,
    known: Mutex<Option<(Time, Found)>>,
}

/// A sign-in under way.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: Url,
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Proves that whoever began it also ends it.
    pub verifier: String,
}

/// What a provider has proven about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The provider's id of the person.
    pub subject: String,
    /// The address.
    pub email: Option<String>,
    /// Whether the provider says it made sure of the address.
    pub email_verified: bool,
}

impl Provider {
    /// A provider at `issuer`; people come back to `redirect`.
    pub fn new(
        issuer: Url,
        (client_id, client_secret): (String, Option<SecretString>),
        redirect: String,
        allow_private: bool,
    ) -> Self {
        Self {
            issuer,
            client_id,
            client_secret,
            redirect,
            allow_private,
            http: super::client_for(allow_private).into(),
            known: Mutex::new(None),
        }
    }

    /// The provider's name for itself; what comes back must say the same.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str().trim_end_matches('/')
    }

    /// Whether the provider is there, and says what it must.
    ///
    /// # Errors
    /// [`Fault::Setup`] where it does not; the network's.
    pub async fn look(&self, env: &Env) -> Result<(), Fault> {
        self.found(env, KEYS_LAST).await.map(drop)
    }

    /// Begins a sign-in.
    ///
    /// # Errors
    /// As [`Provider::look`].
    pub async fn begin(&self, env: &Env) -> Result<Begun, Fault> {
        let metadata = self.found(env, DISCOVERED_LASTS).await?.metadata;
        let (state, nonce, verifier) = (env.hex::<32>(), env.hex::<32>(), env.hex::<32>());
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(self.client_id.clone()),
            None,
        )
        .set_redirect_uri(self.redirect_url()?);
        let (say_state, say_nonce) = (state.clone(), nonce.clone());
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(say_state),
                move || Nonce::new(say_nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Begun {
            url,
            state,
            nonce,
            verifier,
        })
    }

    /// Ends a sign-in: exchanges the code and checks what it buys.
    ///
    /// # Errors
    /// [`Fault::Reconnect`] when the code or the ID token is not to be believed; [`Fault::Setup`] when
    /// the provider does not know us; [`Fault::Later`] when it does not answer.
    pub async fn arrive(
        &self,
        env: &Env,
        code: &str,
        (nonce, verifier): (&str, &str),
    ) -> Result<Proven, Fault> {
        let client_of = |metadata| {
            let secret = self.client_secret.as_ref();
            let secret = secret.map(|it| ClientSecret::new(it.expose_secret().to_owned()));
            let id = ClientId::new(self.client_id.clone());
            CoreClient::from_provider_metadata(metadata, id, secret)
        };
        let found = self.found(env, DISCOVERED_LASTS).await?;
        let client = client_of(found.metadata).set_redirect_uri(self.redirect_url()?);
        let wire = self.wire(env, &found.guard);
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| setup("token_endpoint", &error))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .request_async(&wire)
            .await
            .map_err(|error| refusal(error, env.now()))?;
        let token = answer
            .id_token()
            .ok_or_else(|| Fault::Reconnect(Cause::told("id_token", "there is none")))?;
        let (now, nonce) = (env.now(), Nonce::new(nonce.to_owned()));
        let verifier: CoreIdTokenVerifier<'_> = client.id_token_verifier().set_time_fn(move || now);
        let newer;
        let claims = match token.claims(&verifier, &nonce) {
            Err(SignatureVerification(NoMatchingKey)) => {
                newer = client_of(self.found(env, KEYS_LAST).await?.metadata);
                let verifier = newer.id_token_verifier().set_time_fn(move || now);
                token.claims(&verifier, &nonce)
            }
            claims => claims,
        };
        let claims = claims.map_err(|error| refused("id_token", &error))?;
        if let Some(email) = claims.email() {
            return Ok(Proven {
                subject: claims.subject().to_string(),
                email: Some(email.to_string()),
                email_verified: claims.email_verified().unwrap_or(false),
            });
        }
        // Strict providers tell the address only when asked for it, and for the same person.
        let subject = claims.subject().clone();
        let asked = client
            .user_info(answer.access_token().clone(), Some(subject.clone()))
            .map_err(|error| setup("userinfo_endpoint", &error))?;
        let claims: CoreUserInfoClaims =
            asked
                .request_async(&wire)
                .await
                .map_err(|error| match error {
                    UserInfoError::Request(Wire(fault)) => fault,
                    other => refused("userinfo", &other),
                })?;
        Ok(Proven {
            subject: subject.to_string(),
            email: claims.email().map(|it| it.to_string()),
            email_verified: claims.email_verified().unwrap_or(false),
        })
    }

    /// What the provider says about itself, as read no longer ago than `lasts`.
    async fn found(&self, env: &Env, lasts: TimeDelta) -> Result<Found, Fault> {
        let mut known = self.known.lock().await;
        let now = env.now();
        if let Some((at, found)) = &*known
            && now - *at < lasts
        {
            return Ok(found.clone());
        }
        let (client, how) = (self.http.clone(), (self.allow_private, now));
        let found = discovery::read(client, &self.issuer, how).await?;
        *known = Some((now, found.clone()));
        Ok(found)
    }

    fn redirect_url(&self) -> Result<RedirectUrl, Fault> {
        RedirectUrl::new(self.redirect.clone()).map_err(|error| setup("public_url", &error))
    }

    fn wire(
        &self,
        env: &Env,
        guard: &Guard,
    ) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, Wire>> + Send + Sync + 'static
    {
        let (client, guard, env) = (self.http.clone(), guard.clone(), env.clone());
        move |request| carry(client.clone(), guard.clone(), env.now(), request).boxed()
    }
}

fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(deeper) = source {
        text = format!("{text}: {deeper}");
        source = deeper.source();
    }
    text
}

fn setup(code: &str, error: &dyn std::error::Error) -> Fault {
    Fault::Setup(Cause::told(code, told(error)))
}

fn refused(code: &str, error: &dyn std::error::Error) -> Fault {
    Fault::Reconnect(Cause::told(code, told(error)))
}
