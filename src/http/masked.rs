//! How secrets are printed: not at all, only whether they are set. A type that holds one can only be
//! serialized by saying which of these to use, so none is forgotten.

use secrecy::{ExposeSecret, SecretString};
use serde::Serializer;
use url::Url;

/// What stands in place of a secret that is set.
pub const MASK: &str = "***";

fn mask(secret: &SecretString) -> &'static str {
    if secret.expose_secret().is_empty() {
        ""
    } else {
        MASK
    }
}

/// A secret.
///
/// # Errors
/// The serializer's.
pub fn one<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(mask(secret))
}

/// A secret that may be missing.
///
/// # Errors
/// The serializer's.
pub fn given<S: Serializer>(secret: &Option<SecretString>, to: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => to.serialize_some(mask(secret)),
        None => to.serialize_none(),
    }
}

/// Several secrets.
///
/// # Errors
/// The serializer's.
pub fn all<S: Serializer>(secrets: &[SecretString], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(secrets.iter().map(mask))
}

/// An address that may hold a password.
///
/// # Errors
/// The serializer's.
pub fn address<S: Serializer>(address: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&without_password(address.expose_secret()))
}

/// An address that is no secret as a whole, and may hold a password.
///
/// # Errors
/// The serializer's.
pub fn within<S: Serializer>(address: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&without_password(address))
}

/// An address with a mask in place of its password, wherever it holds one.
pub fn without_password(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else {
        // A password with a sign that ends a part of an address makes it none.
        return match address.contains('@') || is_secret(address) {
            true => MASK.to_owned(),
            false => address.to_owned(),
        };
    };
    let is_a_file = url.scheme() == "sqlite" || url.scheme() == "file";
    if url.username().is_empty() && address.contains('@') && !is_a_file {
        return MASK.to_owned();
    }
    if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| match is_secret(&name) {
                true => (name.into_owned(), MASK.to_owned()),
                false => (name.into_owned(), value.into_owned()),
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
    }
    url.to_string()
}

/// Whether a parameter of a database's address is one: `password`, `sslpassword`.
fn is_secret(name: &str) -> bool {
    name.to_ascii_lowercase().contains("password")
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn no_password_of_an_address_is_printed() {
        for (address, printed) in [
            ("postgres://a:geheim@db/x", "postgres://a:***@db/x"),
            (
                "postgres://db/x?user=a&password=geheim",
                "postgres://db/x?user=a&password=***",
            ),
            ("sqlite://data/latitude.db", "sqlite://data/latitude.db"),
            ("sqlite://data/a@b.db", "sqlite://data/a@b.db"),
            ("nonsense", "nonsense"),
            ("postgres://a:ge/heim@db/x", "***"),
            ("postgres://a:ge#heim@db/x", "***"),
            ("postgres://a:ge?heim@db/x", "***"),
            ("postgres://a:12/heim@db/x", "***"),
            ("postgres:a:geheim@db", "***"),
            ("host=db password=geheim", "***"),
        ] {
            assert_eq!(without_password(address), printed);
        }
    }
}
