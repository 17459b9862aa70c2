//! Salesforce as a server, told from its documents and blind to the connector.
//!
//! One organisation with one app. Custom fields, permission sets and list views live in the
//! world's `fields` and `things`; sessions, locators and jobs in the [`org`].

mod answer;
mod bulk;
mod calendar;
mod composite;
mod days;
mod deals;
mod describe;
mod embed;
mod filter;
mod grant;
mod ids;
mod ingest;
mod lexer;
mod lists;
mod log;
mod oauth;
mod org;
mod plan;
mod query;
mod records;
mod render;
mod rest;
mod schema;
mod soql;
mod statement;
mod tables;
mod things;
mod tokens;
mod tooling;
mod within;

use axum::Router;
use axum::routing::{any, get, post};

use crate::crm::settings::Settings;
use crate::sandbox::Sandbox;
use crate::sandbox::world::World;
use org::Org;

/// The resources below `/services/data/{version}`; each also answers with a slash at its end.
const RESOURCES: &[&str] = &[
    "",
    "/limits",
    "/query",
    "/query/{locator}",
    "/queryAll",
    "/queryAll/{locator}",
    "/sobjects",
    "/sobjects/{object}",
    "/sobjects/{object}/describe",
    "/sobjects/{object}/deleted",
    "/sobjects/{object}/updated",
    "/sobjects/{object}/listviews",
    "/sobjects/{object}/{id}",
    "/composite",
    "/composite/sobjects",
    "/composite/sobjects/{object}",
    "/jobs/query",
    "/jobs/query/{job}",
    "/jobs/query/{job}/results",
    "/jobs/ingest",
    "/jobs/ingest/{id}",
    "/jobs/ingest/{id}/{part}",
    "/tooling/query",
    "/tooling/composite",
    "/tooling/sobjects/{object}",
    "/tooling/sobjects/{object}/{id}",
    "/ui-api/list-info/{object}",
    "/ui-api/list-info/{object}/{view}",
];

/// The sandbox of a world.
pub fn sandbox(world: World) -> Sandbox {
    world
        .state()
        .name_all(|n| ids::id(ids::USER, n), |n| ids::id(ids::OPPORTUNITY, n));
    let org = Org::new(world);
    let mut router = Router::new()
        .route("/services/oauth2/authorize", get(oauth::authorize))
        .route("/services/oauth2/token", post(oauth::exchange))
        .route(
            "/services/oauth2/revoke",
            post(tokens::revoke).get(tokens::revoke),
        )
        .route("/services/oauth2/introspect", post(tokens::introspect))
        .route(
            "/services/oauth2/userinfo",
            get(tokens::userinfo).post(tokens::userinfo),
        )
        .route("/id/{organization}/{user}", get(tokens::identity))
        .route("/__sandbox/org", get(embed::rules).post(embed::set_rules))
        .route("/__sandbox/embed", get(embed::signed_request))
        .route("/services/data", get(rest::versions))
        .route("/services/data/", get(rest::versions));
    for resource in RESOURCES {
        let path = format!("/services/data/{{version}}{resource}");
        router = router
            .route(&path, any(rest::call))
            .route(&format!("{path}/"), any(rest::call));
    }
    Sandbox {
        router: router
            .fallback(rest::no_such_page)
            .layer(axum::middleware::from_fn_with_state(
                org.clone(),
                rest::dated,
            ))
            .with_state(org),
        settings,
    }
}

fn settings(base: &url::Url) -> Settings {
    Settings {
        crm: "salesforce".to_owned(),
        base_url: Some(base.clone()),
        token_url: base.join("/services/oauth2/token").ok(),
        client_id: Some(oauth::CLIENT_ID.to_owned()),
        client_secret: Some(oauth::CLIENT_SECRET.into()),
        allow_private: true,
        ..Settings::default()
    }
}
