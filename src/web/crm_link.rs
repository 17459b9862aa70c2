//! From our page of a deal back to the CRM's.

use super::App;
use super::error::Problem;
use crate::domain::ids::{ConnectionId, DealId};

/// A deal in the CRM's own pages.
pub struct CrmLink {
    /// Its address.
    pub url: String,
    /// What people call the CRM.
    pub name: &'static str,
}

/// Where a deal is in the CRM; none before the connection was looked at, and where the CRM has no
/// address for it.
///
/// # Errors
/// The database's.
pub async fn crm_link(
    app: &App,
    connection: &ConnectionId,
    deal: &DealId,
) -> Result<Option<CrmLink>, Problem> {
    let known = app.engine.connections().find(|(id, _)| *id == connection);
    let Some((_, crm)) = known else {
        return Ok(None);
    };
    let known = app.store.read().await?.connection(connection).await?;
    let pages = known.and_then(|it| it.pages?.parse().ok());
    let url = pages.and_then(|pages| crm.deal_url(&pages, deal));
    Ok(url
        .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
        .map(|url| CrmLink {
            url,
            name: crm.profile().name,
        }))
}
