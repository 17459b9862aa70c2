//! What `latitude doctor` looks at in one connection.

use std::collections::BTreeMap;

use secrecy::SecretString;
use url::Url;

use super::check_teams;
use super::config::Config;
use super::doctor::Check;
use super::provision::{Way, plan, sentence};
use crate::crm::Crm;
use crate::crm::profile::OWN_PAGES;
use crate::crm::push::{Push, Rejected};
use crate::crm::session::Session;
use crate::domain::ids::ConnectionId;
use crate::http::fault::Fault;
use crate::http::knock;
use crate::http::scopes::lacking;
use crate::store;
use crate::sync::connect::{Visit, only_for_set_up, why};
use crate::sync::outage::REFUSED;
use crate::sync::report::RunState;
use crate::sync::stages::{Asked, Placed, placed_now};
use crate::sync::worker::Engine;
use crate::web::push::UNBELIEVED;

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
    checks.extend(check_teams::teams(config, engine, id).await);
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
    checks.extend(scopes(engine, id).await);
    match crm.stages(&session).await {
        Ok(pipelines) => {
            checks.push(Check::good(name("rights to read"), "stages can be read"));
            checks.push(stages(
                name("stage map"),
                &placed_now(&engine.framework, &pipelines),
            ));
        }
        Err(fault) => checks.push(refused(name("rights to read"), &fault)),
    }
    checks.extend(set_up(id, crm, &session).await);
    checks.extend(pushes(config, id, crm).await);
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

/// What the sign-in was granted, where a person agreed to scopes and the CRM tells them.
async fn scopes(engine: &Engine, id: &ConnectionId) -> Option<Check> {
    let check = format!("{id}: scopes");
    let visit = Visit::of(engine, id).await.ok()?;
    if visit.scopes().is_empty() {
        return None;
    }
    let means = engine.means(id);
    let granted = match means.vault.load().await {
        Ok(tokens) => tokens.and_then(|it| it.granted),
        Err(fault) => return Some(refused(check, &fault)),
    };
    let Some(granted) = granted else {
        return Some(Check::good(check, "the CRM does not tell which it granted"));
    };
    let missing = lacking(&visit.scopes(), &granted);
    let told: Vec<String> = missing
        .iter()
        .map(|scope| format!("{scope} ({})", why(scope)))
        .collect();
    let told = format!("not granted: {}", told.join(", "));
    let remedy = format!(
        "tick them in the app's settings in the CRM, then agree to them: `latitude connect \
         --connection {id}`"
    );
    Some(if missing.is_empty() {
        Check::good(check, format!("granted: {}", granted.join(" ")))
    } else if missing.iter().all(|it| only_for_set_up(it)) {
        Check::note(
            check,
            told,
            &format!("needed for `latitude crm apply` and `destroy` alone; then {remedy}"),
        )
    } else {
        Check::bad(check, told, &remedy)
    })
}

/// Whether the framework knows every open stage.
fn stages(check: String, all: &[Placed]) -> Check {
    let unknown: Vec<&str> = all
        .iter()
        .filter(|it| it.asked == Asked::Default)
        .map(|it| it.stage.as_str())
        .collect();
    if unknown.is_empty() {
        Check::good(check, format!("all {} open stages have a place", all.len()))
    } else {
        Check::note(
            check,
            format!(
                "deals in {} are asked the default questions",
                unknown.join(", ")
            ),
            "map each under [stage_map] in the framework file, or name it in scope.stages_left_out",
        )
    }
}

/// Whether the CRM's pushes can arrive, as far as that shows from here: an unsigned one must be
/// refused, by us.
async fn pushes(config: &Config, id: &ConnectionId, crm: &dyn Crm) -> Option<Check> {
    let check = format!("{id}: pushes");
    let settings = config.connections.get(id.as_str())?;
    let secret = settings
        .push_secret
        .as_ref()
        .or(settings.client_secret.as_ref());
    let nothing = Push {
        method: "POST".to_owned(),
        url: String::new(),
        headers: BTreeMap::new(),
        body: Vec::new(),
        now: chrono::DateTime::UNIX_EPOCH,
    };
    let unsigned = crm.hint(&nothing, secret.unwrap_or(&SecretString::from("")));
    let polled = format!(
        "changes are found by asking every {} s",
        config.sync.poll_seconds
    );
    if matches!(unsigned, Err(Rejected::Unsupported)) {
        return Some(Check::good(check, format!("this CRM has none: {polled}")));
    }
    if secret.is_none() {
        return Some(Check::note(
            check,
            format!("no push secret is set, so pushes cannot be verified: {polled}"),
            &format!("set connections.{id}.push_secret, as its page in docs/crm says"),
        ));
    }
    let url = config.web.public_url.join(&format!("/push/{id}")).ok()?;
    Some(match knock(&url).await {
        Ok((403, words)) if words.contains(UNBELIEVED) => Check::good(
            check,
            format!("{url} answers, and believes only what is signed"),
        ),
        Ok((status, _)) => Check::note(
            check,
            format!(
                "{url} answers with {status}, which Latitude does not say to an unsigned push: {polled}"
            ),
            "let whatever stands in front pass POST /push/… on, without a sign-in of its own",
        ),
        Err(why) => Check::note(
            check,
            format!("{url} cannot be reached from here: {why}; {polled}"),
            "start `latitude run` or `latitude web`, or correct web.public_url",
        ),
    })
}

/// Work that is due for so long is taken up by nobody: the longest turn of all others is far shorter.
const FORGOTTEN: chrono::TimeDelta = chrono::TimeDelta::minutes(15);

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
    } else if it.code.as_deref() == Some(REFUSED) {
        // Nothing else that is looked at shows it.
        Check::bad(
            format!("{id}: last run"),
            told,
            "look at the database's log for the statement; tell us if it stays",
        )
    } else {
        Check::note(
            format!("{id}: last run"),
            told,
            "see the other checks; once they are good, the next run is too (`latitude retry` hastens it)",
        )
    });
    let now = engine.env.now();
    if let Some(due) = it.due_at.filter(|due| now - *due > FORGOTTEN) {
        checks.push(Check::bad(
            format!("{id}: work"),
            format!(
                "due since {} ({} minutes), and nobody takes it up",
                due.format("%Y-%m-%d %H:%M UTC"),
                (now - due).num_minutes()
            ),
            "start `latitude run` or `latitude worker` on this database, or look at its log",
        ));
    }
    if it.parked > 0 {
        checks.push(Check::bad(
            format!("{id}: parked deals"),
            format!(
                "{} deals were refused by the CRM or the database",
                it.parked
            ),
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

/// Codes of what is wrong in the configuration itself.
const IN_THE_FILE: [&str; 2] = ["missing_key", "bad_url"];

fn refused(check: String, fault: &Fault) -> Check {
    let remedy = match fault {
        Fault::Reconnect(_) | Fault::Expired(_) => "sign in again: `latitude connect`",
        Fault::Setup(cause)
            if cause
                .code
                .as_deref()
                .is_some_and(|it| IN_THE_FILE.contains(&it)) =>
        {
            "correct the connection's table in the configuration; the CRM's page in docs/crm/ has all \
             its keys"
        }
        Fault::Setup(_) => "correct the connection's settings or rights in the CRM",
        Fault::Later { .. } | Fault::Spent { .. } => "wait and look again",
        Fault::Gone(_) | Fault::Lost(_) | Fault::Unknown(_) => {
            "look at the ledger; tell us if it stays"
        }
    };
    Check::bad(check, format!("{fault}: {}", fault.cause()), remedy)
}
