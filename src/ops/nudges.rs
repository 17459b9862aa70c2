//! Nudges: off unless the configuration gives a way. Who owes an answer is told at half and at the
//! end of the promised time, once each; what waits in the product queue, each product owner owes. A
//! seller is told of strategies past their own check date, at most once in seven days and once for
//! each date. Everyone is told in their own working hours, sellers never in their quiet ones. A message
//! says how many and where, and no word of a plan; it ends with a way to have no more of them.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::nudge_post::{Post, Unsent};
use crate::domain::Time;
use crate::domain::cadence::may_ask_at;
use crate::domain::framework::Cadence;
use crate::domain::hours::Hours;
use crate::env::Env;
use crate::http::masked;
use crate::store::nudges::{Nudge, Reason};
use crate::store::{self, Store};

/// How often it is looked whether anyone is to be nudged.
const EVERY: Duration = Duration::from_secs(60);
/// How long a process may take to send one message before another tries.
const CLAIM: TimeDelta = TimeDelta::minutes(2);
/// After so many tries a message is given up.
const TRIES: i64 = 8;
/// A seller is told of passed check dates at most once in so many days.
const BETWEEN: TimeDelta = TimeDelta::days(7);
/// Deals named by a link in one message.
const LINKS: usize = 5;
/// Days that what was sent is kept, and with it the link that ends them.
const KEPT: TimeDelta = TimeDelta::days(90);

/// How people are nudged, if at all.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Nudges {
    /// The mail server: `smtps://USER:PASSWORD@HOST`, or `smtp://HOST:25`; empty for no mail.
    #[serde(serialize_with = "masked::one")]
    pub smtp: SecretString,
    /// Whom mail comes from.
    pub from: String,
    /// The chat's webhook; empty for no chat.
    #[serde(serialize_with = "masked::one")]
    pub webhook: SecretString,
}

impl Nudges {
    /// The ways that are open.
    pub fn ways(&self) -> Vec<&'static str> {
        let given = |secret: &SecretString| !secret.expose_secret().is_empty();
        let email = given(&self.smtp).then_some("email");
        let chat = given(&self.webhook).then_some("chat");
        email.into_iter().chain(chat).collect()
    }
}

/// When people may be nudged, and who answers for all who work a queue.
#[derive(Clone, Debug)]
pub struct Manners {
    /// When people work; in their own time zone where the CRM knows it.
    pub hours: Hours,
    /// When sellers are left alone.
    pub cadence: Cadence,
    /// Who works the product queue, and so owes what product owes: an e-mail address, or
    /// `connection:id`.
    pub product: Vec<String>,
}

impl Manners {
    /// The next moment at which someone may be told something of that kind: now, or later.
    fn may_tell_at(&self, kind: &str, zone: Option<&str>, now: Time) -> Time {
        let at_work = self.hours.within(zone).next_open(now);
        match kind {
            // A working day may begin within quiet hours, and those may end on a day off.
            "checks" => {
                let awake = may_ask_at(&self.cadence, zone, at_work);
                self.hours.within(zone).next_open(awake)
            }
            _ => at_work,
        }
    }
}

/// Puts together what is to be told now. Returns how many messages.
///
/// # Errors
/// The database's.
pub async fn gather(
    store: &Store,
    env: &Env,
    manners: &Manners,
    (ways, public_url): (&[&str], &str),
) -> store::Result<usize> {
    let now = env.now();
    let mut put = 0;
    for way in ways {
        let mut tx = store.read().await?;
        let owners = tx.named(&manners.product).await?.into_iter();
        let owners: Vec<_> = owners.map(|it| (it.connection, it.id)).collect();
        let answers = tx.owed_answers(way, now, &owners).await?;
        let checks = tx.passed_checks(way, now - BETWEEN).await?;
        drop(tx);
        for (kind, reasons) in [("answers", answers), ("checks", checks)] {
            let now_is_good = |it: &Reason| {
                let zone = it.time_zone.as_deref();
                manners.may_tell_at(kind, zone, now) <= now
            };
            let reasons = reasons.into_iter().filter(now_is_good).collect();
            for ((connection, person), reasons) in by_person(reasons) {
                let nudge = Nudge {
                    id: env.hex::<16>(),
                    connection,
                    person,
                    kind: kind.to_owned(),
                    way: (*way).to_owned(),
                    subject: subject(kind, &reasons),
                    body: String::new(),
                    tries: 0,
                };
                put += usize::from(put_out(store, now, nudge, &reasons, public_url).await?);
            }
        }
    }
    Ok(put)
}

/// Uses the reasons up and puts the message into the outbox: both, or neither.
async fn put_out(
    store: &Store,
    now: Time,
    mut nudge: Nudge,
    reasons: &[Reason],
    public_url: &str,
) -> store::Result<bool> {
    let mut tx = store.write().await?;
    let mut mine = Vec::new();
    for reason in reasons {
        if tx.use_up(reason, (&nudge.way, &nudge.id), now).await? {
            mine.push(reason);
        }
    }
    if mine.is_empty() {
        return Ok(false);
    }
    nudge.body = body(&nudge, &mine, public_url);
    tx.put_out(&nudge, now).await?;
    tx.commit().await?;
    Ok(true)
}

