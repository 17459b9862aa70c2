//! Names that lead into private networks are not followed.
//!
//! The [`guard`](super::guard) looks at an address as it is written; what a name leads to is known
//! only when it is looked up, and whoever owns the name can change it between two looks. So the
//! client connects to the very addresses that were looked at here.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::is_private_ip;

/// Looks names up, and keeps only addresses that belong to no private network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Public;

/// A name that leads only into private networks.
#[derive(Debug, thiserror::Error)]
#[error("{0} leads to a private network, which needs `allow_private = true`")]
pub(super) struct Inward(String);

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str().to_owned();
            // The client puts the port in.
            let all: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let outward: Vec<SocketAddr> = all
                .into_iter()
                .filter(|it| !is_private_ip(it.ip()))
                .collect();
            if outward.is_empty() {
                return Err(Inward(name).into());
            }
            Ok(Box::new(outward.into_iter()) as Addrs)
        })
    }
}

/// Whether a call failed because its host's name leads only into private networks, and what to say.
pub(super) fn inward(error: &reqwest::Error) -> Option<String> {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(it) = source {
        if let Some(inward) = it.downcast_ref::<Inward>() {
            return Some(inward.to_string());
        }
        source = it.source();
    }
    None
}
