//! Signing in with an OpenID provider: there, and back.
//!
//! What is remembered meanwhile is the errand's business.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::session;
use super::settings::{OpenId, SignIn};
use super::sign_in::own_path;
use super::table::{For, Table};
use super::{App, Shared, errand};
use crate::http::fault::Fault;
use crate::http::openid::Provider;

/// Where people come back to, below the public address.
const BACK: &str = "/sign-in/openid/back";
/// What a sealed sign-in belongs to.
const PLACE: &str = "sign_in/openid";

/// What people read while the provider is out of order.
const AWAY: &str = "The provider that you sign in with does not answer right now. Try again in a \
                    minute.";

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

async fn leave(
    State(app): State<Shared>,
    jar: CookieJar,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let (_, provider) = chosen(&app)?;
    let begun = provider.begin(&app.env).await.map_err(unreachable)?;
    let kept = Kept {
        nonce: begun.nonce,
        verifier: begun.verifier,
        next: own_path(&wish.next).to_owned(),
    };
    let jar = errand::remember(&app, jar, (PLACE, &begun.state), &kept).await?;
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
    let kept: Kept = errand::recall(&app, &jar, (PLACE, &came.state)).await?;
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
        "You are signed in, but no connected CRM has one person, and only one, with your address. \
         Ask your admin.",
    ))?;
    let jar = session::begin(&app, jar, face, ("openid", Some(&email))).await?;
    let jar = errand::over(&app, jar);
    Ok((jar, Redirect::to(own_path(&kept.next))).into_response())
}

fn unreachable(fault: Fault) -> Problem {
    match fault {
        Fault::Reconnect(cause) => {
            tracing::warn!(cause = %cause, "a sign-in was not believed");
            Problem::Refused("The provider’s answer could not be believed. Begin again.")
        }
        Fault::Later { cause, .. } | Fault::Spent { cause, .. } => {
            tracing::warn!(cause = %cause, "the provider of sign-ins does not answer");
            Problem::Away(AWAY)
        }
        other => Problem::broken(other),
    }
}
