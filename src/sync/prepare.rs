//! What a connection needs before its deals can be read: who is signed in, where our fields stand,
//! stages and people. Looked at once a day, and again whenever set-up turns out to have changed.

use std::collections::HashSet;

use chrono::TimeDelta;

use super::spending;
use super::stages::{self, Placed};
use super::work::Work;
use super::{ASK, Stop};
use crate::crm::page::{Cursor, Next};
use crate::crm::setup::{Blueprint, FieldMap};
use crate::domain::Time;
use crate::http::fault::{Cause, Fault};
use crate::store::ledger::Entry;
use crate::store::schedule::CLOCKS_APART;

/// How long what was read stays good.
const DAY: TimeDelta = TimeDelta::hours(24);

/// Reads what is missing or old.
///
/// # Errors
/// [`Fault::Setup`] when our fields are missing, or the sign-in belongs to another organisation.
pub async fn prepare(work: &mut Work<'_>) -> Result<(), Stop> {
    let now = work.now();
    let id = work.id().clone();
    let mut tx = work.store.read().await?;
    let known = tx.connection(&id).await?;
    drop(tx);
    let Some(known) = known else {
        return Err(Stop::LeaseLost);
    };
    spending::take_up(&known, &work.session);
    // What was read at a time still to come was read by a clock that was ahead.
    let old = |at: Option<Time>| at.is_none_or(|at| now - at >= DAY || at - now > CLOCKS_APART);

    if old(known.fields_at) {
        look_at_setup(work, known.organisation.as_deref()).await?;
    } else if let Some(fields) = &known.fields {
        work.session.fields = FieldMap(
            serde_json::from_value(fields.0.clone())
                .map_err(|error| Fault::Setup(Cause::told("fields", error.to_string())))?,
        );
    }
    check_clock(work).await?;
    if old(known.stages_at) {
        let pipelines = work.crm.stages(&work.session).await?;
        let mut tx = work.begin().await?;
        let before = tx.stages(&id).await?;
        let strangers = stages::strangers(&before, &pipelines, &work.framework);
        let entries = strangers.iter().map(|it| notice(work, it));
        tx.note(&entries.collect::<Vec<Entry>>()).await?;
        tx.save_stages(&id, &pipelines, now).await?;
        work.commit(tx).await?;
    }
    if old(known.people_at) {
        let mut place = Cursor::default();
        let mut listed = HashSet::new();
        loop {
            let page = work.crm.people(&work.session, &place).await?;
            let ids = page.items.iter().map(|it| it.id.as_str().to_owned());
            listed.extend(ids);
            let mut tx = work.begin().await?;
            tx.save_people(&id, &page.items).await?;
            // With every page, so that nobody is without their team in between.
            tx.lead(&id, &work.session.settings.teams).await?;
            if matches!(page.next, Next::Done(_)) {
                tx.people_left(&id, &listed).await?;
                tx.hand_over_turns(&id).await?;
                tx.people_read(&id, now).await?;
            }
            work.commit(tx).await?;
            match page.next {
                Next::More(next) => place = next,
                Next::Done(_) => break,
            }
        }
    }
    let edition = work.framework.edition();
    if known.framework.as_deref() != Some(&edition) {
        let mut tx = work.begin().await?;
        tx.take_up_framework(&id, &edition, now).await?;
        tx.hasten(&id, ASK, now).await?;
        work.commit(tx).await?;
    }
    Ok(())
}

/// What the ledger says about a stage that is new in the CRM and unknown to the framework.
fn notice(work: &Work<'_>, new: &Placed) -> Entry {
    Entry {
        connection: work.id().as_str().to_owned(),
        at: work.now(),
        step: "stages".to_owned(),
        deal: None,
        attempt: work.lease.attempt,
        outcome: "new stage".to_owned(),
        code: Some("new_stage".to_owned()),
        message: Some(format!(
            "stage \"{}\" of pipeline \"{}\" is new in the CRM; its deals are asked the default \
             questions: {}",
            new.stage,
            new.pipeline,
            new.remedy()
        )),
        version: None,
        mark: None,
    }
}

/// Stops where our clock and the CRM's are too far apart; asks anew first, so that a clock that
/// was put right is believed, and where nothing was asked yet: what is read and written by a wrong
/// clock is in the wrong order for a long time.
pub async fn check_clock(work: &Work<'_>) -> Result<(), Stop> {
    let api = &work.session.api;
    let apart = || api.skew().filter(|skew| skew.abs() > CLOCKS_APART);
    if api.calls() > 0 && apart().is_none() {
        return Ok(());
    }
    work.crm.whoami(&work.session).await?;
    let Some(skew) = apart() else {
        return Ok(());
    };
    let side = if skew > TimeDelta::zero() {
        "behind"
    } else {
        "ahead of"
    };
    Err(Stop::Fault(Fault::Setup(Cause::told(
        "clock",
        format!(
            "this machine's clock is {} s {side} the CRM's; let a time service set it",
            skew.num_seconds().abs()
        ),
    ))))
}

/// Whether two names are of one organisation. Where an address is the name, an older one may be the
/// host alone, of which port and path are now part.
fn is_same(before: &str, now: &str) -> bool {
    let rest = now.strip_prefix(before);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
}

async fn look_at_setup(work: &mut Work<'_>, organisation: Option<&str>) -> Result<(), Stop> {
    let identity = work.crm.whoami(&work.session).await?;
    let other = |before: &&str| !is_same(before, &identity.organisation);
    if let Some(before) = organisation.filter(other) {
        return Err(Stop::Fault(Fault::Setup(Cause::told(
            "other_organisation",
            format!(
                "this sign-in belongs to organisation {}, the connection to {before}; connect it under another name",
                identity.organisation
            ),
        ))));
    }
    // Running needs the fields only; views are the admin's business.
    let wanted = Blueprint {
        prefix: work.session.settings.prefix().to_owned(),
        mapped: work.session.settings.fields.clone(),
        views: &[],
    };
    let found = work.crm.setup(&work.session, &wanted).await?;
    let gaps = found.gaps();
    if !gaps.is_empty() {
        return Err(Stop::Fault(Fault::Setup(Cause::told(
            "fields",
            format!("{}; run `latitude crm apply`", gaps.join("; ")),
        ))));
    }
    work.session.fields = found.field_map();
    let fields = serde_json::to_value(&work.session.fields)
        .unwrap_or_else(|error| unreachable!("a field map is plain data: {error}"));
    let (now, id) = (work.now(), work.id().clone());
    let pages = match identity.pages {
        Some(pages) => pages,
        None => work.session.api.base().await?,
    };
    let mut tx = work.begin().await?;
    let who = (identity.organisation.as_str(), identity.user.as_str());
    tx.save_setup(&id, who, pages.as_str(), &fields, now)
        .await?;
    work.commit(tx).await
}
