//! Dataverse as a server: the Web API of an organisation with Dynamics 365 Sales, and the Entra
//! endpoints that sign in to it, written from Microsoft's documentation.

mod batch;
mod changes;
mod columns;
mod edmx;
mod embed;
mod entra;
mod filter;
mod links;
mod metadata;
mod opportunities;
mod query;
mod sign_in;
mod tables;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, Method, Response, StatusCode};
use axum::routing::{any, get, post};
use serde_json::{Value as Json, json};

use crate::crm::settings::Settings;
use crate::domain::deal::Standing;
use crate::sandbox::Sandbox;
use crate::sandbox::weather::Strike;
use crate::sandbox::world::{State, World};

/// An organisation that is being served.
pub struct Org {
    world: World,
    sign_in: sign_in::SignIn,
}

/// One request, alone or out of a batch.
pub struct Ask {
    method: Method,
    /// Below `/api/data/v9.2/`, decoded.
    path: String,
    /// As it came.
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
    /// `http://host/api/data/v9.2`.
    root: String,
}

impl Ask {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    fn prefers(&self, word: &str) -> bool {
        self.preference(word).is_some()
    }

    /// The value of a preference, empty where it has none.
    fn preference(&self, word: &str) -> Option<String> {
        self.header("prefer").split(',').find_map(|one| {
            let one = one.trim();
            let (name, value) = one.split_once('=').unwrap_or((one, ""));
            (name.trim() == word).then(|| value.trim_matches('"').to_owned())
        })
    }

    fn json(&self) -> Result<serde_json::Map<String, Json>, Answer> {
        match serde_json::from_slice(&self.body) {
            Ok(Json::Object(members)) => Ok(members),
            _ => Err(refuse(
                400,
                "0x80048d19",
                "Error identified in Payload provided by the user for Entity :'opportunities'. \
                 The payload is not a JSON object.",
            )),
        }
    }
}

/// One answer, alone or in a batch.
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn data(body: &Json) -> Answer {
    Answer {
        status: 200,
        headers: vec![(
            "content-type",
            "application/json; odata.metadata=minimal".to_owned(),
        )],
        body: body.to_string(),
    }
}

fn done() -> Answer {
    Answer {
        status: 204,
        headers: Vec::new(),
        body: String::new(),
    }
}

/// 204 with the address of the row.
fn at(ask: &Ask, set: &str, id: &str) -> Answer {
    let mut answer = done();
    let address = format!("{}/{set}({id})", ask.root);
    answer.headers.push(("odata-entityid", address));
    answer
}

fn refuse(status: u16, code: &str, message: &str) -> Answer {
    Answer {
        status,
        ..data(&json!({"error": {"code": code, "message": message}}))
    }
}

fn no_segment(segment: &str) -> Answer {
    let message = format!("Resource not found for the segment '{segment}'.");
    refuse(404, "0x80060888", &message)
}

/// The organisation, its people and deals named.
pub fn sandbox(world: World) -> Sandbox {
    let people = 0x2f10_0000 ^ (world.state().seed() as u32);
    let deals = 0x6d81_0000 ^ (world.state().seed() as u32);
    world
        .state()
        .name_all(|n| tables::guid(people, n), |n| tables::guid(deals, n));
    let org = Arc::new(Org {
        world,
        sign_in: sign_in::SignIn::default(),
    });
    let router = Router::new()
        .route("/api/data/{version}/", any(home))
        .route("/api/data/{version}/{set}", any(first))
        .route("/api/data/{version}/{set}/{*rest}", any(deeper))
        .route("/{tenant}/oauth2/v2.0/token", post(sign_in::token))
        .route("/{tenant}/oauth2/v2.0/authorize", get(sign_in::authorize))
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(sign_in::discovery),
        )
        .route("/{tenant}/discovery/v2.0/keys", get(entra::keys))
        .route("/__sandbox/embed", get(embed::form))
        .with_state(org);
    Sandbox {
        router,
        settings: sign_in::settings as fn(&url::Url) -> Settings,
    }
}

async fn home(
    org: Shared<Arc<Org>>,
    Path(version): Path<String>,
    query: RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    serve(&org, &version, String::new(), query, method, headers, &body)
}

async fn first(
    org: Shared<Arc<Org>>,
    Path((version, set)): Path<(String, String)>,
    query: RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    serve(&org, &version, set, query, method, headers, &body)
}

async fn deeper(
    org: Shared<Arc<Org>>,
    Path((version, set, rest)): Path<(String, String, String)>,
    query: RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let path = format!("{set}/{rest}");
    serve(&org, &version, path, query, method, headers, &body)
}

