//! This CRM as a server, written from its documents and blind to the connector: its limits, errors
//! and odd formats included.

use axum::Router;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::crm::settings::Settings;
use crate::sandbox::Sandbox;
use crate::sandbox::weather::Strike;
use crate::sandbox::world::World;

/// The only key that is let in.
const TOKEN: &str = "sandbox-token";

/// The server and how to connect to it.
pub fn serve(world: World) -> Sandbox {
    Sandbox {
        router: Router::new().fallback(nothing_here).with_state(world),
        settings: |base| Settings {
            crm: "skeleton".to_owned(),
            sign_in: Some("token".to_owned()),
            base_url: Some(base.clone()),
            token: Some(TOKEN.to_owned().into()),
            allow_private: true,
            ..Settings::default()
        },
    }
}

/// The weather comes first, as in every route to be written here.
async fn nothing_here(State(world): State<World>) -> Response {
    match world.weather().strike() {
        Some(Strike::Throttled) => {
            let mut answer = StatusCode::TOO_MANY_REQUESTS.into_response();
            let wait = HeaderValue::from_static("2");
            answer.headers_mut().insert(RETRY_AFTER, wait);
            answer
        }
        Some(Strike::Outage(status)) => StatusCode::from_u16(status)
            .unwrap_or(StatusCode::BAD_GATEWAY)
            .into_response(),
        Some(Strike::Expired) => StatusCode::UNAUTHORIZED.into_response(),
        None => StatusCode::NOT_IMPLEMENTED.into_response(),
    }
}
