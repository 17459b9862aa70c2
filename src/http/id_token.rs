//! ID tokens that somebody else's page brings along: made by an OpenID provider for our app, and
//! checked with the keys that the provider publishes.
//!
//! Unlike a sign-in ([`super::openid`]) nothing was asked for from here, so there is no nonce of
//! ours in it; whoever takes such a token says how old it may be and that it is used once.

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use openidconnect::core::{
    CoreGenderClaim, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IssuerUrl, Nonce,
    SignatureVerificationError,
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::discovery;
use super::fault::Fault;
use crate::domain::Time;

/// How far the provider's clock may stand from ours.
const LEEWAY: TimeDelta = TimeDelta::minutes(5);

/// A provider's name for itself and its keys, as it told them at some time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Issuer {
    issuer: IssuerUrl,
    keys: CoreJsonWebKeySet,
    read_at: Time,
}

/// What a token says that may be believed.
#[derive(Clone, Debug)]
pub struct Shown {
    /// When it was made, as the provider says.
    pub issued_at: Time,
    /// What it says besides.
    pub claims: Claims,
}

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// Signed with a key that the provider had not published when its keys were read.
    #[error("it is signed with a key that is not known")]
    UnknownKey,
    /// It was good once, or is not yet.
    #[error("its time is over, or has not come")]
    Late,
    /// Not signed by the provider, not for our app, or no token at all.
    #[error("{0}")]
    Wrong(String),
}

/// All that a token says besides what every ID token says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Claims(serde_json::Map<String, serde_json::Value>);

impl AdditionalClaims for Claims {}

impl Claims {
    /// The text of a claim; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        let claim = self.0.get(name);
        claim.and_then(serde_json::Value::as_str).unwrap_or("")
    }
}

type Token =
    IdToken<Claims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

impl Issuer {
    /// Asks the provider at that address for its keys; its own name must be that address.
    ///
    /// # Errors
    /// The network's, and [`Fault::Setup`] where what is there is no such provider.
    pub fn read(
        issuer: &Url,
        allow_private: bool,
        now: Time,
    ) -> BoxFuture<'static, Result<Self, Fault>> {
        let client = super::client_for(allow_private).into();
        let found = discovery::read(client, issuer, (allow_private, now));
        async move {
            let metadata = found.await?.metadata;
            Ok(Self {
                issuer: metadata.issuer().clone(),
                keys: metadata.jwks().clone(),
                read_at: now,
            })
        }
        .boxed()
    }

    /// Whether its keys were read that short a time ago.
    pub fn is_within(&self, time: TimeDelta, now: Time) -> bool {
        now - self.read_at < time
    }

    /// Checks signature, issuer, audience and time of a token that was made for `client_id`.
    ///
    /// # Errors
    /// [`Doubt`].
    pub fn believe(&self, token: &str, client_id: &str, now: Time) -> Result<Shown, Doubt> {
        let wrong = |error: &dyn std::error::Error| Doubt::Wrong(error.to_string());
        let token: Token = token.parse().map_err(|error| wrong(&error))?;
        let client_id = ClientId::new(client_id.to_owned());
        let verifier = CoreIdTokenVerifier::new_public_client(
            client_id,
            self.issuer.clone(),
            self.keys.clone(),
        );
        let verifier = verifier.set_time_fn(move || now - LEEWAY);
        let any_nonce = |_: Option<&Nonce>| Ok(());
        let claims = token.claims(&verifier, any_nonce).map_err(|error| {
            use ClaimsVerificationError as E;
            match error {
                E::Expired(_) => Doubt::Late,
                E::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                    Doubt::UnknownKey
                }
                other => wrong(&other),
            }
        })?;
        let told = claims.additional_claims();
        let begins = told.0.get("nbf").and_then(serde_json::Value::as_i64);
        if begins.unwrap_or_default() > (now + LEEWAY).timestamp()
            || claims.issue_time() > now + LEEWAY
        {
            return Err(Doubt::Late);
        }
        Ok(Shown {
            issued_at: claims.issue_time(),
            claims: told.clone(),
        })
    }
}
