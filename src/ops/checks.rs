//! What `latitude doctor` looks at in one connection.

use url::Url;

use super::config::Config;
use super::doctor::Check;
use super::provision::{Way, plan, sentence};
use crate::crm::Crm;
use crate::crm::profile::OWN_PAGES;
use crate::crm::session::Session;
use crate::domain::ids::ConnectionId;
use crate::http::fault::Fault;
use crate::store;
use crate::sync::report::RunState;
use crate::sync::worker::Engine;

/// A clock further off than this is worth a remark; [`crate::sync::prepare`] stops at five minutes.
const CLOCK_SECONDS: i64 = 60;

/// Looks at one connection: sign-in, clock, fields and views, budget, frames, what the worker said.
pub async fn connection(
    config: &Config,
    engine: &Engine,
    id: &ConnectionId,
    crm: &'static dyn Crm,
) -> Vec<Check> {
    let name = |what: &str| format!("{id}: {what}");
    let mut checks = vec![frames(config, id, crm)];
    match worked(engine, id).await {
        Ok(found) => checks.extend(found),
        Err(error) => checks.push(Check::bad(
            name("ledger"),
            error.to_string(),
            "look at the database",
        )),
    }
    let session = match engine.session(id).await {
        Ok(session) => session,
        Err(fault) => {
            checks.push(refused(name("settings"), &fault));
            return checks;
        }
    };
    match crm.whoami(&session).await {
        Ok(who) => checks.push(Check::good(
            name("sign-in"),
            format!("as user {} in organisation {}", who.user, who.organisation),
        )),
        Err(fault) => {
            checks.push(refused(name("sign-in"), &fault));
            return checks;
        }
    }
    checks.push(clock(name("clock"), &session));
    match crm.stages(&session).await {
        Ok(_) => checks.push(Check::good(name("rights to read"), "stages can be read")),
        Err(fault) => checks.push(refused(name("rights to read"), &fault)),
    }
    checks.extend(set_up(id, crm, &session).await);
    checks.push(match session.api.budget().left() {
        Some(0) => Check::bad(
            name("budget"),
            "today's share is spent",
            "wait until it starts over, or raise quota_percent",
        ),
        Some(left) => Check::good(name("budget"), format!("{left} calls left today")),
        None => Check::good(name("budget"), "no daily limit known"),
    });
    checks
}

async fn set_up(id: &ConnectionId, crm: &dyn Crm, session: &Session) -> Vec<Check> {
    let name = |what: &str| format!("{id}: {what}");
    let plan = match plan(crm, session, Way::Apply).await {
        Ok(plan) => plan,
        Err(fault) => return vec![refused(name("fields and views"), &fault)],
    };
    let mut checks = Vec::new();
    let mut missing = plan.found.gaps();
    missing.extend(plan.steps.iter().map(sentence));
    checks.push(if missing.is_empty() {
        Check::good(name("fields and views"), "as they should be")
    } else {
        Check::bad(
            name("fields and views"),
            missing.join("; "),
            &format!("run `latitude crm apply --connection {id}`"),
        )
    });
    if !plan.by_hand.is_empty() {
        let left: Vec<String> = plan
            .by_hand
            .iter()
            .map(|(step, _)| sentence(step))
            .collect();
        checks.push(Check::note(
            name("by hand"),
            left.join("; "),
            &format!("`latitude crm plan --connection {id}` says what to click"),
        ));
    }
    checks
}

/// What the worker said last, which may be worse than what doctor sees now.
async fn worked(engine: &Engine, id: &ConnectionId) -> store::Result<Vec<Check>> {
    let standings = engine.store.read().await?.standings().await?;
    let found = standings
        .into_iter()
        .find(|it| it.connection == id.as_str());
    let Some(it) = found.filter(|it| it.worked_at.is_some() || it.code.is_some()) else {
        return Ok(vec![Check::good(
            format!("{id}: last run"),
            "it was never worked yet",
        )]);
    };
    let mut checks = Vec::new();
    let told = it.message.as_deref().filter(|text| !text.is_empty());
    let told = told.map_or(it.state.clone(), |text| format!("{}: {text}", it.state));
    let good = [RunState::Ok, RunState::Partly]
        .iter()
        .any(|state| state.word() == it.state);
    checks.push(if good {
        Check::good(format!("{id}: last run"), told)
    } else {
        Check::note(
            format!("{id}: last run"),
            told,
            "see the other checks; once they are good, the next run is too (`latitude retry` hastens it)",
        )
    });
    if it.parked > 0 {
        checks.push(Check::bad(
            format!("{id}: parked deals"),
            format!("{} deals were refused by the CRM", it.parked),
            &format!("`latitude ledger --connection {id}` says why; then `latitude retry`"),
        ));
    }
    Ok(checks)
}

fn clock(check: String, session: &Session) -> Check {
    let Some(skew) = session.api.skew() else {
        return Check::note(check, "the CRM does not tell its time", "");
    };
    let seconds = skew.num_seconds();
    let side = if seconds > 0 { "behind" } else { "ahead of" };
    let told = format!("{} s {side} the CRM's", seconds.abs());
    if seconds.abs() > CLOCK_SECONDS {
        Check::bad(
            check,
            told,
            "let a time service (NTP) set this machine's clock",
        )
    } else {
        Check::good(check, told)
    }
}

/// Who may show the panel in a frame.
fn frames(config: &Config, id: &ConnectionId, crm: &dyn Crm) -> Check {
    let check = format!("{id}: frames");
    let own = config.web.frame_ancestors.get(id.as_str());
    let wrong: Vec<&str> = own
        .into_iter()
        .flatten()
        .map(String::as_str)
        .filter(|origin| !is_origin(origin))
        .collect();
    if !wrong.is_empty() {
        return Check::bad(
            check,
            format!("web.frame_ancestors.{id} has {}", wrong.join(", ")),
            "write origins such as https://acme.example, without a path and never *",
        );
    }
    let usual = crm.profile().frame_ancestors.join(", ");
    let usual = usual.replace(OWN_PAGES, "the CRM's own address");
    let told = own.map_or(usual, |own| own.join(", "));
    if told.is_empty() {
        Check::good(check, "no page may show the panel in a frame")
    } else {
        Check::good(check, format!("only {told} may show the panel"))
    }
}

fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let plain = url.path() == "/" && url.query().is_none() && url.username().is_empty();
        plain && url.scheme() == "https" && url.has_host() && !text.contains('*')
    })
}

fn refused(check: String, fault: &Fault) -> Check {
    let remedy = match fault {
        Fault::Reconnect(_) | Fault::Expired(_) => "sign in again: `latitude connect`",
        Fault::Setup(_) => "correct the connection's settings or rights in the CRM",
        Fault::Later { .. } | Fault::Spent { .. } => "wait and look again",
        Fault::Gone(_) | Fault::Lost(_) | Fault::Unknown(_) => {
            "look at the ledger; tell us if it stays"
        }
    };
    Check::bad(check, format!("{fault}: {}", fault.cause()), remedy)
}
