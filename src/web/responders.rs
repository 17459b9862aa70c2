//! Who owes an answer, when they work, and how soon they promised one.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use super::App;
use super::error::Problem;
use crate::domain::hours::Hours;
use crate::domain::ids::{ConnectionId, PersonId};
use crate::domain::obstacle::kinds::Level;
use crate::domain::obstacle::{To, Turn};
use crate::store::obstacles::Card;
use crate::store::team::Face;
use crate::store::tx::Tx;

/// When people work, as the configuration says; each in their own time zone.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkHours {
    /// The day begins …
    pub from: NaiveTime,
    /// … and ends.
    pub until: NaiveTime,
    /// Days off besides weekends.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Default for WorkHours {
    fn default() -> Self {
        let hours = Hours::default();
        Self {
            from: hours.from,
            until: hours.until,
            holidays: hours.holidays,
        }
    }
}

impl WorkHours {
    /// The hours of someone in that time zone; of the framework's where theirs is unknown.
    pub fn of(&self, app: &App, zone: Option<&str>) -> Hours {
        self.within(&app.framework.cadence.time_zone).within(zone)
    }

    /// The hours of people whose time zone nobody knows, but for this one.
    pub fn within(&self, zone: &str) -> Hours {
        let hours = Hours {
            from: self.from,
            until: self.until,
            holidays: self.holidays.clone(),
            ..Hours::default()
        };
        hours.within(Some(zone))
    }
}

/// The hours of whoever had the last turn of each of these cards.
///
/// # Errors
/// The database's.
pub async fn hours_of(
    app: &App,
    tx: &mut Tx,
    connection: &ConnectionId,
    cards: &[Card],
) -> Result<Vec<Hours>, Problem> {
    let responder = |card: &Card| card.obstacle.turns.last()?.responder.clone();
    let responders: Vec<Option<PersonId>> = cards.iter().map(responder).collect();
    let people: Vec<&str> = responders.iter().flatten().map(PersonId::as_str).collect();
    let zones = tx.time_zones(connection, &people).await?;
    let zone = |person: &PersonId| zones.get(person.as_str()).map(String::as_str);
    let hours = responders
        .iter()
        .map(|it| app.settings.hours.of(app, it.as_ref().and_then(zone)));
    Ok(hours.collect())
}

/// What is known of an answer that is owed, besides its card.
pub struct Owed {
    /// When whoever owes it works.
    pub hours: Hours,
    /// Whether they had said within what time before it was asked; else the usual time holds.
    pub promised: bool,
}

/// The same hours, and whether there was a promise when the last turn of each of these cards began.
/// Of a queue's owners, any one's word is a promise.
///
/// # Errors
/// The database's.
pub async fn owed_of(
    app: &App,
    tx: &mut Tx,
    connection: &ConnectionId,
    cards: &[Card],
) -> Result<Vec<Owed>, Problem> {
    let hours = hours_of(app, tx, connection, cards).await?;
    let turns: Vec<Option<&Turn>> = cards.iter().map(|it| it.obstacle.turn()).collect();
    let mut owners: Vec<Face> = Vec::new();
    if turns.iter().flatten().any(|it| it.responder.is_none()) {
        owners = tx.named(&app.settings.product_owners()).await?;
        owners.retain(|it| it.connection == connection.as_str());
    }
    let responders = turns
        .iter()
        .flatten()
        .filter_map(|it| it.responder.as_ref());
    let mut people: Vec<&str> = responders.map(PersonId::as_str).collect();
    people.extend(owners.iter().map(|it| it.id.as_str()));
    let since = tx.promised_since(connection, &people).await?;
    let by = |person: &str, turn: &Turn| {
        let since = since.get(person);
        since.is_some_and(|at| *at <= turn.clock.started_at)
    };
    let promised = |turn: &Turn| match &turn.responder {
        Some(person) => by(person.as_str(), turn),
        None => owners.iter().any(|it| by(&it.id, turn)),
    };
    Ok(hours
        .into_iter()
        .zip(turns)
        .map(|(hours, turn)| Owed {
            hours,
            promised: turn.is_some_and(promised),
        })
        .collect())
}

/// The same hours for one card.
///
/// # Errors
/// The database's.
pub async fn hours(
    app: &App,
    tx: &mut Tx,
    connection: &ConnectionId,
    card: &Card,
) -> Result<Hours, Problem> {
    let hours = hours_of(app, tx, connection, std::slice::from_ref(card)).await?;
    Ok(hours.into_iter().next().unwrap_or_default())
}

/// Whom a need of a seller goes to, with their hours: the first of these levels that someone fills;
/// none where nobody fills one of them.
///
/// # Errors
/// The database's.
pub async fn first_of(
    app: &App,
    tx: &mut Tx,
    connection: &ConnectionId,
    (seller, levels): (&str, &[Level]),
) -> Result<Option<(To, Hours)>, Problem> {
    let Some((level, faces)) = filled(app, tx, connection, (seller, levels)).await? else {
        return Ok(None);
    };
    let mut published = Vec::new();
    for face in &faces {
        published.extend(tx.promised_days(connection, &face.id).await?);
    }
    // Of a queue's owners, whoever promised the soonest answer is held to it.
    let published = published.into_iter().filter(|days| *days > 0).min();
    let days = published
        .and_then(|days| i32::try_from(days).ok())
        .unwrap_or_else(|| level.usual_days());
    let face = faces.into_iter().next().filter(|_| !level.is_queue());
    let zone = face.as_ref().and_then(|it| it.time_zone.as_deref());
    let hours = app.settings.hours.of(app, zone);
    let to = To {
        level,
        responder: face.map(|it| it.id.into()),
        owed: hours.day() * days,
    };
    Ok(Some((to, hours)))
}

/// The first of these levels that someone fills, and who: one person, or where it is a queue everyone
/// who works it. None of these is missing while one of them is away.
///
/// # Errors
/// The database's.
pub async fn filled(
    app: &App,
    tx: &mut Tx,
    connection: &ConnectionId,
    (seller, levels): (&str, &[Level]),
) -> Result<Option<(Level, Vec<Face>)>, Problem> {
    if levels.is_empty() {
        return Ok(None);
    }
    if levels.contains(&Level::Product) {
        let mut owners = tx.named(&app.settings.product_owners()).await?;
        owners.retain(|it| it.connection == connection.as_str());
        if !owners.is_empty() {
            return Ok(Some((Level::Product, owners)));
        }
    }
    let mut line = in_line(tx.above(connection, seller).await?);
    line.retain(|(level, _)| levels.contains(level));
    Ok(line.into_iter().next().map(|(level, it)| (level, vec![it])))
}

/// Those above a seller, each with the level they fill: whoever the seller reports to is the
/// manager, and who stands at the top of those above an executive, however few there are.
fn in_line(above: Vec<Face>) -> Vec<(Level, Face)> {
    let top = above.len().saturating_sub(1);
    let level = |n: usize| match n {
        0 => Level::Manager,
        1 if n < top => Level::Director,
        _ => Level::Executive,
    };
    (0..).map(level).zip(above).collect()
}
