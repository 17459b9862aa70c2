//! Which hosts a connection may reach.
//!
//! Addresses come from admins (self-hosted CRMs), from token answers and from page links, so each
//! is checked before a call goes there: the right host, over TLS, never the machine's own networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

/// Whether an address is one of the machine itself.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
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
                || (a == 192 && b == 0 && ip.octets()[2] == 0)
                || (a == 198 && (18..20).contains(&b))
        }
        IpAddr::V6(ip) => match inner_v4(ip) {
            Some(inner) => is_private_ip(inner.into()),
            None => {
                let [head, next, ..] = ip.segments();
                ip.is_loopback()
                    || ip.is_unspecified()
                    || ip.is_multicast()
                    || (head & 0xfe00) == 0xfc00
                    // Link-local, and site-local as it was before RFC 3879.
                    || (head & 0xff80) == 0xfe80
                    // Documentation, and a local network's own NAT64 (RFC 8215).
                    || (head == 0x2001 && next == 0x0db8)
                    || (head == 0x64 && next == 0xff9b)
            }
        },
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, 6to4, NAT64.
fn inner_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let joined = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(joined(high, low))
        }
        // `::` and `::1` are IPv6's own.
        [0, 0, 0, 0, 0, 0, high, low] if high > 0 => Some(joined(high, low)),
        [0x2002, high, low, ..] => Some(joined(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses that lead into the machine or its networks, in every form a URL may give them.
    const INWARD: &[&str] = &[
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7f.0x0.0x0.0x1",
        "017700000001",
        "0177.0.0.01",
        "0177.1",
        "127.255.255.254",
        "%31%32%37.0.0.1",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        "127\u{3002}0\u{3002}0\u{3002}1",
        "0.0.0.0",
        "0",
        "0x0",
        "10.0.0.1",
        "167772161",
        "10.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "3232235521",
        "0xc0a80001",
        "192.168.1",
        "100.64.0.1",
        "100.127.255.254",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[::a00:1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2002:a9fe:a9fe::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "metadata.google.internal",
    ];

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
            "https://evil.test#.crm.example",
            "https://evil.test?.crm.example",
            "https://evil.test\\.crm.example/",
            "https://evilcrm.example/",
            "https://user@acme.my.crm.example/",
            "https://acme.my.crm.example@evil.test/",
            "https://acme.my.crm.example:8443/",
            "ftp://acme.my.crm.example/",
            "file:///etc/passwd",
            "data:text/plain,.crm.example",
        ] {
            assert!(!allowed(refused), "{refused}");
        }
    }

    #[test]
    fn no_spelling_of_a_private_address_is_reached_even_where_the_settings_name_it() {
        for host in INWARD {
            let url = Url::parse(&format!("https://{host}/latest")).expect(host);
            let guard = Guard::new(&[], &[&url], false);

            let refused = guard.allows(&url).expect_err(host);

            assert!(refused.cause().message.contains("allow_private"), "{host}");
        }
        for host in ["93.184.216.34", "[2606:4700::1111]", "[64:ff9b::5db8:d822]"] {
            let url = Url::parse(&format!("https://{host}/")).expect(host);
            assert!(
                Guard::new(&[], &[&url], false).allows(&url).is_ok(),
                "{host}"
            );
        }
    }

    #[test]
    fn a_private_address_is_reached_only_when_an_admin_says_so() {
        let base = Url::parse("http://127.0.0.1:8069").expect("an address");

        assert!(Guard::new(&[], &[&base], true).allows(&base).is_ok());
        assert!(Guard::new(&[], &[&base], false).allows(&base).is_err());
    }
}
