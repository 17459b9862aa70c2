//! What every measurement stands on: a fresh database, companies behind sandbox CRMs, processes of
//! the real program, a line to the database that can be cut.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::TimeDelta;
use latitude::crm::settings::Settings;
use latitude::crm::{self, Crm};
use latitude::domain::field::Field;
use latitude::domain::framework::Framework;
use latitude::domain::ids::ConnectionId;
use latitude::env::Env;
use latitude::ops::provision::{Way, carry_out, plan};
use latitude::sandbox::serve::{Served, serve};
use latitude::sandbox::weather::Knobs;
use latitude::sandbox::world::World;
use latitude::store::Store;
use latitude::store::sealed::Seal;
use latitude::sync::worker::Engine;
use serde_json::Value;
use sqlx::Connection;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::connection::{connection, text};

/// The key of every process of a run.
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// Figures that the command line changes: words such as `rate=200`.
pub struct Figures(Vec<(String, u64)>);

impl Figures {
    /// Those among the words.
    pub fn of(words: &[String]) -> Self {
        let figure = |word: &String| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Self(words.iter().filter_map(figure).collect())
    }

    /// One of them.
    pub fn get(&self, name: &str, otherwise: u64) -> u64 {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or(otherwise, |(_, value)| *value)
    }
}

/// The time that passes on this machine.
#[expect(clippy::disallowed_methods, reason = "it measures")]
pub fn now() -> Instant {
    Instant::now()
}

/// A share of sorted times, such as 0.95.
pub fn share(times: &mut [Duration], of: f64) -> Duration {
    times.sort_unstable();
    let at = (times.len() as f64 * of) as usize;
    times
        .get(at.min(times.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

/// A database that is gone when it is dropped.
pub struct Database {
    /// Its address.
    pub address: String,
    folder: PathBuf,
    server: Option<String>,
}

impl Database {
    /// A fresh SQLite file.
    pub fn sqlite() -> anyhow::Result<Self> {
        let folder = folder()?;
        Ok(Self {
            address: format!("sqlite://{}/latitude.db", folder.display()),
            folder,
            server: None,
        })
    }

    /// A fresh PostgreSQL database, where there is a server.
    #[expect(
        clippy::disallowed_methods,
        reason = "which server there is is the machine's say; the name is ours"
    )]
    pub async fn postgres() -> anyhow::Result<Option<Self>> {
        let Ok(server) = std::env::var("LATITUDE_TEST_POSTGRES") else {
            return Ok(None);
        };
        let folder = folder()?;
        let name = folder.file_name().context("a name")?.to_string_lossy();
        let name = name.replace('-', "_");
        let mut door = sqlx::PgConnection::connect(&server).await?;
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut door).await?;
        let mut own = url::Url::parse(&server)?;
        own.set_path(&name);
        Ok(Some(Self {
            address: own.to_string(),
            folder,
            server: Some(server),
        }))
    }

    /// Takes it away.
    #[expect(clippy::disallowed_methods, reason = "the name is ours")]
    pub async fn drop_it(self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(&self.folder)?;
        if let Some(server) = &self.server {
            let own = url::Url::parse(&self.address)?;
            let name = own.path().trim_start_matches('/');
            let mut door = sqlx::PgConnection::connect(server).await?;
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            let drop = sqlx::AssertSqlSafe(drop);
            sqlx::raw_sql(drop).execute(&mut door).await?;
        }
        Ok(())
    }
}

fn folder() -> anyhow::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("latitude-live-{}-{count}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A company behind a sandbox CRM, our fields set up in it.
pub struct Company {
    /// The connection.
    pub id: ConnectionId,
    /// Its CRM.
    pub served: Served,
    /// The connector.
    pub crm: &'static dyn Crm,
}

impl Company {
    /// What a field of a deal holds in the CRM.
    pub fn shown(&self, deal: usize, field: Field) -> Value {
        let name = self.crm.field_name("latitude_", field);
        let state = self.served.world.state();
        state.deals[deal]
            .custom
            .get(&name)
            .cloned()
            .unwrap_or_default()
    }

    /// Types into a field of a deal, as its owner would in the CRM.
    pub fn types(&self, deal: usize, field: Field, text: &str) {
        let name = self.crm.field_name("latitude_", field);
        let world = &self.served.world;
        let mut state = world.state();
        state.deals[deal].custom.insert(name, text.into());
        let owner = state.deals[deal].owner;
        world.touch(&mut state, deal, owner);
    }

    /// The open deals, by place.
    pub fn open(&self) -> Vec<usize> {
        let state = self.served.world.state();
        (0..state.deals.len())
            .filter(|n| state.deals[*n].stage < 6)
            .collect()
    }

    /// From now on every answer of the CRM takes so long.
    pub fn takes(&self, latency: Duration) {
        self.served.world.weather().set(Knobs {
            slow: 1.0,
            slow_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
            ..Knobs::default()
        });
    }
}

/// So many companies of so many deals behind one kind of CRM.
pub async fn companies(crm: &str, many: u64, deals: u64) -> anyhow::Result<Vec<Company>> {
    let crm = crm::by_id(crm).with_context(|| format!("there is no CRM {crm}"))?;
    let env = Env::system();
    let scratch = Database::sqlite()?;
    let store = Store::open(&scratch.address, Seal::random(&env)).await?;
    store.migrate().await?;
    let framework = Arc::new(Framework::standard());
    let hour = TimeDelta::hours(1);
    let mut engine = Engine::new(store.clone(), env.clone(), framework, "http://x.test", hour);
    let mut all = Vec::new();
    for n in 0..many {
        let world = World::new(env.clone(), n, usize::try_from(deals)?);
        let served = serve(crm, world, 0, std::future::pending()).await?;
        let id = ConnectionId::from(format!("company{n}").as_str());
        engine
            .add(id.clone(), served.settings.clone())
            .map_err(anyhow::Error::msg)?;
        engine.enrol().await?;
        let session = engine.session(&id).await.map_err(anyhow::Error::new)?;
        let steps = plan(crm, &session, Way::Apply)
            .await
            .map_err(anyhow::Error::new)?;
        carry_out(crm, &session, &steps, |_| {})
            .await
            .map_err(|(_, fault)| anyhow::Error::new(fault))?;
        all.push(Company { id, served, crm });
    }
    store.close().await;
    scratch.drop_it().await?;
    Ok(all)
}

/// What the processes of a run are told.
pub struct Told<'a> {
    /// The database.
    pub database: &'a str,
    /// Where pages are served.
    pub port: u16,
    /// Seconds between polls.
    pub poll: u64,
    /// Connections worked at once by a process.
    pub lanes: u64,
    /// Seconds of a lease.
    pub lease: u64,
    /// Whether nothing is written to the CRMs.
    pub dry_run: bool,
}

