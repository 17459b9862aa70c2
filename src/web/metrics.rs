//! `/metrics`: what Prometheus reads. Counted anew from the database at every reading, so that
//! every replica tells the same, and nothing is lost at a restart. Labels are connection names,
//! CRM ids, states and codes: never a person, a deal, or words someone wrote.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Shared;
use super::error::Problem;
use super::health::{code_word, count_open_deals, standings};
use super::table::{For, Table};
use crate::domain::Time;
use crate::store::watch::Standing;
use crate::sync::report::RunState;

/// Adds the route.
pub fn routes(table: Table) -> Table {
    table.get(For::Machines, "/metrics", metrics)
}

type Labels = Vec<(&'static str, String)>;
type Gauges = Family<Labels, Gauge>;

async fn metrics(State(app): State<Shared>) -> Result<Response, Problem> {
    let mut known = standings(&app).await;
    match &mut known {
        Ok(known) => count_open_deals(&app.store, known).await,
        Err(error) => tracing::warn!(
            error = error as &dyn std::error::Error,
            "metrics without the database"
        ),
    }
    let writable = known.is_ok() && app.store.trouble().await.is_none();
    let text = told((known.ok().as_deref(), writable), app.env.now()).map_err(Problem::broken)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// The metrics as text; no standings where the database does not answer.
fn told(
    (standings, writable): (Option<&[Standing]>, bool),
    now: Time,
) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("latitude");
    let one = |registry: &mut Registry, name: &str, help: &str, value: i64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    one(
        &mut registry,
        "database_up",
        "Whether the database answers",
        i64::from(standings.is_some()),
    );
    one(
        &mut registry,
        "database_writable",
        "Whether the database takes writes, as far as this process noticed",
        i64::from(writable),
    );
    one(
        &mut registry,
        "resident_memory_bytes",
        "Memory this process holds",
        resident_bytes(),
    );
    let mut gauges = |name: &str, help: &str| {
        let family = Gauges::default();
        registry.register(name, help, family.clone());
        family
    };
    let build = gauges("build", "The version that runs");
    let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    build.get_or_create(&version).set(1);
    let state = gauges(
        "connection_state",
        "1 for the state a connection is in, 0 for the others",
    );
    let code = gauges(
        "connection_trouble",
        "1 for what stands in a connection's way, by code, where it has one",
    );
    type Read = fn(&Standing, Time) -> Option<i64>;
    let facts: [(&str, &str, Read); 9] = [
        ("open_deals", "Open deals", |it, _| it.deals),
        (
            "parked_deals",
            "Deals the CRM will not take until something changes",
            |it, _| Some(it.parked),
        ),
        (
            "waiting_writes",
            "Deals whose fields are yet to be written",
            |it, _| Some(it.waiting),
        ),
        (
            "oldest_wait_seconds",
            "How long the longest waiting of them waits",
            |it, now| {
                Some(
                    it.waiting_since
                        .map_or(0, |since| (now - since).num_seconds().max(0)),
                )
            },
        ),
        ("calls_today", "Calls spent of today's budget", |it, _| {
            Some(it.calls_today)
        }),
        ("calls_left", "Calls left of today's budget", |it, _| {
            it.calls_left
        }),
        (
            "clock_skew_seconds",
            "How far the CRM's clock is ahead of ours",
            |it, _| it.skew_seconds,
        ),
        (
            "last_run_timestamp_seconds",
            "When the last run ended",
            |it, _| it.worked_at.map(|at| at.timestamp()),
        ),
        (
            "overdue_seconds",
            "How long work has been due and was not taken up",
            |it, now| it.due_at.map(|at| (now - at).num_seconds().max(0)),
        ),
    ];
    let families: Vec<(Gauges, Read)> = facts
        .into_iter()
        .map(|(name, help, read)| (gauges(name, help), read))
        .collect();
    for it in standings.unwrap_or_default() {
        let of: Labels = vec![
            ("connection", it.connection.clone()),
            ("crm", it.crm.clone()),
        ];
        let with = |name: &'static str, value: String| {
            let mut labels = of.clone();
            labels.push((name, value));
            labels
        };
        for word in RunState::ALL.map(RunState::word) {
            let here = i64::from(it.state == word);
            state
                .get_or_create(&with("state", word.to_owned()))
                .set(here);
        }
        if let Some(found) = it.code.as_deref().and_then(code_word) {
            code.get_or_create(&with("code", found)).set(1);
        }
        for (family, read) in &families {
            if let Some(value) = read(it, now) {
                family.get_or_create(&of).set(value);
            }
        }
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// What the system says this process holds; 0 where it does not say.
fn resident_bytes() -> i64 {
    const PAGE: i64 = 4096;
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<i64>().ok());
    pages.unwrap_or(0) * PAGE
}
