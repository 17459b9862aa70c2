//! Works what is due of a connection, and settles when to come back.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use tokio::sync::{Mutex, Notify};
use tracing::Instrument;

use super::report::Report;
use super::turn::{Order, gives_way};
use super::vault::{StoreVault, unanswered};
use super::work::{LANES, LEASE, Tally, Work, calls_may_last};
use super::{
    ASK, ASSESS, BETWEEN_PULLS, MOVES, PULL, RECONCILE, Stop, WRITE_BACK, ask, assess, prepare,
    pull,
};
use super::{outage, spending, write_back};
use crate::crm::session::{self, Means, Session};
use crate::crm::settings::Settings;
use crate::crm::setup::FieldMap;
use crate::crm::{self, Crm};
use crate::domain::Time;
use crate::domain::framework::Framework;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::env::fate::Point;
use crate::http::fault::{Cause, Fault};
use crate::http::{Client, Deadline};
use crate::store::schedule::{Due, Lease};
use crate::store::{self, Store};

/// A move with nothing to wait for comes back after this long, to be safe.
pub(super) const FAR: TimeDelta = TimeDelta::hours(24);

/// Works connections: as a service, or once until quiet.
pub struct Engine {
    /// The database.
    pub store: Store,
    /// Time and randomness.
    pub env: Env,
    /// The guardrails.
    pub framework: Arc<Framework>,
    /// Where Latitude's own pages are, without a slash at the end.
    pub public_url: String,
    /// How often each connection is asked for changes.
    pub poll_every: TimeDelta,
    /// Connections that this process works at once: a slow CRM must not keep the others waiting.
    pub lanes: usize,
    /// How long a lease is taken for. A process that dies is taken over when it has run out.
    pub lease: TimeDelta,
    pub(super) connections: BTreeMap<ConnectionId, (&'static dyn Crm, Arc<Settings>)>,
    /// For connections that may not reach private networks, and for those that may.
    clients: [OnceLock<reqwest::Client>; 2],
    stand_in: Option<Client>,
    pub(super) sessions: Mutex<HashMap<ConnectionId, Session>>,
    pub(super) wake: Notify,
    pub(super) refusals: outage::Refusals,
    /// Held by the lane that looks for work by itself while the others wait to be woken.
    pub(super) lookout: Mutex<()>,
}

impl Engine {
    /// An engine for these connections. Nothing happens yet.
    pub fn new(
        store: Store,
        env: Env,
        framework: Arc<Framework>,
        public_url: &str,
        poll_every: TimeDelta,
    ) -> Self {
        Self {
            store,
            env,
            framework,
            public_url: public_url.trim_end_matches('/').to_owned(),
            poll_every,
            lanes: LANES,
            lease: LEASE,
            connections: BTreeMap::new(),
            clients: Default::default(),
            stand_in: None,
            sessions: Mutex::new(HashMap::new()),
            wake: Notify::new(),
            refusals: outage::Refusals::default(),
            lookout: Mutex::new(()),
        }
    }

    /// The same, whose calls go through a stand-in for the network: for a fault harness.
    pub fn through(mut self, stand_in: Client) -> Self {
        self.stand_in = Some(stand_in);
        self
    }

    /// Takes up a connection.
    ///
    /// # Errors
    /// A sentence naming the key, its value and the remedy.
    pub fn add(&mut self, id: ConnectionId, settings: Settings) -> Result<(), String> {
        let known = crm::by_id(&settings.crm).ok_or_else(|| {
            let ids: Vec<&str> = crm::ALL.iter().map(|crm| crm.profile().id).collect();
            format!(
                "connections.{id}.crm = \"{}\": there is no such CRM; write one of: {}",
                settings.crm,
                ids.join(", ")
            )
        })?;
        self.connections.insert(id, (known, Arc::new(settings)));
        Ok(())
    }

    /// The connections taken up.
    pub fn connections(&self) -> impl Iterator<Item = (&ConnectionId, &'static dyn Crm)> {
        self.connections.iter().map(|(id, (crm, _))| (id, *crm))
    }

    /// Whether a connection is among those taken up.
    pub fn works(&self, id: &str) -> bool {
        self.connections.contains_key(&ConnectionId::from(id))
    }

    /// Makes sure that every connection has its rows.
    ///
    /// # Errors
    /// The database's.
    pub async fn enrol(&self) -> store::Result<()> {
        let now = self.env.now();
        let mut tx = self.store.write().await?;
        for (id, (crm, settings)) in &self.connections {
            let soon: Vec<&str> = MOVES
                .into_iter()
                .filter(|step| *step != RECONCILE)
                .collect();
            tx.add_connection(id, crm.profile().id, &soon, now).await?;
            tx.add_connection(id, crm.profile().id, &[RECONCILE], now + FAR)
                .await?;
            // Said since the people were read last.
            tx.lead(id, &settings.teams).await?;
        }
        tx.commit().await
    }

