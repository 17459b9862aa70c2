//! OpenID Connect: from a provider's address to a person's proven e-mail address.
//!
//! Discovery, authorization code with PKCE, an ID token whose signature, issuer, audience, time
//! and nonce are checked. Requests go out by our own door, to the provider's host alone.

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openidconnect::ClaimsVerificationError::SignatureVerification;
use openidconnect::SignatureVerificationError::NoMatchingKey;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdTokenVerifier, CoreProviderMetadata,
    CoreUserInfoClaims,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use url::Url;

use super::client::Client;
use super::fault::{Cause, Fault};
use super::guard::Guard;
use super::oauth::{Wire, carry};
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
    http: Client,
    guard: Guard,
    known: Mutex<Option<(Time, CoreProviderMetadata)>>,
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
        let guard = Guard::new(&[], &[&issuer], allow_private);
        Self {
            issuer,
            client_id,
            client_secret,
            redirect,
            http: super::client_for(allow_private).into(),
            guard,
            known: Mutex::new(None),
        }
    }

    /// The provider's name for itself; what comes back must say the same.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str().trim_end_matches('/')
    }

    /// Begins a sign-in.
    ///
    /// # Errors
    /// When the provider does not answer or does not say what it must.
    pub async fn begin(&self, env: &Env) -> Result<Begun, Fault> {
        let metadata = self.metadata(env, DISCOVERED_LASTS).await?;
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
    /// [`Fault::Reconnect`] when the code or the ID token is not to be believed.
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
        let metadata = self.metadata(env, DISCOVERED_LASTS).await?;
        let client = client_of(metadata).set_redirect_uri(self.redirect_url()?);
        let wire = self.wire(env);
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| setup("token_endpoint", &error))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .request_async(&wire)
            .await
            .map_err(|error| refused("code", &error))?;
        let token = answer
            .id_token()
            .ok_or_else(|| Fault::Reconnect(Cause::told("id_token", "there is none")))?;
        let (now, nonce) = (env.now(), Nonce::new(nonce.to_owned()));
        let verifier: CoreIdTokenVerifier<'_> = client.id_token_verifier().set_time_fn(move || now);
        let newer;
        let claims = match token.claims(&verifier, &nonce) {
            Err(SignatureVerification(NoMatchingKey)) => {
                newer = client_of(self.metadata(env, KEYS_LAST).await?);
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
        let claims: CoreUserInfoClaims = asked
            .request_async(&wire)
            .await
            .map_err(|error| refused("userinfo", &error))?;
        Ok(Proven {
            subject: subject.to_string(),
            email: claims.email().map(|it| it.to_string()),
            email_verified: claims.email_verified().unwrap_or(false),
        })
    }

    /// What the provider says about itself, as read no longer ago than `lasts`.
    async fn metadata(&self, env: &Env, lasts: TimeDelta) -> Result<CoreProviderMetadata, Fault> {
        let mut known = self.known.lock().await;
        let now = env.now();
        if let Some((at, metadata)) = &*known
            && now - *at < lasts
        {
            return Ok(metadata.clone());
        }
        // The issuer is compared letter by letter; some end with a slash.
        let issuer = IssuerUrl::new(self.issuer().to_owned());
        let issuer = issuer.map_err(|error| setup("issuer", &error))?;
        let wire = self.wire(env);
        let found = match CoreProviderMetadata::discover_async(issuer, &wire).await {
            Ok(found) => found,
            Err(_) => {
                let issuer = IssuerUrl::new(self.issuer.as_str().to_owned());
                let issuer = issuer.map_err(|error| setup("issuer", &error))?;
                CoreProviderMetadata::discover_async(issuer, &wire)
                    .await
                    .map_err(|error| refused("discovery", &error))?
            }
        };
        *known = Some((now, found.clone()));
        Ok(found)
    }

    fn redirect_url(&self) -> Result<RedirectUrl, Fault> {
        RedirectUrl::new(self.redirect.clone()).map_err(|error| setup("public_url", &error))
    }

    fn wire(
        &self,
        env: &Env,
    ) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, Wire>> + Send + Sync + 'static
    {
        let (client, guard, env) = (self.http.clone(), self.guard.clone(), env.clone());
        move |request| carry(client.clone(), guard.clone(), env.now(), request).boxed()
    }
}

pub(super) fn told(error: &dyn std::error::Error) -> String {
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
