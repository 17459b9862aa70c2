//! The organisation: who is signed in, stages, people.

use serde::{Deserialize, Serialize};

use super::read::{PAGE_ROWS, rows};
use super::wire::{self, Column, SystemUser};
use super::{api, asking, spoken};
use crate::crm::page::{Cursor, Next, Page};
use crate::crm::session::{Identity, Session};
use crate::domain::deal::Pipeline;
use crate::domain::people::Person;
use crate::http::fault::Fault;

/// Who is signed in, and to which organisation.
pub async fn whoami(session: &Session) -> Result<Identity, Fault> {
    let me: wire::WhoAmI = spoken(session.api.get(api(session, "WhoAmI")))
        .read()
        .await?;
    Ok(Identity {
        name: format!("application user {}", me.user_id),
        user: me.user_id,
        organisation: me.organization_id,
        pages: None,
    })
}

/// Sales stages, and the two ways a deal is closed.
pub async fn stages(session: &Session) -> Result<Vec<Pipeline>, Fault> {
    let stages = options(session, "salesstage", "Picklist").await?;
    let states = options(session, "statecode", "State").await?;
    Ok(vec![wire::pipeline(&stages, &states)])
}

async fn options(session: &Session, column: &str, kind: &str) -> Result<wire::OptionSet, Fault> {
    let path = asking(
        session,
        &format!(
            "EntityDefinitions(LogicalName='opportunity')/Attributes(LogicalName='{column}')\
             /Microsoft.Dynamics.CRM.{kind}AttributeMetadata"
        ),
        &[
            ("$select", "LogicalName"),
            ("$expand", "OptionSet($select=Options)"),
        ],
    );
    let column: Column = spoken(session.api.get(path)).read().await?;
    Ok(column.option_set.unwrap_or_default())
}

/// Where reading people stands.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct PeoplePlace {
    page: Option<String>,
}

/// Every user who is a person: applications and non-interactive accounts own no deals.
pub async fn people(session: &Session, from: &Cursor) -> Result<Page<Person>, Fault> {
    let path = from.place::<PeoplePlace>().page.unwrap_or_else(|| {
        asking(
            session,
            "systemusers",
            &[
                ("$select", SystemUser::COLUMNS),
                ("$filter", "applicationid eq null and accessmode ne 4"),
                ("$orderby", "systemuserid asc"),
            ],
        )
    });
    let prefer = format!("odata.maxpagesize={}", PAGE_ROWS[0]);
    let (rows, _) = rows::<SystemUser>(session, &path, &prefer).await?;
    Ok(Page {
        items: rows.value.into_iter().map(SystemUser::person).collect(),
        next: match rows.next {
            Some(page) => Next::More(Cursor::at(&PeoplePlace { page: Some(page) })),
            None => Next::Done(Cursor::default()),
        },
    })
}
