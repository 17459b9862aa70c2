//! OAuth 2: the grants, the refresh with rotation, one process at a time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, EncodingKey};
use oauth2::{
    AuthorizationCode, HttpRequest, HttpResponse, PkceCodeVerifier, RefreshToken, Scope,
    TokenResponse,
};
use reqwest::Request;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::sync::Mutex;
use url::Url;

use super::app::{Answer, App, Departure, redirect_url};
use super::call::exchange;
use super::client::Client;
use super::fault::{Cause, Fault};
use super::guard::Guard;
use super::refusal::{Wire, refusal, refused};
use super::token::{Credentials, Header, Standing, Tokens, Vault};
use crate::domain::Time;
use crate::env::Env;
use crate::env::fate::{Flaw, Point};

/// How access tokens are come by once the connection exists.
pub enum Grant {
    /// A person agreed once; the refresh token in the vault buys the rest.
    RefreshToken {
        /// The refresh token to begin with, where an admin brought one along.
        given: Option<SecretString>,
    },
    /// The app's own id and secret.
    ClientCredentials,
    /// A signed statement in the name of a user.
    JwtBearer {
        /// The user's sign-in name.
        subject: String,
        /// Whom the statement is for.
        audience: String,
        /// The private RSA key, PEM.
        key: SecretString,
    },
}

/// An OAuth sign-in: a grant, its app, and the vault its tokens live in.
pub struct OAuth {
    app: App,
    grant: Grant,
    header: Header,
    base: Url,
    vault: Arc<dyn Vault>,
    http: Client,
    guard: Guard,
    held: Mutex<Option<Tokens>>,
}

/// A token this close to its end is renewed before it is used.
const RENEW_EARLY: TimeDelta = TimeDelta::seconds(60);
/// How soon a process looks whether another has finished renewing; half as long again each time,
/// up to …
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// … this long; after so many looks it gives up for now.
const LOOK_LONGEST: (Duration, u32) = (Duration::from_millis(200), 115);
/// How often a sign-in is saved anew because another process has renewed the one before meanwhile.
const SAVES: u32 = 5;

impl OAuth {
    /// Tokens for `base` (or wherever the token answer says), kept in `vault`.
    pub fn new(
        (app, grant): (App, Grant),
        (header, base): (Header, Url),
        vault: Arc<dyn Vault>,
        http: Client,
        guard: Guard,
    ) -> Self {
        Self {
            app,
            grant,
            header,
            base,
            vault,
            http,
            guard,
            held: Mutex::new(None),
        }
    }

    /// Prepares a sign-in by a person who will come back to `redirect`.
    ///
    /// # Errors
    /// As [`App::depart`].
    pub fn depart(&self, redirect: &str) -> Result<Departure, Fault> {
        self.app.depart(redirect)
    }

    /// What is asked for.
    pub fn scopes(&self) -> &[String] {
        &self.app.scopes
    }

    /// Exchanges the code a person came back with, and saves what it buys.
    ///
    /// # Errors
    /// [`Fault::Reconnect`] when the code is refused; [`Fault::Setup`] when the app is.
    pub async fn arrive(
        &self,
        env: &Env,
        code: &str,
        redirect: &str,
        verifier: Option<SecretString>,
    ) -> Result<Tokens, Fault> {
        let client = self.app.client().set_redirect_uri(redirect_url(redirect)?);
        let mut request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        if let Some(verifier) = verifier {
            request = request
                .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
        }
        let wire = self.wire(env);
        let answer = request.request_async(&wire).await;
        let answer = answer.map_err(|error| refusal(error, env.now()))?;
        for _ in 0..SAVES {
            let before = self.vault.load().await?;
            let version = before.map_or(0, |tokens| tokens.version);
            let tokens = self.tokens(env, &answer, None, version)?;
            // What a person agreed to just now stands, whatever was renewed meanwhile.
            if let Some(saved) = self.vault.save(tokens).await? {
                *self.held.lock().await = Some(saved.clone());
                return Ok(saved);
            }
        }
        Err(Fault::no_answer(
            "other processes renew this sign-in without end, or its connection is gone",
        ))
    }

