//! Secrets at rest: sealed with an authenticated cipher, bound to where they belong.
//!
//! A sealed value names the key that sealed it, so that keys can be rotated, and is bound to its
//! place (connection and purpose), so that it opens nowhere else.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use crate::env::Env;

/// Seals and opens secrets with the newest key; still opens what older keys sealed.
#[derive(Clone)]
pub struct Seal {
    keys: Vec<Key>,
    env: Env,
}

#[derive(Clone)]
struct Key {
    id: [u8; 4],
    cipher: XChaCha20Poly1305,
}

/// Why a sealed value does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It was sealed with a key we do not have.
    #[error("it was sealed with another key")]
    OtherKey,
    /// It was changed, or belongs to another place.
    #[error("the sealed value was changed or belongs elsewhere")]
    Broken,
}

const NONCE: usize = 24;
const KEY_ID: usize = 4;

impl Seal {
    /// With these 32-byte keys, newest first.
    ///
    /// # Errors
    /// When there is no key, or one is of another length.
    pub fn new(keys: &[Vec<u8>], env: Env) -> Result<Self, String> {
        let keys: Vec<Key> = keys
            .iter()
            .map(|key| {
                let cipher = XChaCha20Poly1305::new_from_slice(key)
                    .map_err(|_| format!("a key has 32 bytes, this one {}", key.len()))?;
                let mut id = [0; KEY_ID];
                for (to, from) in id.iter_mut().zip(Sha256::digest(key)) {
                    *to = from;
                }
                Ok(Key { id, cipher })
            })
            .collect::<Result<_, String>>()?;
        if keys.is_empty() {
            Err("there is no key".to_owned())
        } else {
            Ok(Self { keys, env })
        }
    }

    /// A key drawn at random, for a database that lives as long as this process.
    pub fn random(env: &Env) -> Self {
        Self::new(&[env.bytes::<32>().to_vec()], env.clone())
            .unwrap_or_else(|error| unreachable!("32 bytes are a key: {error}"))
    }

    /// Seals `secret` for `place`.
    pub fn close(&self, place: &str, secret: &[u8]) -> Vec<u8> {
        let nonce = self.env.bytes::<NONCE>();
        let payload = Payload {
            msg: secret,
            aad: place.as_bytes(),
        };
        let Some(key) = self.keys.first() else {
            unreachable!("a seal has a key")
        };
        let sealed = key
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .unwrap_or_else(|_| unreachable!("secrets are far shorter than the cipher's limit"));
        [&key.id[..], &nonce[..], &sealed[..]].concat()
    }

    /// Opens what [`Seal::close`] sealed for the same place.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (id, rest) = sealed.split_at_checked(KEY_ID).ok_or(SealError::Broken)?;
        let (nonce, body) = rest.split_at_checked(NONCE).ok_or(SealError::Broken)?;
        let key = self
            .keys
            .iter()
            .find(|key| key.id == id)
            .ok_or(SealError::OtherKey)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| SealError::Broken)?;
        let payload = Payload {
            msg: body,
            aad: place.as_bytes(),
        };
        key.cipher
            .decrypt(&nonce, payload)
            .map_err(|_| SealError::Broken)
    }

    /// Whether a value was sealed with an older key and should be sealed anew.
    pub fn is_old(&self, sealed: &[u8]) -> bool {
        self.keys
            .first()
            .is_none_or(|key| !sealed.starts_with(&key.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_where_it_belongs_and_unchanged() {
        let env = Env::system();
        let (old, new) = (vec![1; 32], vec![2; 32]);
        let seal = Seal::new(std::slice::from_ref(&old), env.clone()).expect("a key");
        let rotated = Seal::new(&[new.clone(), old], env.clone()).expect("keys");
        let other = Seal::new(&[new], env).expect("a key");

        let sealed = seal.close("acme/tokens", b"secret");

        assert_eq!(
            seal.open("acme/tokens", &sealed).as_deref(),
            Ok(&b"secret"[..])
        );
        assert_eq!(
            rotated.open("acme/tokens", &sealed).as_deref(),
            Ok(&b"secret"[..])
        );
        assert!(rotated.is_old(&sealed) && !seal.is_old(&sealed));
        assert_eq!(seal.open("other/tokens", &sealed), Err(SealError::Broken));
        assert_eq!(other.open("acme/tokens", &sealed), Err(SealError::OtherKey));
        for at in 4..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(seal.open("acme/tokens", &bent), Err(SealError::Broken));
        }
        assert_eq!(seal.open("acme/tokens", b""), Err(SealError::Broken));
    }
}
