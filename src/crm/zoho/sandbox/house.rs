//! The organisation: users, layouts, pipelines, saved views.

use serde_json::{Value as Json, json};

use super::{Answer, Ask, OPTION, OTHER, data, id, moment, nothing, refuse};
use crate::domain::deal::Standing;
use crate::sandbox::world::{Person, Stage, State};

/// The one layout, and the one pipeline.
const LAYOUT: usize = 1;
const PIPELINE: usize = 2;

/// What the organisation says about itself.
pub fn org(state: &State) -> Answer {
    data(
        200,
        json!({"org": [{
            "id": id(OTHER, 9),
            "company_name": "Meridian",
            "zgid": format!("{}", 60_000_000 + state.seed() % 1_000),
            "primary_email": state.people[1].email,
            "iso_code": "USD",
            "currency": "US Dollar",
            "currency_symbol": "$",
            "currency_locale": "en_US",
            "country_code": "US",
            "time_zone": "Europe/Istanbul",
            "domain_name": "meridian",
            "mc_status": true,
        }]}),
    )
}

fn shown(state: &State, person: &Person) -> Json {
    let manager = person.manager.map(|n| {
        let manager = &state.people[n];
        json!({"name": manager.name(), "id": manager.id})
    });
    json!({
        "id": person.id,
        "zuid": person.id,
        "full_name": person.name(),
        "first_name": person.first,
        "last_name": person.last,
        "email": person.email,
        "status": if person.active { "active" } else { "disabled" },
        "confirm": true,
        "role": {"name": format!("{:?}", person.role), "id": id(OTHER, 20 + person.role as usize)},
        "profile": {"name": "Standard", "id": id(OTHER, 10)},
        "Reporting_To": manager,
        "time_zone": person.time_zone,
        "locale": "en_US",
        "type__s": "Regular User",
        "created_time": moment(person.changed_at),
        "Modified_Time": moment(person.changed_at),
    })
}

/// Users of a type, in pages.
pub fn users(state: &State, ask: &Ask) -> Answer {
    let kind = ask.param("type").unwrap_or("AllUsers");
    let wanted: Vec<&Person> = match kind {
        "CurrentUser" => state.people.iter().take(1).collect(),
        "AllUsers" => state.people.iter().collect(),
        "ActiveUsers" | "ActiveConfirmedUsers" | "AllActiveUsers" => {
            state.people.iter().filter(|person| person.active).collect()
        }
        "DeactiveUsers" => state
            .people
            .iter()
            .filter(|person| !person.active)
            .collect(),
        "AdminUsers" => state.people.iter().take(1).collect(),
        _ => {
            return refuse(
                400,
                "INVALID_DATA",
                json!({"param_name": "type"}),
                "invalid data",
            );
        }
    };
    let size = ask
        .param("per_page")
        .and_then(|it| it.parse().ok())
        .unwrap_or(200_usize);
    let page = ask
        .param("page")
        .and_then(|it| it.parse().ok())
        .unwrap_or(1_usize);
    if size == 0 || size > 200 || page == 0 {
        return refuse(
            400,
            "INVALID_DATA",
            json!({"param_name": "per_page"}),
            "invalid data",
        );
    }
    let rows: Vec<Json> = wanted
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .map(|person| shown(state, person))
        .collect();
    if rows.is_empty() {
        return nothing(204);
    }
    let info = json!({
        "per_page": size,
        "count": rows.len(),
        "page": page,
        "more_records": page * size < wanted.len(),
    });
    data(200, json!({"users": rows, "info": info}))
}

/// One user.
pub fn user(state: &State, id: &str) -> Answer {
    match state.person_at(id) {
        Some(n) => data(200, json!({"users": [shown(state, &state.people[n])]})),
        None => nothing(204),
    }
}

