//! The front door: leads everyone to the page that is theirs.

use axum::response::Redirect;

use super::session::Reader;
use super::table::{For, Table};

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::People, "/", home)
}

async fn home(_: Reader) -> Redirect {
    Redirect::to("/board")
}
