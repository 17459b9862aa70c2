//! What is measured of Latitude: its own moves, one after the other, on its own store.

use anyhow::Context;
use latitude::domain::ids::ConnectionId;
use latitude::sync::worker::Engine;
use latitude::sync::{Stop, ask, assess, prepare, pull, write_back};

use super::measure::{Taken, Watch};
use super::setting::{CONNECTION, Setting, work};

/// Repeats a move until it says that this was all for now.
macro_rules! until_done {
    ($move:expr, $work:expr) => {
        while !$move($work).await.map_err(stopped)? {}
    };
}

/// Runs one case.
pub async fn run(name: &str, setting: &Setting) -> anyhow::Result<Taken> {
    let engine = setting.engine().await?;
    if name == "loop" {
        return whole(&engine).await;
    }
    if name == "again" {
        let mut tx = engine.store.write().await?;
        tx.move_cursor(&ConnectionId::from(CONNECTION), "").await?;
        tx.commit().await?;
    }
    let mut work = work(&engine).await?;
    prepare::prepare(&mut work).await.map_err(stopped)?;
    // Signing in is no part of it.
    work.crm
        .whoami(&work.session)
        .await
        .map_err(|it| anyhow::anyhow!("{it}"))?;
    let before = work.tally.clone();
    let watch = Watch::start()?;
    match name {
        "pull" | "again" | "more" => until_done!(pull::pull, &mut work),
        "nightly" => until_done!(pull::reconcile, &mut work),
        "assess" => until_done!(assess::assess, &mut work),
        "ask" => until_done!(ask::ask, &mut work),
        "write" => until_done!(write_back::write_back, &mut work),
        other => anyhow::bail!("there is no case {other}"),
    }
    let tally = &work.tally;
    let rows = match name {
        "assess" => tally.assessed,
        "ask" => tally.asked,
        "write" => tally.written,
        _ => tally.pulled - before.pulled,
    };
    watch.stop(rows)
}

/// Everything, from an empty database to fields that hold what they should.
async fn whole(engine: &Engine) -> anyhow::Result<Taken> {
    let watch = Watch::start()?;
    let reports = engine.run_until_quiet(Some(CONNECTION)).await?;
    let report = reports.first().context("a report")?;
    let mut taken = watch.stop(report.tally.written)?;
    taken.note = format!(
        "{}; {} pulled, {} assessed, {} asked, {} written, {} calls{}",
        report.state.word(),
        report.tally.pulled,
        report.tally.assessed,
        report.tally.asked,
        report.tally.written,
        report.calls,
        report
            .cause
            .as_ref()
            .map(|it| format!("; {it}"))
            .unwrap_or_default(),
    );
    Ok(taken)
}

fn stopped(stop: Stop) -> anyhow::Error {
    match stop {
        Stop::Fault(fault) => anyhow::anyhow!("{fault}: {}", fault.cause()),
        other => other.into(),
    }
}
