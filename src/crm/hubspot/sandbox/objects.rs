//! Reading records: the list, one, a batch; and deleting and merging them.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::Hub;
use super::answers::{Query, answer, batch, body, empty, invalid, missing, not_found};
use super::records::{self, Kind, deal_at, first_from, merge_key};
use crate::sandbox::world::State as World;

/// Records on a page of the list, and in a batch, at most.
const MOST: usize = 100;

/// The answer to an object nobody knows.
pub fn unknown_object(hub: &Hub, name: &str) -> Response {
    invalid(hub, &format!("Unable to infer object type from: {name}"))
}

/// `GET …/{object}`: every record in the order of ids, living or archived.
pub async fn list(
    State(hub): State<Hub>,
    Path(object): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query);
    let limit = match query.limit(10, MOST) {
        Ok(limit) => limit,
        Err(why) => return invalid(&hub, &why),
    };
    match records::kind(&object) {
        Some(Kind::Deal) => {}
        Some(Kind::Company) => return companies(&hub, limit),
        None => return unknown_object(&hub, &object),
    }
    let properties = query.all("properties");
    let with_companies = query.all("associations").iter().any(|it| it == "companies");
    let from = match query.get("after").map(first_from) {
        None => 0,
        Some(Some(from)) => from,
        Some(None) => return invalid(&hub, "after is not a valid paging cursor"),
    };
    let archived = query.is("archived");
    let repeat = hub.world().weather().duplicates();
    let state = hub.world().state();
    let mut companies = hub.companies();
    let listed = |n: &usize| {
        let deal = &state.deals[*n];
        deal.deleted_at.is_some() == archived && !is_merged(&state, &deal.id)
    };
    let mut rows = (from..state.deals.len()).filter(listed);
    let page: Vec<usize> = rows.by_ref().take(limit).collect();
    let next = rows.next();
    let mut results: Vec<Value> = page
        .iter()
        .map(|n| {
            let mut record = records::deal(&state, &mut companies, *n, &properties);
            if with_companies {
                let id = companies.id(&state.deals[*n].account);
                record["associations"] = json!({"companies": {"results": [
                    {"id": id, "type": "deal_to_company"},
                    {"id": id, "type": "deal_to_company_unlabeled"},
                ]}});
            }
            record
        })
        .collect();
    if repeat {
        results.extend(results.last().cloned());
    }
    let mut body = json!({"results": results});
    if let Some(next) = next {
        let after = &state.deals[next].id;
        let link =
            format!("https://api.hubapi.com/crm/v3/objects/deals?limit={limit}&after={after}");
        body["paging"] = json!({"next": {"after": after, "link": link}});
    }
    answer(200, body)
}

fn is_merged(state: &World, id: &str) -> bool {
    state.things.contains_key(&merge_key(id))
}

