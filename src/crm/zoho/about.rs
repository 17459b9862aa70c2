//! Reading what deals stand in: the organisation, its people, fields, stages.

use serde::{Deserialize, Serialize};

use super::office::{Columns, Layouts, Org, Orgs, Pipelines, single_pipeline};
use super::wire::{House, User, Users};
use super::{api, heed_credits};
use crate::crm::page::{Cursor, Next, Page};
use crate::crm::session::{Identity, Session};
use crate::domain::deal::Pipeline;
use crate::domain::people::Person;
use crate::http::fault::{Cause, Fault};

/// What a session remembers of the organisation.
const HOUSE: &str = "house";
/// The largest page of users.
const PAGE_ROWS: usize = 200;
/// Layouts of deals whose pipelines are read; more are hardly in use.
const MOST_LAYOUTS: usize = 10;

/// A list answer with an object where 204 stands for none.
pub async fn read<T: serde::de::DeserializeOwned>(
    session: &Session,
    path: &str,
    query: &[(&str, &str)],
) -> Result<Option<T>, Fault> {
    let mut call = session.api.get(api(session, path));
    for (name, value) in query {
        call = call.query(name, value);
    }
    let reply = call.reply().await?;
    heed_credits(session, &reply);
    match reply.status {
        204 => Ok(None),
        _ if reply.looks_like_page() => Err(Fault::Later {
            at: None,
            cause: Cause::from_reply(&reply),
        }),
        _ => reply.decode().map(Some),
    }
}

/// What deals in each stage count as, and where their currency stands.
pub async fn house(session: &Session) -> Result<House, Fault> {
    let columns = fields(session).await?;
    let stages = columns
        .fields
        .iter()
        .find(|column| column.api_name == "Stage");
    let currencies = columns
        .fields
        .iter()
        .any(|column| column.api_name == "Currency");
    let currency = match currencies {
        true => None,
        false => org(session).await?.and_then(|org| org.iso_code),
    };
    let house = House {
        stages: stages
            .into_iter()
            .flat_map(|column| &column.pick_list_values)
            .map(|choice| (choice.actual_value.clone(), choice.standing()))
            .collect(),
        currencies,
        currency,
    };
    session.memo.keep(HOUSE, serde_json::json!(house));
    Ok(house)
}

/// The same, asked once in a session.
pub async fn known_house(session: &Session) -> Result<House, Fault> {
    match session.memo.get(HOUSE) {
        Some(known) => Ok(known),
        None => house(session).await,
    }
}

/// The definitions of the deal's fields.
pub async fn fields(session: &Session) -> Result<Columns, Fault> {
    let fields = read(session, "settings/fields", &[("module", "Deals")]).await?;
    Ok(fields.unwrap_or(Columns { fields: Vec::new() }))
}

async fn org(session: &Session) -> Result<Option<Org>, Fault> {
    let orgs: Option<Orgs> = read(session, "org", &[]).await?;
    Ok(orgs.and_then(|orgs| orgs.org.into_iter().next()))
}

/// Who is signed in, and to which organisation.
pub async fn whoami(session: &Session) -> Result<Identity, Fault> {
    let users: Option<Users> = read(session, "users", &[("type", "CurrentUser")]).await?;
    let me = users.and_then(|users| users.users.into_iter().next());
    let org = org(session).await?;
    let me = me.map(User::person);
    Ok(Identity {
        user: me.as_ref().map(|me| me.id.to_string()).unwrap_or_default(),
        name: me.map(|me| me.name).unwrap_or_default(),
        organisation: org.and_then(|org| org.zgid).unwrap_or_default().0,
        pages: None,
    })
}

/// Pipelines with their stages; the stages alone where pipelines are switched off.
pub async fn stages(session: &Session) -> Result<Vec<Pipeline>, Fault> {
    let layouts: Option<Layouts> =
        read(session, "settings/layouts", &[("module", "Deals")]).await?;
    let layouts = layouts.map_or(Vec::new(), |layouts| layouts.layouts);
    let mut pipelines: Vec<Pipeline> = Vec::new();
    for layout in layouts.into_iter().take(MOST_LAYOUTS) {
        let lanes: Option<Pipelines> =
            read(session, "settings/pipeline", &[("layout_id", &layout.id.0)]).await?;
        for lane in lanes.into_iter().flat_map(|lanes| lanes.pipeline) {
            let pipeline = lane.pipeline();
            if pipelines.iter().all(|known| known.id != pipeline.id) {
                pipelines.push(pipeline);
            }
        }
    }
    if pipelines.is_empty() {
        let columns = fields(session).await?.fields;
        let stages = columns.iter().find(|column| column.api_name == "Stage");
        let stages = stages.map_or(&[][..], |column| &column.pick_list_values);
        pipelines.push(single_pipeline(stages));
    }
    Ok(pipelines)
}

/// Where reading people stands.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct PeoplePlace {
    page: u32,
}

impl Default for PeoplePlace {
    fn default() -> Self {
        Self { page: 1 }
    }
}

/// Everyone with an account, active or not.
pub async fn people(session: &Session, from: &Cursor) -> Result<Page<Person>, Fault> {
    let PeoplePlace { page } = from.place();
    let query = [
        ("type", "AllUsers"),
        ("page", &page.to_string()),
        ("per_page", &PAGE_ROWS.to_string()),
    ];
    let users: Option<Users> = read(session, "users", &query).await?;
    let more = users.as_ref().is_some_and(|users| users.info.more_records);
    let people = users.into_iter().flat_map(|users| users.users);
    Ok(Page {
        items: people.map(User::person).collect(),
        next: match more {
            true => Next::More(Cursor::at(&PeoplePlace { page: page + 1 })),
            false => Next::Done(Cursor::default()),
        },
    })
}
