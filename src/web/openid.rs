//! Signing in with an OpenID provider: there, and back.
//!
//! What goes out with the browser comes back with it once, within ten minutes, in the same
//! browser; what is kept of it meanwhile is sealed.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::session::{self, mark, secret};
use super::settings::{OpenId, SignIn};
use super::sign_in::own_path;
use super::table::{For, Table};
use super::{App, Shared};
use crate::http::fault::Fault;
use crate::http::openid::Provider;

/// How long a sign-in may take.
const LASTS: TimeDelta = TimeDelta::minutes(10);
/// Where people come back to, below the public address.
const BACK: &str = "/sign-in/openid/back";
/// What a sealed sign-in belongs to.
const PLACE: &str = "sign_in/openid";

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::Anyone, "/sign-in/openid", leave)
        .get(For::Anyone, BACK, back)
}

/// The provider of the configuration.
pub fn provider(settings: &OpenId, public_url: &str) -> Provider {
    Provider::new(
        settings.issuer.clone(),
        (settings.client_id.clone(), settings.client_secret.clone()),
        format!("{public_url}{BACK}"),
        settings.allow_private,
    )
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    next: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    nonce: String,
    verifier: String,
    next: String,
}

fn chosen(app: &App) -> Result<(&OpenId, &Provider), Problem> {
    match (&app.settings.sign_in, &app.provider) {
        (SignIn::Openid(settings), Some(provider)) => Ok((settings, provider)),
        _ => Err(Problem::NotFound),
    }
}

fn browser_cookie(app: &App, value: String) -> Cookie<'static> {
    Cookie::build(("latitude-sign-in", value))
        .path("/sign-in/openid")
        .http_only(true)
        .secure(app.settings.is_secure())
        .same_site(SameSite::Lax)
        .build()
}

async fn leave(
    State(app): State<Shared>,
    jar: CookieJar,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let (_, provider) = chosen(&app)?;
    let begun = provider.begin(&app.env).await.map_err(unreachable)?;
    let browser = secret(&app);
    let kept = Kept {
        nonce: begun.nonce,
        verifier: begun.verifier,
        next: own_path(&wish.next).to_owned(),
    };
    let kept = serde_json::to_vec(&kept).map_err(Problem::broken)?;
    let sealed = app.store.seal().close(PLACE, &kept);
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    tx.prune_sessions(now).await?;
    tx.add_sign_in(&mark(&begun.state), &mark(&browser), &sealed, now + LASTS)
        .await?;
    tx.commit().await?;
    let jar = jar.add(browser_cookie(&app, browser));
    Ok((jar, Redirect::to(begun.url.as_str())).into_response())
}

#[derive(Deserialize)]
struct Came {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    iss: String,
    #[serde(default)]
    error: String,
}

async fn back(
    State(app): State<Shared>,
    jar: CookieJar,
    Query(came): Query<Came>,
) -> Result<Response, Problem> {
    let (settings, provider) = chosen(&app)?;
    let gone = "This sign-in is over or began elsewhere. Begin again.";
    let browser = jar
        .get("latitude-sign-in")
        .map(|it| mark(it.value()))
        .ok_or(Problem::Refused(gone))?;
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    let taken = tx.take_sign_in(&mark(&came.state), &browser, now).await?;
    tx.commit().await?;
    let sealed = taken.ok_or(Problem::Refused(gone))?;
    let kept = app.store.seal().open(PLACE, &sealed);
    let kept = kept.map_err(Problem::broken)?;
    let kept: Kept = serde_json::from_slice(&kept).map_err(Problem::broken)?;
    if !came.error.is_empty() {
        return Err(Problem::Refused("The provider did not sign you in."));
    }
    if !came.iss.is_empty() && came.iss.trim_end_matches('/') != provider.issuer() {
        return Err(Problem::Refused("This answer came from another provider."));
    }
    let proven = provider
        .arrive(&app.env, &came.code, (&kept.nonce, &kept.verifier))
        .await
        .map_err(unreachable)?;
    let email = proven
        .email
        .filter(|_| proven.email_verified || settings.trust_email)
        .ok_or(Problem::Refused(
            "The provider does not vouch for your e-mail address. Ask your admin.",
        ))?;
    let faces = app.store.read().await?.faces_of(&email).await?;
    let face = faces.first().ok_or(Problem::Refused(
        "You are signed in, but no connected CRM knows your address. Ask your admin.",
    ))?;
    let jar = session::begin(&app, jar, face, ("openid", Some(&email))).await?;
    let jar = jar.remove(browser_cookie(&app, String::new()));
    Ok((jar, Redirect::to(own_path(&kept.next))).into_response())
}

fn unreachable(fault: Fault) -> Problem {
    match fault {
        Fault::Reconnect(cause) => {
            tracing::warn!(cause = %cause, "a sign-in was not believed");
            Problem::Refused("The provider's answer could not be believed. Begin again.")
        }
        other => Problem::broken(other),
    }
}
