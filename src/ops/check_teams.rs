//! Whether everyone whom `teams` names is known in the CRM.

use super::config::Config;
use super::doctor::Check;
use crate::domain::ids::ConnectionId;
use crate::domain::people::Person;
use crate::store;
use crate::sync::worker::Engine;

/// Entries named at most that name nobody.
const MOST: usize = 5;

/// Looks at who leads whom, where the configuration says it and people have been read.
pub async fn teams(config: &Config, engine: &Engine, id: &ConnectionId) -> Option<Check> {
    let settings = config.connections.get(id.as_str())?;
    let name = format!("{id}: who leads whom");
    let people = match people(engine, id).await {
        Ok(people) if people.is_empty() || settings.teams.is_empty() => return None,
        Ok(people) => people,
        Err(error) => return Some(Check::bad(name, error.to_string(), "look at the database")),
    };
    let is_known = |whom: &&String| {
        let mut people = people.iter();
        people.any(|it| it.id.as_str() == whom.as_str() || is_at(it, whom))
    };
    let named = settings
        .teams
        .iter()
        .flat_map(|(leader, reports)| std::iter::once(leader).chain(reports));
    let (known, unknown): (Vec<_>, Vec<_>) = named.partition(is_known);
    let first: Vec<&str> = unknown.iter().take(MOST).map(|it| it.as_str()).collect();
    let shared = settings.teams.keys().find(|leader| {
        let theirs = people.iter().filter(|it| it.active && is_at(it, leader));
        theirs.count() > 1
    });
    if let Some(leader) = shared {
        return Some(Check::bad(
            name,
            format!(
                "several people in the CRM have the address {leader}, so nobody leads its team"
            ),
            &format!("name the leader in connections.{id}.teams by the CRM's id"),
        ));
    }
    Some(match unknown.len() {
        0 => Check::good(name, format!("{} entries, everyone known", known.len())),
        many => Check::bad(
            name,
            format!(
                "{many} of {} entries name nobody in the CRM, such as {}",
                known.len() + many,
                first.join(", ")
            ),
            &format!("compare connections.{id}.teams with the addresses of people there"),
        ),
    })
}

fn is_at(person: &Person, address: &str) -> bool {
    let email = person.email.as_deref();
    email.is_some_and(|it| it.eq_ignore_ascii_case(address))
}

async fn people(engine: &Engine, id: &ConnectionId) -> store::Result<Vec<Person>> {
    engine.store.read().await?.people(id).await
}