    /// A session of a connection, as the engine itself uses it.
    ///
    /// # Errors
    /// [`Fault::Setup`] naming the key that is missing or wrong.
    pub async fn session(&self, id: &ConnectionId) -> Result<Session, Fault> {
        let mut sessions = self.sessions.lock().await;
        if let Some(session) = sessions.get(id) {
            return Ok(session.clone());
        }
        let Some((crm, settings)) = self.connections.get(id) else {
            return Err(Fault::Setup(Cause::told(
                "no_connection",
                format!("the configuration has no connection {id}"),
            )));
        };
        let mut session =
            session::open(*crm, settings.clone(), FieldMap::default(), &self.means(id))?;
        session.embed = Some(format!("{}/embed/{id}", self.public_url));
        let known = async { self.store.read().await?.connection(id).await };
        if let Some(known) = known.await.map_err(unanswered)? {
            spending::take_up(&known, &session);
        }
        sessions.insert(id.clone(), session.clone());
        Ok(session)
    }

    /// What a session of a connection is made with.
    pub fn means(&self, id: &ConnectionId) -> Means {
        let vault = StoreVault::new(self.store.clone(), self.env.clone(), id.clone());
        let settings = self.connections.get(id).map(|(_, settings)| settings);
        let private = settings.is_some_and(|it| it.allow_private);
        // Made when first needed: each reads every root certificate.
        let [outward, any] = &self.clients;
        let client = if private { any } else { outward };
        let network = || {
            let client = client.get_or_init(|| crate::http::client_for(private));
            Client::from(client.clone())
        };
        Means {
            client: self.stand_in.clone().unwrap_or_else(network),
            env: self.env.clone(),
            vault: Arc::new(vault),
        }
    }

    /// Works a connection whose lease this process holds until nothing of it is due.
    pub(super) async fn work(
        &self,
        lease: Lease,
        stop: &tokio::sync::watch::Receiver<bool>,
    ) -> store::Result<Report> {
        let (id, started_at) = (lease.connection.clone(), self.env.now());
        self.env.at(Point::Claimed).await;
        let (mut faults, mut tally, mut calls) = (Vec::new(), Tally::default(), 0);
        let session = self.session(&id).await;
        let known = self.connections.get(&id).map(|(crm, _)| *crm);
        match (session, known) {
            (Ok(session), Some(crm)) => {
                let before = session.api.calls();
                let deadline = Deadline::default();
                let left = (lease.until - self.env.now()).clamp(TimeDelta::zero(), self.lease);
                let calls_until = self.env.elapsed() + calls_may_last(left);
                let mut work = Work {
                    store: &self.store,
                    env: &self.env,
                    crm,
                    session: Session {
                        api: session.api.by(&deadline),
                        ..session.clone()
                    },
                    framework: self.framework.clone(),
                    public_url: &self.public_url,
                    lease: lease.clone(),
                    lease_for: self.lease,
                    calls_until,
                    deadline,
                    around: None,
                    backlog: VecDeque::new(),
                    busy: HashSet::new(),
                    tally: Tally::default(),
                };
                work.held();
                let ended = self.moves(&mut work, &mut faults, stop).await;
                tally = work.tally;
                calls = session.api.calls() - before;
                spending::hand_in(&self.store, &self.env, &id, &session).await?;
                match ended {
                    Err(Stop::Store(error)) => return Err(error),
                    Err(Stop::LeaseLost) => {
                        tracing::warn!(connection.id = %id, "another process took this connection over");
                    }
                    Ok(()) | Err(Stop::Fault(_)) => {}
                }
            }
            (Err(fault), _) => {
                self.put_off(&lease, &MOVES, &fault).await?;
                faults.push(fault);
            }
            (Ok(_), None) => {}
        }
        faults.extend(self.refusals.of(&id).map(Fault::Unknown));
        self.env.at(Point::Concluding).await;
        self.conclude(&lease, started_at, (&faults, tally, calls))
            .await
    }

