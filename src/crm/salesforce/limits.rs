//! Awaiting calls, and telling the budget what their answers say about the day's quota.

use chrono::TimeDelta;
use serde::de::DeserializeOwned;

use super::faults;
use crate::crm::session::Session;
use crate::http::call::{Call, Reply};
use crate::http::fault::Fault;

/// Awaits a call: what it says about the day's quota goes to the budget, then its body is read and
/// let go.
pub async fn read<T: DeserializeOwned>(
    session: &Session,
    call: Call<'_>,
) -> Result<(T, Reply), Fault> {
    let mut reply = reply(session, call).await?;
    match reply.decode() {
        Ok(body) => {
            // A page holds megabytes; nobody needs it twice.
            reply.body = Vec::new();
            Ok((body, reply))
        }
        Err(_) if reply.looks_like_page() => Err(faults::page_instead_of_data(&reply)),
        Err(fault) => Err(fault),
    }
}

/// Awaits a call whose answer has no body worth reading.
pub async fn reply(session: &Session, call: Call<'_>) -> Result<Reply, Fault> {
    let reply = call.reply().await?;
    if let Some((used, limit)) = usage(reply.header("sforce-limit-info")) {
        let budget = session.api.budget();
        budget.allow_per_day(limit * session.settings.quota_percent() / 100);
        if used * 100 >= limit * HARD_STOP_PERCENT {
            budget.close_until(reply.now + TimeDelta::seconds(faults::PROBE_SECONDS));
        }
    }
    Ok(reply)
}

/// The rest of the organisation's day is left to its other integrations.
const HARD_STOP_PERCENT: u64 = 85;

/// Used and allowed calls, from `api-usage=25/5000; per-app-api-usage=17/250(appName=…)`.
fn usage(header: &str) -> Option<(u64, u64)> {
    let (used, limit) = header
        .split(';')
        .find_map(|part| part.trim().strip_prefix("api-usage="))?
        .split_once('/')?;
    Some((
        used.parse().ok()?,
        limit.parse().ok().filter(|limit| *limit > 0)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::usage;

    #[test]
    fn the_days_use_is_read_from_either_form_of_the_header() {
        let both = "api-usage=25/5000; per-app-api-usage=17/250(appName=sample-connected-app)";

        assert_eq!(usage("api-usage=18/15000"), Some((18, 15_000)));
        assert_eq!(usage(both), Some((25, 5_000)));
        for odd in [
            "",
            "api-usage=",
            "api-usage=1/0",
            "api-usage=x/1",
            "per-app-api-usage=1/2",
        ] {
            assert_eq!(usage(odd), None, "{odd}");
        }
    }
}