    async fn buy(&self, env: &Env, before: Option<&Tokens>) -> Result<Tokens, Fault> {
        let client = self.app.client();
        let wire = self.wire(env);
        let refresh = before.and_then(|tokens| tokens.refresh.clone());
        let answer = match &self.grant {
            Grant::RefreshToken { given } => {
                let token = refresh.clone().or_else(|| given.clone()).ok_or_else(|| {
                    Fault::Reconnect(Cause::told("no_grant", "nobody has signed in yet"))
                })?;
                let token = RefreshToken::new(token.expose_secret().to_owned());
                client
                    .exchange_refresh_token(&token)
                    .request_async(&wire)
                    .await
            }
            Grant::ClientCredentials => {
                client
                    .exchange_client_credentials()
                    .add_scopes(self.app.scopes.iter().cloned().map(Scope::new))
                    .request_async(&wire)
                    .await
            }
            Grant::JwtBearer {
                subject,
                audience,
                key,
            } => {
                return self
                    .buy_by_statement(env, (subject, audience, key), before)
                    .await;
            }
        };
        let answer = answer.map_err(|error| refusal(error, env.now()))?;
        self.tokens(
            env,
            &answer,
            refresh,
            before.map_or(0, |tokens| tokens.version),
        )
    }

    async fn buy_by_statement(
        &self,
        env: &Env,
        (subject, audience, key): (&str, &str, &SecretString),
        before: Option<&Tokens>,
    ) -> Result<Tokens, Fault> {
        #[derive(Serialize)]
        struct Claims<'a> {
            iss: &'a str,
            sub: &'a str,
            aud: &'a str,
            exp: i64,
        }
        let exp = (env.now() + TimeDelta::minutes(3)).timestamp();
        let claims = Claims {
            iss: &self.app.client_id,
            sub: subject,
            aud: audience,
            exp,
        };
        let bad_key = |error: jsonwebtoken::errors::Error| {
            Fault::Setup(Cause::told(
                "private_key",
                format!("the private key is refused: {error}"),
            ))
        };
        let key = EncodingKey::from_rsa_pem(key.expose_secret().as_bytes()).map_err(bad_key)?;
        let header = jsonwebtoken::Header::new(Algorithm::RS256);
        let assertion = jsonwebtoken::encode(&header, &claims, &key).map_err(bad_key)?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", &assertion)
            .finish();
        let mut request = HttpRequest::new(form.into_bytes());
        *request.method_mut() = reqwest::Method::POST;
        *request.uri_mut() = self.app.token_url.as_str().parse().map_err(|_| {
            Fault::Setup(Cause::told(
                "token_url",
                "the token address is not an address",
            ))
        })?;
        request.headers_mut().insert(
            reqwest::header::CONTENT_TYPE,
            reqwest::header::HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let response = self.wire(env)(request).await.map_err(|error| error.0)?;
        let body = response.body();
        let answer: Answer = serde_json::from_slice(body).map_err(|_| {
            let told = String::from_utf8_lossy(body);
            refused(response.status().as_u16(), &told, env.now())
        })?;
        self.tokens(
            env,
            &answer,
            None,
            before.map_or(0, |tokens| tokens.version),
        )
    }

    /// Carries token requests over our own client: guarded, and judged where no answer came.
    ///
    /// It owns what it needs, because a future that borrows through the `oauth2` crate is not
    /// provably `Send`.
    fn wire(
        &self,
        env: &Env,
    ) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, Wire>> + Send + Sync + 'static
    {
        let (client, guard, env) = (self.http.clone(), self.guard.clone(), env.clone());
        move |request| carry(client.clone(), guard.clone(), env.now(), request).boxed()
    }

    fn tokens(
        &self,
        env: &Env,
        answer: &Answer,
        refresh: Option<SecretString>,
        version: i64,
    ) -> Result<Tokens, Fault> {
        let members = &answer.extra_fields().members;
        let base = match self
            .app
            .base_member
            .and_then(|name| members.get(name)?.as_str())
        {
            Some(address) => {
                let url = Url::parse(address).map_err(|_| {
                    Fault::Unknown(Cause::told(
                        "token_answer",
                        "it names no usable API address",
                    ))
                })?;
                self.guard.allows(&url)?;
                Some(url)
            }
            None => None,
        };
        let lasts = members
            .get("expires_in_sec")
            .and_then(serde_json::Value::as_u64)
            .or_else(|| answer.expires_in().map(|lasts| lasts.as_secs()))
            // One CRM has been seen to state milliseconds here.
            .map(|lasts| {
                if lasts > 86_400 * 30 {
                    lasts / 1000
                } else {
                    lasts
                }
            });
        Ok(Tokens {
            access: answer.access_token().secret().clone().into(),
            refresh: answer
                .refresh_token()
                .map(|token| token.secret().clone().into())
                .or(refresh),
            expires_at: lasts
                .map(|lasts| env.now() + TimeDelta::seconds(i64::try_from(lasts).unwrap_or(3600))),
            base,
            granted: super::scopes::told(members, answer.scopes().map(Vec::as_slice)),
            version,
        })
    }

