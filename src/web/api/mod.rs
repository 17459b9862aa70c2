//! The JSON API, under `/api/v1`: what pages show, to tools that bring a token, under the same
//! rules. It reads and never writes; what only its writer sees (drafts, confidence, private notes)
//! is not in it, and nothing ranks people.

pub mod caller;
mod cards;
mod deal;
mod deals;
mod page;
mod people;
pub mod problem;
mod shapes;

use axum::Json;
use axum::http::HeaderMap;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::table::{For, Table};

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::Anyone, "/api", page::page)
        .get(For::Anyone, "/api/v1/openapi.json", described)
        .get(For::Tools, "/api/v1/me", people::me)
        .get(For::Tools, "/api/v1/deals", deals::list)
        .get(For::Tools, "/api/v1/deals.csv", deals::table)
        .get(For::Tools, "/api/v1/deals/{deal}", deal::one)
        .get(For::Tools, "/api/v1/board", deals::board)
        .get(For::Tools, "/api/v1/conversations", people::conversations)
        .get(For::Tools, "/api/v1/picture", deals::picture)
        .get(For::Tools, "/api/v1/obstacles", cards::mine)
        .get(For::Tools, "/api/v1/obstacles/{id}", cards::one)
        .get(For::Tools, "/api/v1/answers", cards::answers)
        .get(For::Tools, "/api/v1/queue", cards::queue)
        .get(For::Tools, "/api/v1/library", cards::library)
        .get(For::Tools, "/api/v1/week/{monday}", people::week)
        .get(For::Tools, "/api/v1/promise", people::promise)
        .get(For::Tools, "/api/v1/pyramid", people::pyramid)
}

/// The API's document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Latitude",
        version = "1",
        description = "What Latitude's pages show, for other tools, under the same rules: a token \
                       stands for one person and sees what that person sees. Problems are RFC 9457."
    ),
    paths(
        people::me,
        deals::list,
        deals::table,
        deal::one,
        deals::board,
        people::conversations,
        deals::picture,
        cards::mine,
        cards::one,
        cards::answers,
        cards::queue,
        cards::library,
        people::week,
        people::promise,
        people::pyramid,
    ),
    components(schemas(problem::Detail)),
    modifiers(&Token),
    security(("token" = []))
)]
struct Document;

struct Token;

impl utoipa::Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "Made on the page `/tokens`, or with `latitude token make`.",
            ))
            .build();
        document
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The API's document, as it is served.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

async fn described(_: HeaderMap) -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
