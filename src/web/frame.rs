//! Which pages may show ours in a frame: the CRM's own, or those that the admin named.

use axum::http::header;
use axum::response::Response;

use super::{App, guard};
use crate::crm::profile::OWN_PAGES;
use crate::domain::ids::ConnectionId;

/// An answer that the CRM's own pages may show in a frame.
pub async fn in_frame(app: &App, connection: &str, mut response: Response) -> Response {
    if let Ok(policy) = guard::policy(&ancestors(app, connection).await) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Who may show the panel of a connection in a frame: whom the admin named, else the CRM's own
/// pages.
async fn ancestors(app: &App, connection: &str) -> String {
    let sources = match app.settings.frame_ancestors.get(connection) {
        Some(named) => named.clone(),
        None => own_pages(app, &ConnectionId::from(connection)).await,
    };
    let sources: Vec<String> = sources.into_iter().filter(|it| is_source(it)).collect();
    if sources.is_empty() {
        "'none'".to_owned()
    } else {
        sources.join(" ")
    }
}

/// Where the CRM's own pages are: the same for everyone, or where the connection says.
async fn own_pages(app: &App, connection: &ConnectionId) -> Vec<String> {
    let Some((_, crm)) = app.engine.connections().find(|(id, _)| *id == connection) else {
        return Vec::new();
    };
    let session = app.engine.session(connection).await.ok();
    let base = session.and_then(|session| session.settings.base_url.clone());
    let sources = crm.profile().frame_ancestors.iter();
    let named = sources.filter_map(|source| match (*source, &base) {
        (OWN_PAGES, Some(base)) => Some(base.origin().ascii_serialization()),
        (OWN_PAGES, None) => None,
        (source, _) => Some(source.to_owned()),
    });
    named.collect()
}

/// An origin, or every subdomain of one: never everyone, and nothing that ends the directive.
fn is_source(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        let host = host.strip_prefix("*.").unwrap_or(host);
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        !host.is_empty() && host.chars().all(plain)
    })
}