    async fn moves(
        &self,
        work: &mut Work<'_>,
        faults: &mut Vec<Fault>,
        stop: &tokio::sync::watch::Receiver<bool>,
    ) -> Result<(), Stop> {
        let prepared = prepare::prepare(work).await;
        if !self.may_go_on(work, prepared, faults).await? {
            return Ok(());
        }
        let (mut order, since) = (Order::default(), work.now());
        let among = self.among(None);
        while !*stop.borrow() && !gives_way(work, &among, since).await? {
            let due = self.store.read().await?.due(work.id(), work.now()).await?;
            let Some(due) = order.next(due) else {
                return Ok(());
            };
            // Someone may set it at any time.
            let right = prepare::check_clock(work).await;
            if !self.may_go_on(work, right, faults).await? {
                return Ok(());
            }
            let span = tracing::info_span!("move", name = due.step);
            let made = async {
                match due.step.as_str() {
                    ASSESS => assess::assess(work).await,
                    ASK => ask::ask(work).await,
                    WRITE_BACK => write_back::write_back(work).await,
                    PULL => pull::pull(work).await,
                    _ => pull::reconcile(work).await,
                }
            };
            let done = made.instrument(span).await.map_err(outage::told);
            match done {
                Ok(done) => {
                    self.refusals.over(work.id(), &due.step);
                    self.settle(work, &due, done).await?;
                }
                Err(Stop::Fault(fault)) if outage::is_ours(&fault) => {
                    // What was refused took the proof of the lease with it.
                    work.hold().await?;
                    self.put_off(&work.lease, &[due.step.as_str()], &fault)
                        .await?;
                    self.refusals.note(work.id(), &due.step, fault.cause());
                }
                Err(Stop::Fault(fault)) => {
                    // The reserve is for words that sellers publish: each may still be tried.
                    let reserve = spending::reserve_until(work).filter(|reserve| {
                        matches!(&fault, Fault::Spent { until, .. } if *until == Some(*reserve))
                    });
                    let steps: &[&str] = match reserve {
                        Some(_) => &[PULL, RECONCILE],
                        None => &[PULL, WRITE_BACK, RECONCILE],
                    };
                    self.put_off(&work.lease, steps, &fault).await?;
                    if let Some(until) = reserve {
                        self.rest(work, &due, until).await?;
                    }
                    faults.push(fault);
                }
                Err(ended) => return Err(ended),
            }
        }
        Ok(())
    }

    /// Whether what every move needs is there; puts all of them off where it is not, those on our
    /// own data included.
    async fn may_go_on(
        &self,
        work: &Work<'_>,
        prepared: Result<(), Stop>,
        faults: &mut Vec<Fault>,
    ) -> Result<bool, Stop> {
        match prepared.map_err(outage::told) {
            Ok(()) => Ok(true),
            Err(Stop::Fault(fault)) => {
                self.put_off(&work.lease, &MOVES, &fault).await?;
                faults.push(fault);
                Ok(false)
            }
            Err(ended) => Err(ended),
        }
    }

    /// When a move that went well is due next: at once where there is more, else the clock's time
    /// for those that read, the data's own times for the others.
    async fn settle(&self, work: &mut Work<'_>, due: &Due, done: bool) -> Result<(), Stop> {
        let (id, now) = (work.id().clone(), work.now());
        let mut tx = work.begin().await?;
        let (look, mut write) = tx.next_times(&id).await?;
        if write.is_some_and(|at| at > now + write_back::LATEST) {
            tx.writes_due(&id, now).await?;
            tx.hasten_anyway(&id, WRITE_BACK, now).await?;
            write = Some(now);
        }
        let at = match due.step.as_str() {
            PULL if done => now + self.poll_every,
            ASK => look.unwrap_or(now + FAR),
            WRITE_BACK if work.session.settings.dry_run => now + FAR,
            WRITE_BACK => write.unwrap_or(now + FAR),
            _ if done => now + FAR,
            _ => now,
        };
        // Moves on our own data say nothing about whether the CRM answers again.
        let asked_the_crm = ![ASSESS, ASK].contains(&due.step.as_str());
        // Words that went out of the day's reserve do not bring back what has spent its part.
        let all_well = asked_the_crm && spending::reserve_until(work).is_none();
        let soonest = match due.step.as_str() {
            // A pull that a push asked for comes no later than one that nobody asked for.
            PULL if done => at.min(now + BETWEEN_PULLS),
            _ => now,
        };
        tx.reschedule(&id, due, (at, soonest), (all_well, now))
            .await?;
        work.commit(tx).await
    }

    /// Leaves writing alone until a time where it found nothing that may be written now; words that
    /// are published sooner make it due sooner, since it has not failed.
    async fn rest(&self, work: &mut Work<'_>, due: &Due, until: Time) -> Result<(), Stop> {
        if due.step != WRITE_BACK {
            return Ok(());
        }
        let (id, now) = (work.id().clone(), work.now());
        let mut tx = work.begin().await?;
        tx.reschedule(&id, due, (until, now), (false, now)).await?;
        work.commit(tx).await
    }
}
