//! What a run is played on: a database, companies behind sandbox CRMs, processes, lines between
//! them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use futures_util::future::try_join_all;
use latitude::sandbox::world::Trouble;

use super::books::Door;
use super::company::{Company, scratch};
use super::connection::{connection, text};
use super::line::{Line, Way};
use super::people::{Browser, Words};
use super::plan::Plan;
use super::process::{Process, free_port};
use super::server::Server;
use super::story::{Story, now};
use super::watch::Watch;

/// The key of every process of a run.
const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
/// Longer than a process takes to come up, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often something awaited is looked at.
pub const LOOK: Duration = Duration::from_millis(20);

/// The stage; everything on it is gone when it is dropped.
pub struct Stage<'a> {
    /// The database, past every line.
    pub address: String,
    /// The companies.
    pub companies: Arc<Vec<Company>>,
    /// The workers.
    pub workers: Vec<Process>,
    /// What is between each worker and the server.
    pub lines: Vec<Line>,
    /// The pages.
    pub pages: Process,
    /// Someone at the command line.
    pub visitor: Process,
    /// A browser.
    pub browser: Arc<Browser>,
    /// What people said.
    pub words: Words,
    /// Who holds which connection.
    pub watch: Watch,
    /// The server, where there is one.
    pub server: Option<&'a Server>,
    /// Deals the CRM refuses, and its words.
    pub refused: Vec<(usize, usize, String)>,
    /// What happens.
    pub story: Story,
    /// Whether each worker's disk is full, and whether the server is away.
    full: Vec<bool>,
    ways: Vec<Way>,
    server_is_away: bool,
    folder: PathBuf,
    config: PathBuf,
}

