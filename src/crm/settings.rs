//! What an admin says about one connection.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::push::Rejected;
use crate::domain::field::Field;
use crate::http::masked;

/// One connection, as the configuration describes it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Which CRM, by its id: the name of its page in `docs/crm`.
    pub crm: String,
    /// How to sign in; the CRM's preferred way where it is not set.
    pub sign_in: Option<String>,
    /// Where calls go.
    pub base_url: Option<Url>,
    /// Where people and apps sign in, where that is another place than `base_url`.
    pub login_url: Option<Url>,
    /// Where a person agrees, in place of the CRM's usual address.
    pub authorize_url: Option<Url>,
    /// Where grants are exchanged, in place of the CRM's usual address.
    pub token_url: Option<Url>,
    /// The app's public name.
    pub client_id: Option<String>,
    /// The app's secret.
    #[serde(serialize_with = "masked::given")]
    pub client_secret: Option<SecretString>,
    /// The app's private RSA key, PEM, for `jwt_bearer`.
    #[serde(serialize_with = "masked::given")]
    pub private_key: Option<SecretString>,
    /// Whom the signed statement is for, in place of the CRM's usual audience.
    pub audience: Option<String>,
    /// A fixed token or API key, for `token` and `login`; for `authorization_code` a refresh token
    /// that an admin got from the CRM, so that nobody has to sign in.
    #[serde(serialize_with = "masked::given")]
    pub token: Option<SecretString>,
    /// The sign-in name, for `login` and `jwt_bearer`.
    pub user: Option<String>,
    /// The database, tenant or organisation, where the CRM has several at one address.
    pub database: Option<String>,
    /// The API version, in place of the connector's own choice.
    pub api_version: Option<String>,
    /// The secret the CRM signs webhooks with, or the token it echoes.
    #[serde(serialize_with = "masked::given")]
    pub push_secret: Option<SecretString>,
    /// The secret the CRM signs embeds with; the client secret where it is not set.
    #[serde(serialize_with = "masked::given")]
    pub embed_secret: Option<SecretString>,
    /// Stands before the name of every field we create.
    pub prefix: Option<String>,
    /// Who leads whom, where the CRM does not say it or says otherwise: a leader to those who
    /// report to them, each by e-mail address or by the CRM's id.
    pub teams: BTreeMap<String, Vec<String>>,
    /// Existing fields to use in place of our own: plain name to API name.
    pub fields: BTreeMap<Field, String>,
    /// Allows plain HTTP and private networks: sandboxes, and CRMs that run next door.
    pub allow_private: bool,
    /// The share of the CRM's daily quota that Latitude may use; 20 where it is not set.
    pub quota_percent: Option<u8>,
    /// The currency of deals that the CRM tells none of, by its three letters (ISO 4217). Its page in
    /// `docs/crm` says whether there is such a case.
    pub currency: Option<String>,
    /// Reads and assesses, but writes nothing to the CRM.
    pub dry_run: bool,
}

impl Settings {
    /// What the CRM signs embeds with.
    ///
    /// # Errors
    /// [`Rejected::Signature`] where there is nothing that a signature could fit.
    pub fn embed_key(&self) -> Result<&SecretString, Rejected> {
        let key = self.embed_secret.as_ref().or(self.client_secret.as_ref());
        key.filter(|key| !key.expose_secret().is_empty())
            .ok_or(Rejected::Signature)
    }

    /// What stands before the name of every field we create.
    pub fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or("latitude_")
    }

    /// The share of the CRM's daily quota that Latitude may use, in percent.
    pub fn quota_percent(&self) -> u64 {
        u64::from(self.quota_percent.unwrap_or(20).clamp(1, 100))
    }
}
