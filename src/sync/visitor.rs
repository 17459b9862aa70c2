//! Someone who signs in to Latitude with the connected CRM: sent there, and asked who they are when
//! they come back. What that sign-in buys serves this one question and is kept nowhere.

use std::sync::Arc;

use secrecy::SecretString;

use super::connect::code;
use super::worker::Engine;
use crate::crm::Crm;
use crate::crm::session::{self, Identity, Means};
use crate::crm::settings::Settings;
use crate::domain::ids::ConnectionId;
use crate::http::app::Departure;
use crate::http::fault::Fault;
use crate::http::oauth::OAuth;
use crate::http::token::Passing;

/// Someone at the door of a connection's CRM.
pub struct Visitor {
    crm: &'static dyn Crm,
    settings: Arc<Settings>,
    means: Means,
    oauth: OAuth,
}

impl Visitor {
    /// The way in through a connection; none where its CRM's grant does not say who one is.
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`Fault::Setup`] naming the key that is missing or wrong.
    pub async fn of(engine: &Engine, id: &ConnectionId) -> Result<Option<Self>, Fault> {
        let mut connections = engine.connections();
        let Some((_, crm)) = connections.find(|(it, _)| *it == id) else {
            return Ok(None);
        };
        let settings = engine.session(id).await?.settings;
        let means = Means {
            vault: Arc::new(Passing),
            ..engine.means(id)
        };
        let oauth = session::visitor(crm, &settings, &means)?;
        Ok(oauth.map(|oauth| Self {
            crm,
            settings,
            means,
            oauth,
        }))
    }

    /// Where the person goes, who will come back to `redirect`.
    ///
    /// # Errors
    /// [`Fault::Setup`] where the redirect is no address.
    pub fn depart(&self, redirect: &str) -> Result<Departure, Fault> {
        self.oauth.depart(redirect)
    }

    /// Who came back, as the CRM says: from the query of the redirect address.
    ///
    /// # Errors
    /// [`Fault::Reconnect`] when the person did not agree or the code is refused;
    /// [`Fault::Setup`] when the state is not the one that was sent along.
    pub async fn arrive(
        self,
        (redirect, query): (&str, &str),
        (state, verifier): (&str, Option<SecretString>),
    ) -> Result<Identity, Fault> {
        let code = code(query, state)?;
        self.oauth
            .arrive(&self.means.env, &code, redirect, verifier)
            .await?;
        let oauth = Arc::new(self.oauth);
        let session = session::visit(self.crm, self.settings, &self.means, oauth)?;
        self.crm.whoami(&session).await
    }
}
