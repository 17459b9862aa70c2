//! Names that lead into private networks are not followed.
//!
//! The [`guard`](super::guard) looks at an address as it is written; what a name leads to is known
//! only when it is looked up, and whoever owns the name can change it between two looks. So the
//! client connects to the very addresses that were looked at here.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use super::guard::is_private_ip;

/// Looks names up, and keeps only addresses that belong to no private network.
#[derive(Clone, Debug)]
pub(super) struct Public {
    /// Names of proxies, which may stand next door: an admin put them there.
    proxies: Vec<String>,
}

/// The variables that name proxies.
const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

impl Public {
    /// Besides proxies that the environment names.
    #[expect(
        clippy::disallowed_methods,
        reason = "proxies are named to every program alike, not in a configuration of ours"
    )]
    pub(super) fn beside_proxies() -> Self {
        let named = PROXIES.iter().filter_map(|name| std::env::var(name).ok());
        Self {
            proxies: named.filter_map(|it| host_of(&it)).collect(),
        }
    }
}

/// The host of a proxy, whose scheme may be left out.
fn host_of(proxy: &str) -> Option<String> {
    let url = match proxy.contains("://") {
        true => Url::parse(proxy),
        false => Url::parse(&format!("http://{proxy}")),
    };
    url.ok()?.host_str().map(str::to_owned)
}

/// A name that leads only into private networks.
#[derive(Debug, thiserror::Error)]
#[error("{0} leads to a private network, which needs `allow_private = true`")]
pub(super) struct Inward(String);

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        let is_proxy = self.proxies.iter().any(|it| it == name.as_str());
        Box::pin(async move {
            let name = name.as_str().to_owned();
            // The client puts the port in.
            let all: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let outward: Vec<SocketAddr> = all
                .into_iter()
                .filter(|it| is_proxy || !is_private_ip(it.ip()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_but_for_a_proxys() {
        let leads = async |proxies: &[&str]| {
            let proxies = proxies.iter().filter_map(|it| host_of(it)).collect();
            let name = "localhost".parse::<Name>().expect("a name");
            Public { proxies }.resolve(name).await.is_ok()
        };

        assert!(!leads(&[]).await);
        assert!(!leads(&["http://proxy.acme.test:3128"]).await);
        assert!(leads(&["http://user:word@localhost:3128"]).await);
        assert!(leads(&["localhost:3128"]).await);
    }
}
