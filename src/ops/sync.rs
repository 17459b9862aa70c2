//! `latitude sync --once`: one full reconcile of what is due, and how it went.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::cli::WithConfig;
use super::say::say;
use super::table::table;
use crate::env::Env;
use crate::sync::report::{Report, RunState};
use crate::sync::{PULL, WRITE_BACK};

/// Bring every connection up to date once, and say how it went.
#[derive(Debug, Args)]
pub struct Once {
    #[command(flatten)]
    at: WithConfig,
    /// Stop when nothing is due any more
    #[arg(long)]
    once: bool,
    /// Only this connection
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Once {
    /// Runs it; exit code 0 only where the state is `ok`.
    ///
    /// # Errors
    /// What the configuration or the database refuses.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        if !self.once {
            bail!("sync without --once would never end; add --once, or use `latitude worker`");
        }
        let config = self.at.read()?;
        config.framework()?;
        if config.connections.is_empty() {
            bail!("the configuration has no connection; add a table [connections.NAME]");
        }
        let engine = config.engine(&env, self.connection.as_deref()).await?;
        let now = env.now();
        let mut tx = engine.store.write().await?;
        for (id, _) in engine.connections() {
            tx.hasten_anyway(id, PULL, now).await?;
            tx.hasten_anyway(id, WRITE_BACK, now).await?;
        }
        tx.commit().await?;
        let reports = engine.run_until_quiet(self.connection.as_deref()).await?;
        if self.json {
            say!("{}", summary(&reports));
        } else {
            print_table(&reports);
        }
        let ok = !reports.is_empty() && state(&reports) == RunState::Ok;
        Ok(if ok {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// The worst state of all.
pub fn state(reports: &[Report]) -> RunState {
    reports
        .iter()
        .map(|report| report.state)
        .max()
        .unwrap_or(RunState::Failed)
}

fn summary(reports: &[Report]) -> serde_json::Value {
    let sum = |count: fn(&Report) -> u64| reports.iter().map(count).sum::<u64>();
    let rejected: Vec<serde_json::Value> = reports
        .iter()
        .flat_map(|report| {
            report.rejected.iter().map(|one| {
                json!({"connection": report.connection, "deal": one.deal, "reason": one.reason})
            })
        })
        .collect();
    let causes: Vec<&String> = reports
        .iter()
        .filter_map(|report| report.cause.as_ref())
        .collect();
    json!({
        "state": state(reports),
        "pulled": sum(|it| it.tally.pulled),
        "asked": sum(|it| it.tally.asked),
        "assessed": sum(|it| it.tally.assessed),
        "written": sum(|it| it.tally.written),
        "calls": sum(|it| it.calls),
        "rejected": rejected,
        "rejected_in_all": sum(|it| it.rejected_in_all),
        "causes": causes,
        "connections": reports,
    })
}

/// What is counted of a run, and its name.
pub type Count = (&'static str, fn(&Report) -> u64);

/// Prints a table with a line a connection, called `first` there: its state and what was counted.
pub fn print_counts(first: &str, counts: &[Count], reports: &[Report]) {
    let head: Vec<&str> = [first, "state"]
        .into_iter()
        .chain(counts.iter().map(|(name, _)| *name))
        .collect();
    let row = |report: &Report| {
        let words = [report.connection.clone(), report.state.word().to_owned()];
        let counted = counts.iter().map(|(_, count)| count(report).to_string());
        words.into_iter().chain(counted).collect()
    };
    let rows: Vec<Vec<String>> = reports.iter().map(row).collect();
    say!("{}", table(&head, &rows));
}

/// Says how many more were refused than were listed.
fn more_refused(report: &Report) {
    let listed = report.rejected.len() as u64;
    if report.rejected_in_all > listed {
        let more = report.rejected_in_all - listed;
        say!("{}: … and {more} more deals refused", report.connection);
    }
}

fn print_table(reports: &[Report]) {
    const COUNTS: [Count; 6] = [
        ("pulled", |it| it.tally.pulled),
        ("asked", |it| it.tally.asked),
        ("assessed", |it| it.tally.assessed),
        ("written", |it| it.tally.written),
        ("calls", |it| it.calls),
        ("rejected", |it| it.rejected_in_all),
    ];
    print_counts("connection", &COUNTS, reports);
    for report in reports {
        if let Some(cause) = &report.cause {
            say!("{}: {cause}", report.connection);
        }
        for one in &report.rejected {
            say!(
                "{}: deal {} refused: {}",
                report.connection,
                one.deal,
                one.reason
            );
        }
        more_refused(report);
    }
    if state(reports) != RunState::Ok {
        say!("`latitude doctor` says what is behind it and what to do.");
    }
}