impl<'a> Stage<'a> {
    /// Sets it; nothing runs yet.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn set(
        plan: &Plan,
        server: Option<&'a Server>,
        story: Story,
    ) -> anyhow::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("latitude-storm-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        let store = scratch(&folder).await?;
        let found = |n| Company::found(plan.crm, n, plan.seed, plan.deals, &store);
        let companies = try_join_all((0..plan.companies).map(found)).await?;
        let address = match server {
            Some(server) => server.fresh().await?,
            None => format!("sqlite://{}/latitude.db", folder.display()),
        };
        let port = free_port().await?;
        let (mut workers, mut lines) = (Vec::new(), Vec::new());
        for n in 0..plan.kind.workers() {
            let mut own = address.clone();
            if let Some(server) = server {
                let line = Line::to(server.port()).await?;
                own = over(&address, line.port)?;
                lines.push(line);
            }
            let name = format!("worker{n}");
            let config = configure(&folder, &name, &own, (port, plan.lease), &companies)?;
            workers.push(Process::new(&name, &["worker"], &config, &folder));
        }
        let config = configure(
            &folder,
            "straight",
            &address,
            (port, plan.lease),
            &companies,
        )?;
        let watch = Watch::over(&address);
        Ok(Self {
            pages: Process::new("pages", &["web"], &config, &folder),
            visitor: Process::new("visitor", &["sync", "--once", "--json"], &config, &folder),
            full: vec![false; workers.len()],
            ways: vec![Way::Open; workers.len()],
            server_is_away: false,
            browser: Arc::new(Browser::at(port)),
            companies: Arc::new(companies),
            words: Words::default(),
            refused: Vec::new(),
            address,
            workers,
            lines,
            watch,
            server,
            story,
            folder,
            config,
        })
    }

    /// From the start the CRM refuses one deal of a company.
    pub fn refuses(&mut self, company: usize, deal: usize, message: &str) {
        let world = &self.companies[company].served.world;
        world.state().deals[deal].trouble = Some(Trouble::Refused(message.to_owned()));
        self.refused.push((company, deal, message.to_owned()));
    }

    /// The ids of the deals the CRM refuses.
    pub fn refused_deals(&self) -> Vec<String> {
        let refused = self.refused.iter();
        refused
            .map(|(n, deal, _)| self.companies[*n].deal_id(*deal))
            .collect()
    }

    /// Waits until a first deal is in the books.
    ///
    /// # Errors
    /// When none comes.
    pub async fn is_read(&self) -> anyhow::Result<()> {
        let mut door = Door::open(&self.address).await?;
        let began = now();
        while door.standings().await?.is_empty() {
            anyhow::ensure!(
                began.elapsed() < PATIENCE,
                "nothing is read: {}",
                self.logs()
            );
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Starts every process, and waits until the pages answer.
    ///
    /// # Errors
    /// When they do not.
    pub async fn starts(&mut self) -> anyhow::Result<()> {
        // One after the other, so that the schema is there when the others come.
        self.pages.start()?;
        let (began, port) = (now(), self.browser.port());
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            anyhow::ensure!(
                began.elapsed() < PATIENCE,
                "the pages do not answer: {}",
                self.pages.told()
            );
            tokio::time::sleep(LOOK).await;
        }
        for worker in &mut self.workers {
            worker.start()?;
        }
        self.story.tell("everything is up");
        Ok(())
    }

    /// Starts again what ended by itself: a supervisor would.
    ///
    /// # Errors
    /// When it cannot.
    pub fn keeps_up(&mut self) -> anyhow::Result<()> {
        for process in self.workers.iter_mut().chain([&mut self.pages]) {
            if !process.runs() {
                self.story.tell(format!(
                    "{} ended by itself and is started again",
                    process.name
                ));
                process.start()?;
            }
        }
        Ok(())
    }

    /// Takes note of whether anyone can work.
    fn heed(&self) {
        let able = |n: usize| {
            let open = matches!(self.ways[n], Way::Open | Way::Slow(_));
            open && !self.workers[n].frozen && !self.full[n]
        };
        let someone = !self.server_is_away && (0..self.workers.len()).any(able);
        self.watch.nobody_can_work(!someone);
    }

    /// A worker is killed and started again.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn kills(&mut self, n: usize) -> anyhow::Result<()> {
        self.workers[n].kill();
        self.full[n] = false;
        self.workers[n].start()?;
        self.heed();
        Ok(())
    }

    /// A worker stands still, or goes on.
    pub fn freezes(&mut self, n: usize, so: bool) {
        match so {
            true => self.workers[n].freeze(),
            false => self.workers[n].thaw(),
        }
        self.heed();
    }

    /// The way between a worker and the server.
    pub fn way(&mut self, n: usize, way: Way) {
        if let Some(line) = self.lines.get(n) {
            line.goes(way);
            self.ways[n] = way;
            self.heed();
        }
    }

    /// A worker's disk is full, or has room.
    ///
    /// # Errors
    /// The system's.
    pub fn fills(&mut self, n: usize, so: bool) -> anyhow::Result<()> {
        // The journal is what grows with every write.
        let journal = self.folder.join("latitude.db-wal");
        let most = so.then(|| std::fs::metadata(journal).map_or(0, |it| it.len()));
        if self.workers[n].runs() {
            self.workers[n].files_at_most(most)?;
            self.full[n] = so;
        }
        self.heed();
        Ok(())
    }

    /// The server's processes die at once, and it starts again.
    ///
    /// # Errors
    /// When it does not.
    pub async fn restarts(&mut self) -> anyhow::Result<()> {
        let Some(server) = self.server else {
            return Ok(());
        };
        self.away(true);
        server.restart().await?;
        self.away(false);
        Ok(())
    }

    /// The server's processes stand still, or go on.
    ///
    /// # Errors
    /// When it is not running.
    pub fn stalls(&mut self, so: bool) -> anyhow::Result<()> {
        let Some(server) = self.server else {
            return Ok(());
        };
        match so {
            true => server.stall()?,
            false => server.go_on()?,
        }
        self.away(so);
        Ok(())
    }

    fn away(&mut self, so: bool) {
        self.server_is_away = so;
        self.heed();
    }

    /// Someone runs a command and waits for its end.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn command(&self, words: &[&'static str]) -> anyhow::Result<()> {
        let mut command = Process::new(
            words.first().context("a command")?,
            words,
            &self.config,
            &self.folder,
        );
        command.start()?;
        let began = now();
        while command.runs() {
            anyhow::ensure!(
                began.elapsed() < PATIENCE,
                "latitude {} does not end",
                words.join(" ")
            );
            tokio::time::sleep(LOOK).await;
        }
        anyhow::ensure!(command.ends(PATIENCE).await.is_some(), "{}", command.told());
        Ok(())
    }

    /// What every process has logged, the last lines of each.
    pub fn logs(&self) -> String {
        let mut all = String::new();
        for process in self.workers.iter().chain([&self.pages, &self.visitor]) {
            let told = process.told();
            let lines: Vec<&str> = told.lines().collect();
            for line in &lines[lines.len().saturating_sub(40)..] {
                all += &format!("  {}: {line}\n", process.name);
            }
        }
        all
    }

    /// How often something was logged.
    pub fn logged(&self, what: &str) -> usize {
        let all = self.workers.iter().chain([&self.visitor]);
        all.map(|it| it.told().matches(what).count()).sum()
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// The address of the same database at another port.
fn over(address: &str, port: u16) -> anyhow::Result<String> {
    let mut url = url::Url::parse(address)?;
    let set = url.set_port(Some(port));
    anyhow::ensure!(set.is_ok(), "an address that has no port");
    Ok(format!("{url}?sslmode=disable"))
}

fn configure(
    folder: &Path,
    name: &str,
    database: &str,
    (port, lease): (u16, TimeDelta),
    companies: &[Company],
) -> anyhow::Result<PathBuf> {
    let mut file = format!(
        "[database]\nurl = {}\n[secrets]\nkey = \"{KEY}\"\n[web]\nlisten = \"127.0.0.1:{port}\"\n\
         public_url = \"http://127.0.0.1:{port}\"\nsign_ins_a_minute = 1000000\n\
         sign_in = {{ kind = \"demo\" }}\n[sync]\npoll_seconds = 1\n[worker]\nlanes = {}\n\
         lease_seconds = {}\n[log]\nlevel = \"warn\"\n",
        text(database),
        companies.len().max(4),
        lease.num_seconds(),
    );
    for company in companies {
        file += &connection(company.id.as_str(), &company.settings, "");
    }
    let place = folder.join(format!("{name}.toml"));
    std::fs::write(&place, file)?;
    Ok(place)
}
