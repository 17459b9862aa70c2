//! A browser that is sent elsewhere to sign in and comes back: what is remembered of it meanwhile.
//!
//! What goes out with the browser comes back with it once, within ten minutes, in the same browser;
//! what is kept of it is sealed.

use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use chrono::TimeDelta;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::App;
use super::error::Problem;
use super::session::{mark, secret};

/// How long a sign-in may take.
const LASTS: TimeDelta = TimeDelta::minutes(10);
const COOKIE: &str = "latitude-sign-in";

fn cookie(app: &App, value: String) -> Cookie<'static> {
    Cookie::build((COOKIE, value))
        .path("/sign-in")
        .http_only(true)
        .secure(app.settings.is_secure())
        .same_site(SameSite::Lax)
        .build()
}

/// Remembers a sign-in that leaves with `state`, for this browser alone.
///
/// # Errors
/// The database's.
pub async fn remember(
    app: &App,
    jar: CookieJar,
    (place, state): (&str, &str),
    kept: &impl Serialize,
) -> Result<CookieJar, Problem> {
    let browser = secret(app);
    let kept = serde_json::to_vec(kept).map_err(Problem::broken)?;
    let sealed = app.store.seal().close(place, &kept);
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    tx.prune_sessions(now).await?;
    tx.add_sign_in(&mark(state), &mark(&browser), &sealed, now + LASTS)
        .await?;
    tx.commit().await?;
    Ok(jar.add(cookie(app, browser)))
}

/// What was remembered of the sign-in that comes back with `state`: once.
///
/// # Errors
/// [`Problem::Refused`] where it is over, began elsewhere, or was taken already.
pub async fn recall<T: DeserializeOwned>(
    app: &App,
    jar: &CookieJar,
    (place, state): (&str, &str),
) -> Result<T, Problem> {
    let gone = Problem::Refused("This sign-in is over or began elsewhere. Begin again.");
    let browser = jar.get(COOKIE).map(|it| mark(it.value()));
    let browser = browser.ok_or(gone.clone())?;
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    let taken = tx.take_sign_in(&mark(state), &browser, now).await?;
    tx.commit().await?;
    // Sealed for another place, it belongs to another way of signing in.
    let kept = app.store.seal().open(place, &taken.ok_or(gone.clone())?);
    let kept = kept.map_err(|_| gone)?;
    serde_json::from_slice(&kept).map_err(Problem::broken)
}

/// The jar without the errand's cookie.
pub fn over(app: &App, jar: CookieJar) -> CookieJar {
    jar.remove(cookie(app, String::new()))
}
