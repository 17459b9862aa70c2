//! What an OpenID provider says about itself: where its endpoints are, and its keys.
//!
//! The document lies on the issuer's own host and carries the issuer's name. The endpoints that it
//! names may lie on other hosts, which may be reached from then on: as any address only over TLS, and
//! never in a private network where an admin has not said so.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openidconnect::core::{CoreJsonWebKeySet, CoreProviderMetadata};
use openidconnect::{TokenUrl, UserInfoUrl};
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Method, Request};
use serde::de::DeserializeOwned;
use url::Url;

use super::call::exchange;
use super::client::Client;
use super::fault::{Cause, Fault};
use super::guard::Guard;
use crate::domain::Time;

/// Where the document lies below the issuer's address.
const DOCUMENT: &str = ".well-known/openid-configuration";

/// A provider that has told about itself.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// What it said, its keys included.
    pub metadata: CoreProviderMetadata,
    /// The hosts of its endpoints.
    pub guard: Guard,
}

/// Asks the provider at that address about itself; its own name must be that address.
///
/// The network's faults, and [`Fault::Setup`] where what is there is no such provider.
pub(super) fn read(
    client: Client,
    issuer: &Url,
    (allow_private, now): (bool, Time),
) -> BoxFuture<'static, Result<Found, Fault>> {
    let issuer = issuer.clone();
    async move {
        let own = Guard::new(&[], &[&issuer], allow_private);
        // The name is compared letter by letter; some end with a slash.
        let written = issuer.as_str();
        let plain = written.trim_end_matches('/');
        let mut metadata = match document((&client, &own), plain, now).await {
            Err(Fault::Setup(cause)) if written != plain => {
                let told = document((&client, &own), written, now).await;
                told.map_err(|second| match second {
                    Fault::Setup(_) => Fault::Setup(cause),
                    other => other,
                })?
            }
            told => told?,
        };
        let tokens = metadata.token_endpoint().map(TokenUrl::url);
        let people = metadata.userinfo_endpoint().map(UserInfoUrl::url);
        let keys = metadata.jwks_uri().url().clone();
        let named = [Some(&issuer), Some(&keys), tokens, people];
        let named: Vec<&Url> = named.into_iter().flatten().collect();
        let guard = Guard::new(&[], &named, allow_private);
        let keys: CoreJsonWebKeySet = get((&client, &guard), &keys, now).await?;
        metadata = metadata.set_jwks(keys);
        Ok(Found { metadata, guard })
    }
    .boxed()
}

/// The document of the provider of that name.
async fn document(
    way: (&Client, &Guard),
    name: &str,
    now: Time,
) -> Result<CoreProviderMetadata, Fault> {
    let at = format!("{}/{DOCUMENT}", name.trim_end_matches('/'));
    let at = Url::parse(&at).map_err(|error| unusable(format!("{at}: {error}")))?;
    let metadata: CoreProviderMetadata = get(way, &at, now).await?;
    let own = metadata.issuer().as_str();
    if own != name {
        return Err(unusable(format!(
            "at {name} is a provider that is called {own}"
        )));
    }
    Ok(metadata)
}

async fn get<T: DeserializeOwned>(
    (client, guard): (&Client, &Guard),
    url: &Url,
    now: Time,
) -> Result<T, Fault> {
    guard.allows(url)?;
    let mut request = Request::new(Method::GET, url.clone());
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(ACCEPT, json);
    let reply = exchange(client, request, now).await?;
    match reply.status {
        200 => reply
            .decode()
            .map_err(|fault| unusable(fault.cause().message.clone())),
        429 | 500..=599 => Err(Fault::from_status(&reply)),
        status => Err(unusable(format!("{url} answers with {status}"))),
    }
}

fn unusable(why: String) -> Fault {
    Fault::Setup(Cause::told("discovery", why))
}
