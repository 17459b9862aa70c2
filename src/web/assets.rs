//! Style and script: part of the binary, under addresses that change with their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::error::Problem;
use super::table::{For, Table};

/// A file that browsers keep for ever, because another content has another address.
pub struct Asset {
    text: &'static str,
    kind: &'static str,
    href: LazyLock<String>,
}

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        Asset {
            text: include_str!(concat!("../../assets/", $name)),
            kind: $kind,
            href: LazyLock::new(|| address($name, include_str!(concat!("../../assets/", $name)))),
        }
    };
}

/// The one style sheet.
pub static STYLE: Asset = asset!("latitude.css", "text/css; charset=utf-8");
/// What pages do besides, where scripts run.
pub static SCRIPT: Asset = asset!("latitude.js", "text/javascript; charset=utf-8");
/// What the panel does besides: keeps drafts, asks for the grade-to-be.
pub static PANEL: Asset = asset!("panel.js", "text/javascript; charset=utf-8");
/// The mark in the browser's tab.
pub static ICON: Asset = asset!("icon.svg", "image/svg+xml");

static ALL: [&Asset; 4] = [&STYLE, &SCRIPT, &PANEL, &ICON];

impl Asset {
    /// Its address.
    pub fn href(&'static self) -> &'static str {
        &self.href
    }
}

fn address(name: &str, text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hash: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let (stem, end) = name.split_once('.').unwrap_or((name, ""));
    format!("/assets/{stem}-{hash}.{end}")
}

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::Anyone, "/assets/{name}", asset)
}

async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let wanted = format!("/assets/{name}");
    let asset = ALL.into_iter().find(|asset| *asset.href == wanted);
    let asset = asset.ok_or(Problem::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.text).into_response())
}