fn serve(
    org: &Org,
    version: &str,
    path: String,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: &[u8],
) -> Response<Body> {
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    let ask = Ask {
        root: format!("http://{}/api/data/{version}", host.unwrap_or("localhost")),
        method,
        path,
        query: query.unwrap_or_default(),
        headers,
        body: body.to_vec(),
    };
    let answer = if !version.starts_with("v9.") {
        no_segment(version)
    } else if let Some(struck) = struck(org, &ask) {
        struck
    } else if !org
        .sign_in
        .knows(ask.header("authorization"), org.world.now())
    {
        unauthorized()
    } else if ask.path == "$batch" {
        batch::answer(org, &ask)
    } else {
        answer(org, &ask)
    };
    respond(answer)
}

fn struck(org: &Org, ask: &Ask) -> Option<Answer> {
    match org.world.weather().strike()? {
        Strike::Throttled => {
            let mut answer = refuse(
                429,
                "0x80072322",
                "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
            );
            answer.headers.push(("retry-after", "1".to_owned()));
            Some(answer)
        }
        Strike::Outage(502) => Some(Answer {
            status: 502,
            headers: vec![("content-type", "text/html".to_owned())],
            body:
                "<html><body><h1>502 - Web server received an invalid response</h1></body></html>"
                    .to_owned(),
        }),
        Strike::Outage(status) => Some(refuse(
            status,
            "0x80040216",
            "An unexpected error occurred.",
        )),
        // A token that has just been given is not taken away: no server does that.
        Strike::Expired => org
            .sign_in
            .forgets(ask.header("authorization"))
            .then(unauthorized),
    }
}

fn unauthorized() -> Answer {
    Answer {
        status: 401,
        headers: vec![(
            "www-authenticate",
            "Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize, \
             error=invalid_token"
                .to_owned(),
        )],
        body: String::new(),
    }
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::builder()
        .status(answer.status)
        .header("odata-version", "4.0")
        .header("x-ms-ratelimit-burst-remaining-xrm-requests", "5999")
        .header("x-ms-ratelimit-time-remaining-xrm-requests", "1200.00");
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap_or_else(|_| {
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

/// Carries out one request of a signed-in application.
fn answer(org: &Org, ask: &Ask) -> Answer {
    let (head, rest) = ask.path.split_once('/').unwrap_or((&ask.path, ""));
    let (set, key) = match head.split_once('(') {
        Some((set, key)) => (set, Some(key.trim_end_matches(')'))),
        None => (head, None),
    };
    let mut state = org.world.state();
    let answered = match (set, key, rest) {
        ("WhoAmI", None | Some(""), "") => Ok(who_am_i(&state, ask)),
        ("", None, "") => Ok(edmx::service(ask)),
        ("$metadata", None, "") => Ok(edmx::metadata(&state)),
        ("WinOpportunity", None, "") => opportunities::close(org, &mut state, ask, Standing::Won),
        ("LoseOpportunity", None, "") => opportunities::close(org, &mut state, ask, Standing::Lost),
        ("EntityDefinitions", _, _) => metadata::answer(org, &mut state, ask, key, rest),
        ("InsertOptionValue", None, "") => metadata::insert_option(&mut state, ask),
        ("PublishXml" | "PublishAllXml", None, "") => publish(ask),
        ("opportunities", ..) => opportunities::answer(org, &mut state, ask, key, rest),
        (_, _, "") => tables::answer(org, &mut state, ask, set, key),
        _ => Err(no_segment(rest)),
    };
    answered.unwrap_or_else(|refusal| refusal)
}

fn who_am_i(state: &State, ask: &Ask) -> Answer {
    data(&json!({
        "@odata.context": format!("{}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", ask.root),
        "BusinessUnitId": tables::guid(0x1100_0000, 1),
        "UserId": state.people[0].id,
        "OrganizationId": tables::guid(0x0c00_0000, state.seed() as usize),
    }))
}

fn publish(ask: &Ask) -> Result<Answer, Answer> {
    if ask.method != Method::POST {
        return Err(refuse(
            405,
            "0x80060888",
            "The HTTP method is not supported.",
        ));
    }
    let body = ask.json()?;
    match body.get("ParameterXml").and_then(Json::as_str) {
        Some(xml) if xml.starts_with("<importexportxml>") => Ok(done()),
        _ => Err(refuse(
            400,
            "0x80040203",
            "ParameterXml is missing or malformed.",
        )),
    }
}
