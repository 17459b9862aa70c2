//! Addresses: query options out of them, next links and delta links into them.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use super::filter::Cell;
use super::{Answer, Ask, refuse};

/// The last row of the page before: its place in the order.
pub struct After {
    /// The number of the page to come.
    pub page: usize,
    /// What it is ordered by.
    pub key: Vec<Cell<'static>>,
    /// Which it was.
    pub row: usize,
}

/// Name and value of each query option, decoded; `+` is a plus.
pub fn options(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// Text with its `%XX` undone.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|pair| std::str::from_utf8(pair).ok());
        match code.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The request's own address with one option put in place of it or added.
pub fn link(ask: &Ask, name: &str, value: &str) -> String {
    let kept = ask.query.split('&').filter(|pair| {
        let option = decoded(pair.split('=').next().unwrap_or_default());
        !pair.is_empty() && option != "$skiptoken" && option != "$deltatoken"
    });
    let mut pairs: Vec<String> = kept.map(str::to_owned).collect();
    let value = value
        .replace('%', "%25")
        .replace(' ', "%20")
        .replace('"', "%22")
        .replace('<', "%3C")
        .replace('>', "%3E")
        .replace('/', "%2f")
        .replace(':', "%3a")
        .replace('!', "%21");
    pairs.push(format!("{name}={value}"));
    format!("{}/{}?{}", ask.root, ask.path, pairs.join("&"))
}

/// The token of a next link.
pub fn cookie(page: usize, key: &[Cell<'_>], row: usize, tracking: bool) -> String {
    let parts: Vec<Json> = key
        .iter()
        .map(|cell| match cell {
            Cell::Null => Json::Null,
            Cell::Bool(it) => json!(it),
            Cell::Number(it) => json!({"n": it}),
            Cell::Time(it) => json!({"t": it}),
            Cell::Text(it) => json!(it),
        })
        .collect();
    let inside: String = json!([parts, row])
        .to_string()
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tracking = if tracking { "True" } else { "False" };
    format!("<cookie pagenumber=\"{page}\" pagingcookie=\"{inside}\" istracking=\"{tracking}\" />")
}

impl After {
    /// Reads the token of a next link.
    pub fn read(token: &str) -> Result<Self, Answer> {
        Self::parsed(token)
            .ok_or_else(|| refuse(400, "0x80040203", "Malformed XML in the Paging Cookie"))
    }

    fn parsed(token: &str) -> Option<Self> {
        let member = |name: &str| {
            let (_, rest) = token.split_once(&format!("{name}=\""))?;
            rest.split('"').next()
        };
        let inside = member("pagingcookie")?;
        let bytes: Option<Vec<u8>> = (0..inside.len() / 2)
            .map(|n| u8::from_str_radix(inside.get(n * 2..n * 2 + 2)?, 16).ok())
            .collect();
        let (key, row): (Vec<Json>, usize) = serde_json::from_slice(&bytes?).ok()?;
        let cell = |json: Json| match json {
            Json::Null => Cell::Null,
            Json::Bool(it) => Cell::Bool(it),
            Json::String(it) => Cell::Text(Cow::Owned(it)),
            other => match (other["n"].as_f64(), other["t"].as_i64()) {
                (Some(number), _) => Cell::Number(number),
                (_, Some(time)) => Cell::Time(time),
                _ => Cell::Null,
            },
        };
        Some(Self {
            page: member("pagenumber")?.parse().ok()?,
            key: key.into_iter().map(cell).collect(),
            row,
        })
    }
}