    /// Fresh tokens in place of those of version `stale`; one call to the CRM however many ask.
    async fn renewed(&self, env: &Env, stale: Option<i64>) -> Result<Tokens, Fault> {
        let mut held = self.held.lock().await;
        let mut pause = LOOK_AGAIN;
        for _ in 0..LOOK_LONGEST.1 {
            let kept = self.vault.load().await?;
            if let Some(tokens) = kept
                .as_ref()
                .filter(|tokens| Some(tokens.version) != stale && !runs_out(tokens, env.now()))
            {
                *held = Some(tokens.clone());
                return Ok(tokens.clone());
            }
            let version = kept.as_ref().map_or(0, |tokens| tokens.version);
            if self.vault.claim(version).await? {
                env.at(Point::TokenClaimed).await;
                let bought = match self.buy(env, kept.as_ref()).await {
                    Ok(bought) => bought,
                    Err(fault) => {
                        self.vault.release(version).await?;
                        return Err(fault);
                    }
                };
                env.at(Point::TokenBought).await;
                let saved = if env.makes(Flaw::TokenUnsaved) {
                    Some(Tokens {
                        version: version + 1,
                        ..bought
                    })
                } else {
                    self.vault.save(bought).await?
                };
                env.at(Point::TokenSaved).await;
                // Another process was faster, after this one had stood still: theirs is the one.
                let Some(saved) = saved else { continue };
                *held = Some(saved.clone());
                return Ok(saved);
            }
            env.sleep(pause).await;
            pause = (pause * 3 / 2).min(LOOK_LONGEST.0);
        }
        Err(Fault::no_answer(
            "another process is still renewing the sign-in",
        ))
    }

    fn standing_of(&self, tokens: Tokens) -> Standing {
        Standing {
            base: tokens.base.unwrap_or_else(|| self.base.clone()),
            access: tokens.access,
            version: tokens.version,
        }
    }
}

pub(super) async fn carry(
    client: Client,
    guard: Guard,
    now: Time,
    request: HttpRequest,
) -> Result<HttpResponse, Wire> {
    let (parts, body) = request.into_parts();
    let unsendable = |_| Wire(Fault::Setup(Cause::told("token_url", "not an address")));
    let url = Url::parse(&parts.uri.to_string()).map_err(unsendable)?;
    guard.allows(&url).map_err(Wire)?;
    let mut call = Request::new(parts.method, url);
    *call.headers_mut() = parts.headers;
    *call.body_mut() = Some(body.into());
    let reply = exchange(&client, call, now).await.map_err(Wire)?;
    if reply.status == 429 || reply.status >= 500 {
        return Err(Wire(Fault::from_status(&reply)));
    }
    let mut response = HttpResponse::new(reply.body);
    if let Ok(code) = reqwest::StatusCode::from_u16(reply.status) {
        *response.status_mut() = code;
    }
    *response.headers_mut() = reply.headers;
    Ok(response)
}

fn runs_out(tokens: &Tokens, now: Time) -> bool {
    tokens.expires_at.is_some_and(|at| at - RENEW_EARLY <= now)
}

#[async_trait]
impl Credentials for OAuth {
    async fn standing(&self, env: &Env) -> Result<Standing, Fault> {
        let held = self.held.lock().await.clone();
        match held {
            Some(tokens) if !runs_out(&tokens, env.now()) => Ok(self.standing_of(tokens)),
            _ => Ok(self.standing_of(self.renewed(env, None).await?)),
        }
    }

    async fn renew(&self, env: &Env, used: &Standing) -> Result<Option<Standing>, Fault> {
        let tokens = self.renewed(env, Some(used.version)).await?;
        Ok(Some(self.standing_of(tokens)))
    }

    fn sign(&self, standing: &Standing, request: &mut Request) -> Result<(), Fault> {
        self.header.attach(&standing.access, request)
    }
}
