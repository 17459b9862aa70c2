//! `latitude demo`: everything on sandbox CRMs, on this machine, without configuration.

mod ended;
pub mod past;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{NaiveTime, TimeDelta};
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use url::Url;

use super::provision::{Way, carry_out, plan};
use super::say::{remark, say};
use super::{sandbox, sync};
use crate::crm;
use crate::domain::framework::Framework;
use crate::domain::ids::ConnectionId;
use crate::domain::role::Role;
use crate::env::Env;
use crate::sandbox::company::Shape;
use crate::sandbox::life;
use crate::sandbox::serve::Served;
use crate::sandbox::world::{Role as Owns, World};
use crate::store::Store;
use crate::store::sealed::Seal;
use crate::sync::report::RunState;
use crate::sync::work::Tally;
use crate::sync::worker::Engine;
use crate::web::settings::Settings;
use crate::web::{self, App};

/// Show everything on sandbox CRMs: no configuration, no network.
#[derive(Debug, Args)]
pub struct Demo {
    /// Run until nothing is due, print what was done, and end
    #[arg(long)]
    once: bool,
    /// Print one JSON object
    #[arg(long, requires = "once")]
    json: bool,
    /// How many deals each company has
    #[arg(long, default_value_t = 250)]
    deals: usize,
    /// Which CRMs: an id, several, or `all`
    #[arg(long, value_name = "ID")]
    crm: Vec<String>,
    /// Where the pages are served; 8080 where it is free
    #[arg(long)]
    port: Option<u16>,
    /// The company is always the same for the same seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What goes wrong: calm, breezy or storm
    #[arg(long, default_value = "calm")]
    weather: String,
}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    /// When a CRM or the weather is unknown, or the machine gives no port or no disk.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let listener = if self.once {
            None
        } else {
            Some(listen(self.port).await?)
        };
        let address = match &listener {
            Some(listener) => format!("http://{}", listener.local_addr()?),
            None => format!("http://127.0.0.1:{USUAL_PORT}"),
        };
        let stage = Stage::set(&self, &env, &address).await?;
        let ended = match listener {
            Some(listener) => self.serve(&stage, listener, &address).await,
            None => self.once(&stage).await,
        };
        stage.clear().await;
        ended
    }

    async fn once(&self, stage: &Stage) -> anyhow::Result<ExitCode> {
        let reports = stage.engine.run_until_quiet(None).await?;
        if self.json {
            say!("{}", told::summary(&reports));
        } else {
            told::print_table(&reports);
        }
        let ok = sync::state(&reports) == RunState::Ok;
        Ok(if ok {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    async fn serve(
        &self,
        stage: &Stage,
        listener: TcpListener,
        address: &str,
    ) -> anyhow::Result<ExitCode> {
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let mut settings = Settings::demo(&stage.engine.public_url);
        let owners = stage.worlds.values().flat_map(product_owners);
        settings.roles = owners.map(|email| (email, Role::Product)).collect();
        let (seen, read) = mpsc::unbounded_channel();
        let past = App::new(stage.engine.clone(), settings.clone());
        let app = App::new(stage.engine.clone(), settings);
        let parts = [
            tokio::spawn(worked(stage.engine.clone(), seen, stopping.clone())),
            tokio::spawn(remembered(past, read, stage.worlds.clone())),
            tokio::spawn(web::serve(app, listener, stopping.clone())),
            tokio::spawn(lived(stage.worlds.clone(), stopping)),
        ];
        say!("Latitude is at {address} — pick a person to look through their eyes.");
        for (crm, base) in &stage.crms {
            say!(
                "The sandbox {crm} is at {base}__sandbox/ — write there as a seller would, and look again."
            );
        }
        say!("Ctrl-C ends it.\n");
        super::service::stopped().await;
        stop.send_replace(true);
        for part in parts {
            part.await?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The port people know it by, or any other where that one is taken.
async fn listen(port: Option<u16>) -> anyhow::Result<TcpListener> {
    let at = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match port {
        Some(port) => at(port).await.with_context(|| {
            format!("--port {port} cannot be used; name another, or none, and a free one is taken")
        }),
        None => match at(USUAL_PORT).await {
            Ok(listener) => Ok(listener),
            Err(_) => at(0).await.context("the machine gives no port"),
        },
    }
}

/// Works the connections and prints what happens as it happens; tells which ones have been read.
async fn worked(
    engine: Arc<Engine>,
    seen: mpsc::UnboundedSender<String>,
    stop: watch::Receiver<bool>,
) {
    engine
        .run(stop, move |report| {
            let Tally {
                pulled,
                asked,
                read,
                assessed,
                written,
                ..
            } = report.tally;
            if pulled > 0 {
                // Whoever listened may have ended first.
                seen.send(report.connection.clone()).unwrap_or_default();
            }
            if pulled + asked + assessed + written > 0 {
                say!(
                    "{}: {pulled} deals changed, {asked} asked, {read} strategies read, \
                     {assessed} graded, {written} written back ({})",
                    report.connection,
                    report.state.word()
                );
            }
        })
        .await;
}

/// Tells each connection's past once, as soon as its people and deals are there to have one.
async fn remembered(app: App, mut read: mpsc::UnboundedReceiver<String>, worlds: Worlds) {
    let mut told = BTreeSet::new();
    while let Some(connection) = read.recv().await {
        let id = ConnectionId::from(connection.as_str());
        if !told.insert(connection) {
            continue;
        }
        match (past::tell(&app, &id).await, worlds.get(id.as_str())) {
            (Ok(over), Some(world)) => world.state().over = over,
            (Ok(_), None) => {}
            (Err(problem), _) => remark!("latitude: the demo begins without a past: {problem:?}"),
        }
    }
}

/// Who leads whom in a world, by their addresses.
fn teams(world: &World) -> BTreeMap<String, Vec<String>> {
    let state = world.state();
    let mut teams: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for person in &state.people {
        if let Some(leader) = person.manager {
            let reports = teams.entry(state.people[leader].email.clone());
            reports.or_default().push(person.email.clone());
        }
    }
    teams
}

/// The addresses of those who own the product, which no CRM tells.
fn product_owners(world: &World) -> Vec<String> {
    let state = world.state();
    let owners = state.people.iter().filter(|it| it.role == Owns::Product);
    owners.map(|it| it.email.clone()).collect()
}

/// Lets time pass in the worlds: somebody does something every few seconds at first, and then now and
/// then, so that what is looked at still stands after an hour.
async fn lived(worlds: Worlds, mut stop: watch::Receiver<bool>) {
    let at_first = std::iter::repeat_n(A_WHILE, LIVELY);
    for pause in at_first.chain(std::iter::repeat(NOW_AND_THEN)) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => return,
        }
        for world in worlds.values() {
            if let Some(told) = life::pass(world) {
                say!("{told}");
            }
        }
    }
}

/// The port people know Latitude by.
const USUAL_PORT: u16 = 8080;
/// How often something happens in a world, so many times …
const A_WHILE: Duration = Duration::from_secs(4);
const LIVELY: usize = 15;
/// … and how often after that.
const NOW_AND_THEN: Duration = Duration::from_secs(30);

/// What is behind each CRM, by the CRM's id, which is the name of its connection as well.
type Worlds = BTreeMap<&'static str, World>;

/// The sandboxes, a database in a temporary folder, and an engine between them.
struct Stage {
    engine: Arc<Engine>,
    worlds: Worlds,
    /// What each CRM is called, and where it is.
    crms: Vec<(&'static str, Url)>,
    folder: PathBuf,
}

impl Stage {
    async fn set(demo: &Demo, env: &Env, address: &str) -> anyhow::Result<Self> {
        let ids = if demo.crm.is_empty() {
            vec![crm::PREFERRED.to_owned()]
        } else {
            demo.crm.clone()
        };
        let crms = sandbox::chosen(&ids)?;
        let served = sandbox::all(&crms, env, demo.seed, (demo.deals, Shape::TALL), 0).await?;
        let mark = env.hex::<6>();
        let folder = std::env::temp_dir().join(format!("latitude-demo-{mark}"));
        let place = format!("sqlite://{}/latitude.db", folder.display());
        let store = Store::open(&place, Seal::random(env)).await?;
        store.migrate().await?;
        let mut engine = Engine::new(
            store,
            env.clone(),
            Arc::new(framework()),
            address,
            TimeDelta::seconds(if demo.once { 3600 } else { 5 }),
        );
        for one in &served {
            let mut settings = one.settings.clone();
            // Not every CRM says who leads whom; the company is the same behind each.
            settings.teams = teams(&one.world);
            engine
                .add(ConnectionId::from(one.crm), settings)
                .map_err(anyhow::Error::msg)?;
        }
        engine.enrol().await?;
        for one in &served {
            set_up(&engine, one).await?;
            sandbox::set_weather(&one.world, &demo.weather)?;
        }
        let name = |it: &Served| crm::by_id(it.crm).map_or(it.crm, |crm| crm.profile().name);
        Ok(Self {
            engine: Arc::new(engine),
            crms: served
                .iter()
                .map(|it| (name(it), it.base.clone()))
                .collect(),
            worlds: served.into_iter().map(|one| (one.crm, one.world)).collect(),
            folder,
        })
    }

    async fn clear(&self) {
        self.engine.store.close().await;
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            remark!("latitude: {} stays: {error}", self.folder.display());
        }
    }
}

/// The built-in guardrails, for a company that never sleeps: a demo must show asks at any hour.
fn framework() -> Framework {
    let mut framework = Framework::standard();
    framework.cadence.weekends = true;
    framework.cadence.quiet_from = NaiveTime::MIN;
    framework.cadence.quiet_until = NaiveTime::MIN;
    framework.cadence.asks_per_seller_and_day = 1000;
    framework
}

async fn set_up(engine: &Engine, one: &Served) -> anyhow::Result<()> {
    let id = ConnectionId::from(one.crm);
    let crm = crm::by_id(one.crm).context("a sandbox is of a known CRM")?;
    let session = engine.session(&id).await?;
    let plan = plan(crm, &session, Way::Apply)
        .await
        .context("looking at the sandbox")?;
    carry_out(crm, &session, &plan, |_| {})
        .await
        .map_err(|(step, fault)| {
            anyhow::Error::new(fault).context(super::provision::sentence(&step))
        })
}
