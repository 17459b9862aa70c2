//! The account: its stages, the people who own deals, and which one it is.

use serde::{Deserialize, Serialize};

use super::read::read;
use super::wire::{self, Listing, Record};
use super::{path, version};
use crate::crm::page::{Cursor, Next, Page};
use crate::crm::session::{Identity, Session};
use crate::domain::deal::Pipeline;
use crate::domain::people::Person;
use crate::http::fault::Fault;

/// Owners on a page.
const OWNER_PAGE: usize = 500;

/// Pipelines and stages.
pub async fn stages(session: &Session) -> Result<Vec<Pipeline>, Fault> {
    let call = session.api.get(path(session, "pipelines", "deals"));
    let (_, told): (_, Listing<wire::WirePipeline>) = read(session, call).await?;
    Ok(wire::pipelines(told.results))
}

/// Where a walk through the owners stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Row {
    after: Option<String>,
    archived: bool,
}

/// Owners, then those who left: deals keep pointing at them.
pub async fn people(session: &Session, from: &Cursor) -> Result<Page<Person>, Fault> {
    let row: Row = from.place();
    let mut call = session
        .api
        .get(path(session, "owners", ""))
        .query("limit", OWNER_PAGE)
        .query("archived", row.archived);
    if let Some(after) = &row.after {
        call = call.query("after", after);
    }
    let (_, page): (_, Listing<wire::Owner>) = read(session, call).await?;
    let after = page.after().map(str::to_owned);
    let next = match (after, row.archived) {
        (None, true) => Next::Done(Cursor::default()),
        (None, false) => Next::More(Cursor::at(&Row {
            after: None,
            archived: true,
        })),
        (after, archived) => Next::More(Cursor::at(&Row { after, archived })),
    };
    let items = page.results.into_iter().map(wire::person).collect();
    Ok(Page { items, next })
}

/// An account, as it describes itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    portal_id: u64,
    #[serde(default)]
    ui_domain: String,
    company_currency: Option<String>,
}

/// Under which name the account's currency is remembered. Every look at who is signed in takes it
/// up anew.
const CURRENCY: &str = "company_currency";

async fn account(session: &Session) -> Result<Account, Fault> {
    let place = format!("/account-info/{}/details", version(session));
    let call = session.api.get(place);
    let (_, account): (_, Account) = read(session, call).await?;
    session
        .memo
        .keep(CURRENCY, account.company_currency.clone());
    Ok(account)
}

/// The account's own currency: that of deals which name none, as in every portal that has one
/// currency. Asked only where one of these is among them and nobody has looked since the session
/// was opened.
pub async fn currency(session: &Session, records: &[Record]) -> Result<Option<String>, Fault> {
    if records.iter().all(wire::names_currency) {
        return Ok(None);
    }
    match session.memo.get::<Option<String>>(CURRENCY) {
        Some(known) => Ok(known),
        None => Ok(account(session).await?.company_currency),
    }
}

/// The account that the app is installed in. HubSpot writes as the app, not as a person.
pub async fn whoami(session: &Session) -> Result<Identity, Fault> {
    let account = account(session).await?;
    // European portals have pages of their own, under the same API.
    let pages = format!(
        "{}://{}/contacts/{}",
        session.api.base().await?.scheme(),
        account.ui_domain,
        account.portal_id
    );
    Ok(Identity {
        user: "integration".to_owned(),
        name: format!("account {} on {}", account.portal_id, account.ui_domain),
        organisation: account.portal_id.to_string(),
        pages: pages.parse().ok().filter(|_| !account.ui_domain.is_empty()),
    })
}
