//! From our pages of deals back to the CRM's.

use url::Url;

use super::App;
use super::error::Problem;
use crate::crm::Crm;
use crate::domain::ids::{ConnectionId, DealId};
use crate::store::tx::Tx;

/// A deal in the CRM's own pages.
pub struct CrmLink {
    /// Its address.
    pub url: String,
    /// What people call the CRM.
    pub name: &'static str,
}

/// Where a connection's CRM has its own pages; nowhere before the connection was looked at.
pub struct CrmPages(Option<(&'static dyn Crm, Url)>);

impl CrmPages {
    /// Those of a connection.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(app: &App, tx: &mut Tx, connection: &ConnectionId) -> Result<Self, Problem> {
        let known = app.engine.connections().find(|(id, _)| *id == connection);
        let Some((_, crm)) = known else {
            return Ok(Self(None));
        };
        let known = tx.connection(connection).await?;
        let pages = known.and_then(|it| it.pages?.parse().ok());
        Ok(Self(pages.map(|pages| (crm, pages))))
    }

    /// The page of a deal; none where the CRM has no address for it.
    pub fn link(&self, deal: &str) -> Option<CrmLink> {
        let (crm, pages) = self.0.as_ref()?;
        let url = crm.deal_url(pages, &DealId::from(deal))?;
        let is_web = url.starts_with("https://") || url.starts_with("http://");
        is_web.then(|| CrmLink {
            url,
            name: crm.profile().name,
        })
    }
}

/// Where one deal is in the CRM.
///
/// # Errors
/// The database's.
pub async fn crm_link(
    app: &App,
    connection: &ConnectionId,
    deal: &DealId,
) -> Result<Option<CrmLink>, Problem> {
    let mut tx = app.store.read().await?;
    Ok(CrmPages::of(app, &mut tx, connection)
        .await?
        .link(deal.as_str()))
}