/// The layouts of the deal.
pub fn layouts(state: &State) -> Answer {
    let user = json!({"name": state.people[0].name(), "id": state.people[0].id});
    let layout = json!({
        "id": id(OTHER, LAYOUT),
        "name": "Standard",
        "api_name": "Standard",
        "display_label": "Standard",
        "status": "active",
        "visible": true,
        "generated_type": "system",
        "sections": [],
        "profiles": null,
        "has_more_profiles": false,
        "show_business_card": true,
        "source": "crm",
        "created_for": null,
        "created_time": null,
        "created_by": null,
        "modified_time": moment(state.people[0].changed_at),
        "modified_by": user,
        "convert_mapping": null,
        "actions_allowed": {
            "edit": true, "rename": true, "clone": true, "downgrade": false,
            "delete": true, "deactivate": false, "set_layout_permissions": true,
        },
    });
    data(200, json!({"layouts": [layout]}))
}

/// `Open`, `Closed Won` or `Closed Lost`, and the forecast category.
fn forecast(stage: &Stage) -> (&'static str, &'static str) {
    match stage.standing {
        Standing::Open => ("Open", "Pipeline"),
        Standing::Won => ("Closed Won", "Closed"),
        Standing::Lost => ("Closed Lost", "Omitted"),
    }
}

/// The stages as options of the field `Stage`.
pub fn stage_options(state: &State) -> Vec<Json> {
    let stages = state.stages.iter().enumerate();
    stages
        .map(|(n, stage)| {
            let (kind, category) = forecast(stage);
            json!({
                "display_value": stage.name,
                "sequence_number": n + 1,
                "deal_category": if kind == "Open" { "Open" } else { "Closed" },
                "reference_value": stage.name,
                "probability": stage.probability,
                "forecast_category": {"name": category, "id": id(OTHER, 30)},
                "actual_value": stage.name,
                "id": id(OPTION, n),
                "forecast_type": kind,
            })
        })
        .collect()
}

/// The pipelines of a layout.
pub fn pipelines(state: &State, ask: &Ask) -> Result<Answer, Answer> {
    let Some(layout) = ask.param("layout_id") else {
        let details = json!({"param_name": "layout_id"});
        let message = "One of the expected parameter is missing";
        return Err(refuse(400, "REQUIRED_PARAM_MISSING", details, message));
    };
    if layout != id(OTHER, LAYOUT) {
        let details = json!({"param_name": "layout_id"});
        return Err(refuse(
            400,
            "INVALID_DATA",
            details,
            "the id given seems to be invalid",
        ));
    }
    let maps: Vec<Json> = state
        .stages
        .iter()
        .enumerate()
        .map(|(n, stage)| {
            let (kind, category) = forecast(stage);
            json!({
                "display_value": stage.name,
                "actual_value": stage.name,
                "sequence_number": n + 1,
                "forecast_category": {"name": category, "id": id(OTHER, 30)},
                "forecast_type": kind,
                "id": id(OPTION, n),
                "colour_code": "#658BA8",
            })
        })
        .collect();
    Ok(data(
        200,
        json!({"pipeline": [{
            "id": id(OTHER, PIPELINE),
            "display_value": "Standard",
            "actual_value": "Standard",
            "default": true,
            "maps": maps,
        }]}),
    ))
}

/// The saved views: they can be listed, not made.
pub fn views(state: &State) -> Answer {
    let views: Vec<Json> = [("All Deals", "ALLVIEWS"), ("My Deals", "MYVIEWS")]
        .iter()
        .enumerate()
        .map(|(n, (name, system))| {
            json!({
                "id": id(OTHER, 50 + n),
                "name": name,
                "display_value": name,
                "system_name": system,
                "system_defined": true,
                "default": n == 0,
                "category": "public_views",
                "access_type": "public",
                "favorite": null,
                "module": {"api_name": "Deals", "id": id(OTHER, 40)},
                "created_by": {"name": state.people[0].name(), "id": state.people[0].id},
                "modified_by": {"name": state.people[0].name(), "id": state.people[0].id},
            })
        })
        .collect();
    let info = json!({
        "per_page": 200,
        "count": views.len(),
        "page": 1,
        "more_records": false,
        "default": id(OTHER, 50),
        "translation": {
            "public_views": "Public Views",
            "other_users_views": "Other Users Views",
            "shared_with_me": "Shared With Me",
            "created_by_me": "Created By Me",
        },
    });
    data(200, json!({"custom_views": views, "info": info}))
}
