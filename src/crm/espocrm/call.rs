//! Calls, signed in one of three ways: an API key, an API key with a signature, or a user's name
//! and password, which only set-up needs.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use secrecy::ExposeSecret;
use sha2::Sha256;

use crate::crm::session::Session;
use crate::http::call::Call;

/// A call below `api/v1`.
pub fn call<'a>(session: &'a Session, method: &Method, path: &str) -> Call<'a> {
    let full = format!("api/v1/{path}");
    let call = match method.as_str() {
        "GET" => session.api.get(full),
        "POST" => session.api.post(full),
        "DELETE" => session.api.delete(full).idempotent(),
        // Setting fields to values may be repeated.
        _ => session.api.put(full).idempotent(),
    };
    match signature(session, method, path) {
        Some((name, value)) => call.header(name, &value),
        None => call,
    }
}

/// The header of a sign-in by name: with a `client_id`, that is the API key and the token its
/// secret; without, user name and password.
fn signature(session: &Session, method: &Method, path: &str) -> Option<(&'static str, String)> {
    let settings = &session.settings;
    if settings.sign_in.as_deref() != Some("login") {
        return None;
    }
    let token = settings
        .token
        .as_ref()
        .map_or("", ExposeSecret::expose_secret);
    if let Some(key) = &settings.client_id {
        let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).ok()?;
        mac.update(format!("{method} /{path}").as_bytes());
        let hex = to_hex(&mac.finalize().into_bytes());
        return Some((
            "x-hmac-authorization",
            STANDARD.encode(format!("{key}:{hex}")),
        ));
    }
    let user = settings.user.as_deref().unwrap_or_default();
    let pair = STANDARD.encode(format!("{user}:{token}"));
    Some(("authorization", format!("Basic {pair}")))
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap_or_default();
        hex
    })
}

/// The bytes of a hex text; none where it is not one.
pub fn from_hex(hex: &str) -> Option<Vec<u8>> {
    if !hex.is_ascii() {
        return None;
    }
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs
        .map(|pair| byte(pair).filter(|_| pair.len() == 2))
        .collect()
}
