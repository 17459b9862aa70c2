//! The board as a table for a spreadsheet, under the same rules and filters.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Query as UrlQuery;

use super::board::{chosen, stage_name};
use super::error::Problem;
use super::promise;
use super::query::Query;
use super::session::{Me, Reader};
use super::table::{For, Table};
use super::{App, Shared, words};
use crate::store::board::{After, BoardRow, Filter};
use crate::store::people::StageRow;
use crate::store::tx::Tx;

/// Deals read at a time.
const CHUNK: usize = 1000;
/// Deals in one table; of more, none is made.
const MOST: usize = 20_000;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table.get(For::People, "/board.csv", export)
}

/// A text that no spreadsheet takes for a formula.
pub fn harmless(text: &str) -> String {
    let first = text
        .trim_start_matches([' ', '\u{a0}', '\u{feff}'])
        .chars()
        .next();
    let formula = matches!(
        first,
        Some(
            '=' | '+'
                | '-'
                | '@'
                | '\t'
                | '\r'
                | '\n'
                | '\0'
                | '＝'
                | '＋'
                | '－'
                | '＠'
                | '|'
                | '%'
        )
    );
    let text = match formula {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    // Some spreadsheets begin a new cell there, whatever the file says.
    let mut harmless = String::with_capacity(text.len());
    let mut after_separator = false;
    for sign in text.chars() {
        if after_separator && matches!(sign, '=' | '+' | '-' | '@') {
            harmless.push('\'');
        }
        after_separator = matches!(sign, ';' | '\t' | '|');
        harmless.push(sign);
    }
    harmless
}

async fn export(
    State(app): State<Shared>,
    reader: Reader,
    UrlQuery(asked): UrlQuery<Query>,
) -> Result<Response, Problem> {
    let me = chosen(&reader, &asked.connection)?;
    let mut tx = app.store.read().await?;
    if !promise::is_made(&mut tx, me).await? {
        return Ok(Redirect::to(&promise::path(&me.connection)).into_response());
    }
    let stages = tx.stages(&me.connection).await?;
    let (asked, misread) = asked.understood(&stages);
    // A table that holds more than was asked for would be taken for what was asked for.
    if !misread.is_empty() {
        return Err(Problem::Unfit(misread.join(" ")));
    }
    let filter = asked.filter(me, &stages);
    table_of(&app, &mut tx, me, (&stages, &filter)).await
}

/// A table that ends early would be taken for the whole.
fn too_many() -> Problem {
    Problem::Unfit(
        "One table holds 20,000 deals, and these are more. Ask for fewer, such as those of one stage \
         or those that close in one quarter, and make a table of each."
            .to_owned(),
    )
}

/// The deals that a filter lets through, as a table.
///
/// # Errors
/// [`Problem::Unfit`] where these are more than one table holds; the database's.
pub async fn table_of(
    app: &App,
    tx: &mut Tx,
    me: &Me,
    (stages, filter): (&[StageRow], &Filter),
) -> Result<Response, Problem> {
    let mut rows: Vec<BoardRow> = Vec::new();
    let mut place: Option<After> = None;
    loop {
        let some = tx
            .board(&me.connection, filter, place.as_ref(), CHUNK)
            .await?;
        let last = some.len() < CHUNK;
        place = some.last().map(|row| After {
            close_on: row.close_on,
            id: row.id.clone(),
        });
        rows.extend(some);
        if rows.len() > MOST {
            return Err(too_many());
        }
        if last {
            break;
        }
    }
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let head = [
        "Deal",
        "Account",
        "Stage",
        "Seller",
        "Amount",
        "Currency",
        "Closes",
        "Grade",
        "Score",
        "Weakest part",
        "State",
        "Link",
    ];
    table.write_record(head).map_err(Problem::broken)?;
    let names: HashMap<&str, &str> = me.in_reach().collect();
    for row in &rows {
        let seller = row.seller.as_deref().unwrap_or_default();
        let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
        let path = words::deal_path(me.connection.as_str(), &row.id);
        table
            .write_record([
                harmless(&row.name),
                text(&row.account),
                harmless(stage_name(stages, &row.stage)),
                harmless(names.get(seller).copied().unwrap_or(seller)),
                row.amount.map(|it| it.to_string()).unwrap_or_default(),
                text(&row.currency),
                row.close_on.map(|it| it.to_string()).unwrap_or_default(),
                harmless(row.grade.as_deref().unwrap_or("No strategy yet")),
                row.score.map(|it| it.to_string()).unwrap_or_default(),
                text(&row.weakest),
                text(&row.state),
                format!("{}{path}", app.settings.public_url),
            ])
            .map_err(Problem::broken)?;
    }
    let body = table
        .into_inner()
        .map_err(|error| Problem::broken(std::io::Error::other(error.to_string())))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"latitude-board.csv\"",
        ),
    ];
    Ok((headers, body).into_response())
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_text_never_becomes_a_formula() {
        for bad in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\r=1",
            "\n=1",
            "\0=1",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "  =1",
            "\u{feff}=1",
            "|cmd",
            "%0A=1",
        ] {
            assert_eq!(harmless(bad), format!("'{bad}"));
        }
        // A spreadsheet that begins a cell at a semicolon does not find one there either.
        assert_eq!(harmless("Harbour;=cmd|-calc"), "Harbour;'=cmd|'-calc");
        assert_eq!(harmless("\t=1"), "'\t'=1");
        for fine in [
            "Plant A; 3 of them",
            "Harbour & Vale",
            "a=b",
            "",
            "3 pilots",
            "\"quoted\", with comma",
        ] {
            assert_eq!(harmless(fine), fine);
        }
    }
}