fn companies(hub: &Hub, limit: usize) -> Response {
    let state = hub.world().state();
    let mut companies = hub.companies();
    let mut names: Vec<&str> = state
        .deals
        .iter()
        .map(|deal| deal.account.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let rows = names.iter().take(limit);
    let results: Vec<Value> = rows
        .map(|name| records::company(hub, &companies.id(name), name))
        .collect();
    answer(200, json!({"results": results}))
}

/// `GET …/{object}/{id}`; the id of a record that was merged away answers with the winner.
pub async fn one(
    State(hub): State<Hub>,
    Path((object, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::of(query);
    if query.get("idProperty").is_some() {
        return non_unique(&hub);
    }
    let state = hub.world().state();
    let mut companies = hub.companies();
    match records::kind(&object) {
        Some(Kind::Deal) => {
            let winner = state.things.get(&merge_key(&id)).and_then(Value::as_str);
            let found = deal_at(&state, winner.unwrap_or(&id));
            let visible = |n: &usize| state.deals[*n].deleted_at.is_some() == query.is("archived");
            match found.filter(visible) {
                Some(n) => {
                    let properties = query.all("properties");
                    answer(200, records::deal(&state, &mut companies, n, &properties))
                }
                None => not_found(&hub),
            }
        }
        Some(Kind::Company) => match companies.name(&id) {
            Some(name) => answer(200, records::company(&hub, &id, &name)),
            None => not_found(&hub),
        },
        None => unknown_object(&hub, &object),
    }
}

/// The refusal of ids by a property that is not unique.
pub fn non_unique(hub: &Hub) -> Response {
    invalid(
        hub,
        "idProperty must be a unique property; a non-unique one was given",
    )
}

/// `POST …/{object}/batch/read`.
pub async fn batch_read(
    State(hub): State<Hub>,
    Path(object): Path<String>,
    bytes: Bytes,
) -> Response {
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    if wanted.get("idProperty").is_some_and(|it| !it.is_null()) {
        return non_unique(&hub);
    }
    let ids = match ids(&wanted) {
        Ok(ids) => ids,
        Err(why) => return invalid(&hub, &why),
    };
    let properties = texts(&wanted["properties"]);
    let state = hub.world().state();
    let mut companies = hub.companies();
    let mut found = Vec::new();
    let mut lost = Vec::new();
    for id in ids {
        let record = match records::kind(&object) {
            Some(Kind::Deal) => deal_at(&state, &id)
                .filter(|n| state.deals[*n].deleted_at.is_none())
                .map(|n| records::deal(&state, &mut companies, n, &properties)),
            Some(Kind::Company) => companies
                .name(&id)
                .map(|name| records::company(&hub, &id, &name)),
            None => return unknown_object(&hub, &object),
        };
        match record {
            Some(record) => found.push(record),
            None => lost.push(id),
        }
    }
    let errors = if lost.is_empty() {
        Vec::new()
    } else {
        vec![missing(&lost, &[])]
    };
    batch(&hub, found, errors)
}

/// The ids of a batch: texts, no more than a hundred.
fn ids(wanted: &Value) -> Result<Vec<String>, String> {
    let Some(inputs) = wanted["inputs"].as_array() else {
        return Err("Invalid input JSON: inputs is missing".to_owned());
    };
    if inputs.len() > MOST {
        return Err(format!(
            "The maximum number of records supported in a batch request is {MOST}"
        ));
    }
    let id = |input: &Value| input["id"].as_str().map(str::to_owned);
    let ids: Option<Vec<String>> = inputs.iter().map(id).collect();
    ids.ok_or_else(|| "Invalid input JSON: each id must be a string".to_owned())
}

/// The texts of a list.
pub fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .filter_map(|it| it.as_str().map(str::to_owned))
        .collect()
}

/// Archives one deal; nothing happens where it is archived already.
fn archive_deal(hub: &Hub, id: &str) -> bool {
    let mut state = hub.world().state();
    let Some(n) = deal_at(&state, id) else {
        return false;
    };
    hub.world().touch(&mut state, n, 0);
    let now = hub.world().now();
    state.deals[n].deleted_at.get_or_insert(now);
    true
}

/// `DELETE …/{object}/{id}`.
pub async fn archive(
    State(hub): State<Hub>,
    Path((object, id)): Path<(String, String)>,
) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    if archive_deal(&hub, &id) {
        empty()
    } else {
        not_found(&hub)
    }
}

/// `POST …/{object}/batch/archive`: done, whatever the ids were.
pub async fn batch_archive(
    State(hub): State<Hub>,
    Path(object): Path<String>,
    bytes: Bytes,
) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    match body(&hub, &bytes).map(|wanted| ids(&wanted)) {
        Ok(Ok(ids)) => {
            for id in ids {
                archive_deal(&hub, &id);
            }
            empty()
        }
        Ok(Err(why)) => invalid(&hub, &why),
        Err(refusal) => refusal,
    }
}

/// `POST …/{object}/merge`: the primary record goes on.
pub async fn merge(State(hub): State<Hub>, Path(object): Path<String>, bytes: Bytes) -> Response {
    if records::kind(&object) != Some(Kind::Deal) {
        return unknown_object(&hub, &object);
    }
    let wanted = match body(&hub, &bytes) {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let world = hub.world();
    let mut state = world.state();
    let living = |state: &World, key: &str| {
        let n = deal_at(state, wanted[key].as_str()?)?;
        state.deals[n].deleted_at.is_none().then_some(n)
    };
    let primary = living(&state, "primaryObjectId");
    let (Some(winner), Some(loser)) = (primary, living(&state, "objectIdToMerge")) else {
        return not_found(&hub);
    };
    if winner == loser {
        return invalid(&hub, "a record cannot be merged with itself");
    }
    world.touch(&mut state, loser, 0);
    state.deals[loser].deleted_at = Some(world.now());
    world.touch(&mut state, winner, 0);
    let key = merge_key(&state.deals[loser].id);
    let into = json!(state.deals[winner].id);
    state.things.insert(key, into);
    let mut companies = hub.companies();
    answer(200, records::deal(&state, &mut companies, winner, &[]))
}
