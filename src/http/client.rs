//! What carries calls: the network, or a stand-in that a fault harness puts in its place.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::{Request, Response};

use super::call::plain;
use super::fault::{Cause, Fault};
use super::resolve::inward;

/// Carries calls; clones share the connections.
#[derive(Clone)]
pub struct Client(Kind);

#[derive(Clone)]
enum Kind {
    Network(reqwest::Client),
    Carrier(Arc<dyn Carrier>),
}

/// A stand-in for the network.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Carries one call out, and brings its answer.
    ///
    /// # Errors
    /// [`Fault::no_answer`] where none came.
    async fn carry(&self, request: Request) -> Result<Response, Fault>;
}

impl Client {
    /// Calls go through a stand-in.
    pub fn through(carrier: Arc<dyn Carrier>) -> Self {
        Self(Kind::Carrier(carrier))
    }

    /// Sends one request; the answer's body is still to be read.
    ///
    /// # Errors
    /// [`Fault::no_answer`] where none came; [`Fault::Setup`] where a name leads into a private
    /// network that this client may not reach.
    pub async fn execute(&self, request: Request) -> Result<Response, Fault> {
        match &self.0 {
            Kind::Network(client) => {
                let sent = client.execute(request).await;
                sent.map_err(|error| match inward(&error) {
                    Some(why) => Fault::Setup(Cause::told("host_refused", why)),
                    None => Fault::no_answer(plain(&error)),
                })
            }
            Kind::Carrier(carrier) => carrier.carry(request).await,
        }
    }
}

impl From<reqwest::Client> for Client {
    fn from(client: reqwest::Client) -> Self {
        Self(Kind::Network(client))
    }
}
