//! Which hosts a connection may reach.
//!
//! Addresses come from admins (self-hosted CRMs), from token answers and from page links, so each
//! is checked before a call goes there: the right host, over TLS, never the machine's own networks.

use std::net::IpAddr;

use url::{Host, Url};

use super::fault::{Cause, Fault};

/// The hosts one connection may reach.
#[derive(Clone, Debug)]
pub struct Guard {
    suffixes: Vec<String>,
    exact: Vec<String>,
    private: bool,
}

impl Guard {
    /// Hosts that end in one of `suffixes` (such as `.crm.example`) and those of `addresses`.
    ///
    /// `private` allows plain HTTP and the machine's own networks: for sandboxes and for CRMs that
    /// run next door. It is a setting an admin has to make.
    pub fn new(suffixes: &[&str], addresses: &[&Url], private: bool) -> Self {
        Self {
            suffixes: suffixes.iter().map(|suffix| (*suffix).to_owned()).collect(),
            exact: addresses.iter().filter_map(|url| authority(url)).collect(),
            private,
        }
    }

    /// # Errors
    /// [`Fault::Setup`] when the address is none this connection may reach.
    pub fn allows(&self, url: &Url) -> Result<(), Fault> {
        let refused = |why: &str| {
            let host = url.host_str().unwrap_or("(none)");
            Err(Fault::Setup(Cause::told(
                "host_refused",
                format!("{host}: {why}"),
            )))
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("the address carries a user name or password");
        }
        if url.scheme() != "https" && !(url.scheme() == "http" && self.private) {
            return refused("only https is allowed");
        }
        if !self.private && is_private(url) {
            return refused("addresses of private networks need `allow_private = true`");
        }
        let known = authority(url).is_some_and(|name| self.exact.contains(&name))
            || self.suffixes.iter().any(|suffix| {
                url.port().is_none() && url.host_str().is_some_and(|host| host.ends_with(suffix))
            });
        if known {
            Ok(())
        } else {
            refused("not a host of this connection")
        }
    }
}

fn authority(url: &Url) -> Option<String> {
    let port = url.port_or_known_default()?;
    url.host_str().map(|host| format!("{host}:{port}"))
}

fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => is_private_ip(ip.into()),
        Some(Host::Ipv6(ip)) => is_private_ip(ip.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost") || name.ends_with(".internal")
        }
        None => true,
    }
}

/// Whether an address belongs to the machine or to a private network.
pub fn is_private_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || ip.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_private_ip(mapped.into()),
            None => {
                let head = ip.segments()[0];
                ip.is_loopback()
                    || ip.is_unspecified()
                    || ip.is_multicast()
                    || (head & 0xfe00) == 0xfc00
                    || (head & 0xffc0) == 0xfe80
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_connections_own_hosts_are_reached() {
        let base = Url::parse("https://crm.acme.test").expect("an address");
        let guard = Guard::new(&[".crm.example"], &[&base], false);
        let allowed = |url: &str| guard.allows(&Url::parse(url).expect("an address")).is_ok();

        assert!(allowed("https://crm.acme.test/api"));
        assert!(allowed("https://acme.my.crm.example/services"));
        for refused in [
            "http://acme.my.crm.example/",
            "https://crm.example.evil.test/",
            "https://evil.test/.crm.example",
            "https://user@acme.my.crm.example/",
            "https://acme.my.crm.example:8443/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://localhost/",
        ] {
            assert!(!allowed(refused), "{refused}");
        }
    }

    #[test]
    fn a_private_address_is_reached_only_when_an_admin_says_so() {
        let base = Url::parse("http://127.0.0.1:8069").expect("an address");

        assert!(Guard::new(&[], &[&base], true).allows(&base).is_ok());
        assert!(Guard::new(&[], &[&base], false).allows(&base).is_err());
    }
}
