//! An app at a CRM's authorization server, and how a person is sent there to agree.

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    PkceCodeChallenge, RedirectUrl, Scope, StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::fault::{Cause, Fault};

/// What an app is to the CRM's authorization server.
#[derive(Clone)]
pub struct App {
    /// Where a person is sent to agree; none for grants without a person.
    pub authorize_url: Option<Url>,
    /// Where grants are exchanged for tokens.
    pub token_url: Url,
    /// The app's public name.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: Option<SecretString>,
    /// Whether id and secret stand in the form or in a Basic header.
    pub in_form: bool,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Fixed parameters of the authorize address.
    pub authorize_extra: &'static [(&'static str, &'static str)],
    /// Whether the authorize step carries a PKCE challenge.
    pub pkce: bool,
    /// The member of the token answer that names the API's address.
    pub base_member: Option<&'static str>,
}

/// The rest of a token answer, kept as it came.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Extra {
    #[serde(flatten)]
    pub(super) members: serde_json::Map<String, serde_json::Value>,
}

impl oauth2::ExtraTokenFields for Extra {}

/// A token answer.
pub(super) type Answer = StandardTokenResponse<Extra, BasicTokenType>;
pub(super) type Client = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The start of a sign-in by a person: where to send them, and what to remember meanwhile.
pub struct Departure {
    /// Where the person's browser goes.
    pub url: Url,
    /// Comes back with the person; must be compared.
    pub state: String,
    /// Proves, at the exchange, that the same party asked; kept secret until then.
    pub verifier: Option<SecretString>,
}

impl App {
    /// Prepares a sign-in by a person who will come back to `redirect`.
    ///
    /// # Errors
    /// [`Fault::Setup`] when the CRM offers no such sign-in or the redirect is no address.
    pub fn depart(&self, redirect: &str) -> Result<Departure, Fault> {
        let authorize = self.authorize_url.clone().ok_or_else(|| {
            Fault::Setup(Cause::told(
                "sign_in",
                "this sign-in kind has no page to agree on",
            ))
        })?;
        let client = self
            .client()
            .set_auth_uri(AuthUrl::from_url(authorize))
            .set_redirect_uri(redirect_url(redirect)?);
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(self.scopes.iter().cloned().map(Scope::new));
        for (name, value) in self.authorize_extra {
            request = request.add_extra_param(*name, *value);
        }
        let mut verifier = None;
        if self.pkce {
            let (challenge, secret) = PkceCodeChallenge::new_random_sha256();
            request = request.set_pkce_challenge(challenge);
            verifier = Some(SecretString::from(secret.into_secret()));
        }
        let (url, state) = request.url();
        Ok(Departure {
            url,
            state: state.into_secret(),
            verifier,
        })
    }

    pub(super) fn client(&self) -> Client {
        let mut client = oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()))
            .set_auth_type(if self.in_form {
                AuthType::RequestBody
            } else {
                AuthType::BasicAuth
            });
        if let Some(secret) = &self.client_secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        client
    }
}

pub(super) fn redirect_url(redirect: &str) -> Result<RedirectUrl, Fault> {
    RedirectUrl::new(redirect.to_owned()).map_err(|error| {
        Fault::Setup(Cause::told(
            "redirect",
            format!("{redirect} is not an address: {error}"),
        ))
    })
}