impl Told<'_> {
    /// Writes it down, with the companies.
    pub fn write(&self, name: &str, companies: &[Company]) -> anyhow::Result<PathBuf> {
        let all = companies.iter();
        self.write_all(name, all.map(|it| (it.id.to_string(), &it.served.settings)))
    }

    /// The same with connections by name.
    pub fn write_all<'a>(
        &self,
        name: &str,
        connections: impl Iterator<Item = (String, &'a Settings)>,
    ) -> anyhow::Result<PathBuf> {
        let mut file = format!(
            "[database]\nurl = {}\n[secrets]\nkey = \"{KEY}\"\n[web]\nlisten = \"127.0.0.1:{port}\"\n\
             public_url = \"http://127.0.0.1:{port}\"\nsign_ins_a_minute = 1000000\n\
             sign_in = {{ kind = \"demo\" }}\n[sync]\npoll_seconds = {}\n[worker]\nlanes = {}\n\
             lease_seconds = {}\n[log]\nlevel = \"error\"\n",
            text(self.database),
            self.poll,
            self.lanes,
            self.lease,
            port = self.port,
        );
        for (id, settings) in connections {
            let more = format!("dry_run = {}", self.dry_run);
            file += &connection(&id, settings, &more);
        }
        let folder = std::env::temp_dir().join(format!("latitude-live-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let place = folder.join(format!("{name}.toml"));
        std::fs::write(&place, file)?;
        Ok(place)
    }
}

/// A port that is free now.
pub async fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?.port())
}

/// A process of the program; killed when it is dropped.
pub struct Process(Child);

impl Process {
    /// Starts `latitude PART --config FILE`.
    pub fn start(part: &str, config: &std::path::Path) -> anyhow::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latitude"));
        command.args([part, "--config"]).arg(config);
        command.stdout(Stdio::null()).stderr(Stdio::inherit());
        Ok(Self(command.spawn()?))
    }

    /// CPU time it has used so far.
    pub fn cpu(&self) -> Duration {
        cpu_of(self.0.id())
    }

    /// Memory it holds now, in MiB.
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.0.id());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        kib.unwrap_or(0) / 1024
    }

    /// `kill -9`.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// CPU time of a process, by what Linux tells in hundredths of a second.
pub fn cpu_of(process: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks = |n: usize| after.split_whitespace().nth(n)?.parse::<u64>().ok();
    let sum = ticks(11).unwrap_or(0) + ticks(12).unwrap_or(0);
    Duration::from_millis(sum * 10)
}

/// A way to a server that can be cut: bytes then neither come nor go, and nobody is told.
pub struct Line {
    /// Where it begins.
    pub address: String,
    cut: Arc<AtomicBool>,
}

impl Line {
    /// To the server of a database's address.
    pub async fn to(database: &str) -> anyhow::Result<Self> {
        let mut address = url::Url::parse(database)?;
        let host = address.host_str().context("a host")?.to_owned();
        anyhow::ensure!(
            !host.starts_with("%2F"),
            "LATITUDE_TEST_POSTGRES = {database}: a line can be cut only to a server that listens on TCP"
        );
        let there = (host, address.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        address.set_host(Some("127.0.0.1"))?;
        let set = address.set_port(Some(port));
        anyhow::ensure!(set.is_ok(), "an address that has no port");
        let cut = Arc::new(AtomicBool::new(false));
        let is_cut = cut.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (there, is_cut) = (there.clone(), is_cut.clone());
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(there).await else {
                        return;
                    };
                    let cut = async {
                        while !is_cut.load(Ordering::Relaxed) {
                            tokio::time::sleep(Duration::from_millis(10)).await;
                        }
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        // Both ends stay open, and silent.
                        () = cut => std::future::pending().await,
                    }
                });
            }
        });
        Ok(Self {
            address: address.to_string(),
            cut,
        })
    }

    /// Cuts it.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }
}

/// Waits until something is so; answers with how long it took.
pub async fn until(most: Duration, what: impl Fn() -> bool) -> anyhow::Result<Duration> {
    let began = now();
    while !what() {
        anyhow::ensure!(began.elapsed() < most, "it did not happen within {most:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(began.elapsed())
}