fn by_person(reasons: Vec<Reason>) -> BTreeMap<(String, String), Vec<Reason>> {
    let mut people: BTreeMap<(String, String), Vec<Reason>> = BTreeMap::new();
    for reason in reasons {
        let whom = (reason.connection.clone(), reason.person.clone());
        people.entry(whom).or_default().push(reason);
    }
    people
}

fn subject(kind: &str, reasons: &[Reason]) -> String {
    let late = reasons.iter().filter(|it| it.late).count();
    match (kind, late) {
        ("answers", 0) => "Someone waits for your answer".to_owned(),
        ("answers", _) => "Your answer is due".to_owned(),
        _ => "Your check date has passed".to_owned(),
    }
}

fn body(nudge: &Nudge, reasons: &[&Reason], public_url: &str) -> String {
    let count = reasons.len();
    let mut text = if nudge.kind == "answers" {
        let late = reasons.iter().filter(|it| it.late).count();
        let (need, waits) = match count {
            1 => ("need", "waits"),
            _ => ("needs", "wait"),
        };
        format!(
            "{count} {need} {waits} for your answer; {late} of them past the promised time.\n\
             {public_url}/answers\n"
        )
    } else {
        let plural = if count == 1 { "deal" } else { "deals" };
        let mut text = format!("Your own check date has passed for {count} {plural}.\n");
        for deal in reasons
            .iter()
            .take(LINKS)
            .filter_map(|it| it.deal.as_deref())
        {
            let deal: String = url::form_urlencoded::byte_serialize(deal.as_bytes()).collect();
            text.push_str(&format!("{public_url}/deals/{}/{deal}\n", nudge.connection));
        }
        text
    };
    text.push_str(&format!(
        "\nNo more of these: {public_url}/unsubscribe/{}\n",
        nudge.id
    ));
    text
}

/// Sends what is due. Returns how many messages the other side took.
///
/// # Errors
/// The database's.
pub async fn send(
    store: &Store,
    env: &Env,
    manners: &Manners,
    (post, public_url): (&Post, &str),
) -> store::Result<usize> {
    let mut sent = 0;
    loop {
        let now = env.now();
        let mut tx = store.write().await?;
        let next = tx.next_nudge(now, now + CLAIM).await?;
        tx.commit().await?;
        let Some(nudge) = next else {
            return Ok(sent);
        };
        let to = store.read().await?.address_of(&nudge).await?;
        // What was put together in time may have met a server that was down until the evening.
        let zone = to.as_ref().and_then(|it| it.time_zone.as_deref());
        let at = manners.may_tell_at(&nudge.kind, zone, now);
        if to.is_some() && at > now {
            let mut tx = store.write().await?;
            tx.put_off_nudge(&nudge.id, at).await?;
            tx.commit().await?;
            continue;
        }
        let done = match &to {
            Some(to) => post.carry(&nudge, (&to.email, public_url), now).await,
            None => Err(Unsent::Never("they left, or want none".to_owned())),
        };
        let mut tx = store.write().await?;
        match done {
            Ok(()) => {
                tx.nudge_sent(&nudge.id, now).await?;
                sent += 1;
            }
            Err(Unsent::Later(why)) if nudge.tries < TRIES => {
                tracing::warn!(nudge.id, nudge.way, cause = why, "a nudge was not taken");
                let minutes = 1_i64 << nudge.tries.clamp(0, 8);
                let later = now + TimeDelta::minutes(minutes);
                tx.nudge_failed(&nudge.id, later, None).await?;
            }
            Err(Unsent::Later(why) | Unsent::Never(why)) => {
                tracing::warn!(nudge.id, nudge.way, cause = why, "a nudge was given up");
                tx.nudge_failed(&nudge.id, now, Some(&why)).await?;
            }
        }
        tx.commit().await?;
    }
}

/// Gathers and sends every minute, until told to stop.
pub async fn keep(
    (store, env): (Store, Env),
    (nudges, manners, public_url): (Nudges, Manners, String),
    mut stop: watch::Receiver<bool>,
) {
    let ways = nudges.ways();
    let post = match Post::new(&nudges) {
        Ok(post) if !ways.is_empty() => post,
        _ => return,
    };
    while !*stop.borrow() {
        let round = async {
            gather(&store, &env, &manners, (&ways, &public_url)).await?;
            send(&store, &env, &manners, (&post, &public_url)).await?;
            let mut tx = store.write().await?;
            tx.prune_nudges(env.now() - KEPT).await?;
            tx.commit().await
        };
        if let Err(error) = round.await {
            store.noticed(&error, env.now());
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "nudges wait for the database"
            );
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}
