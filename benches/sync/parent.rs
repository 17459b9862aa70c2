//! Runs every case in its own process and prints the table.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use sqlx::Connection as _;

use super::clock::Shifted;
use super::floor;
use super::measure::Taken;
use super::peers::Peers;
use super::setting::Setting;

/// What a page takes, where latency is what is measured.
const PAGE_MILLIS: u64 = 400;
/// What a write call takes then.
const WRITE_MILLIS: u64 = 100;

/// Where a run stands.
struct Run {
    deals: usize,
    crm: String,
    clock: Shifted,
    folder: PathBuf,
    server: Option<String>,
    databases: Vec<String>,
    made: usize,
    peers: Option<Peers>,
}

/// Runs everything.
pub async fn run(deals: usize, only_latency: bool, no_latency: bool) -> anyhow::Result<()> {
    let clock = Shifted::to_tuesday();
    let (standin, port) = standin(deals, clock)?;
    let folder = std::env::temp_dir().join(format!("latitude-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let mut run = Run {
        deals,
        crm: format!("http://127.0.0.1:{port}"),
        clock,
        folder: folder.clone(),
        server: postgres(),
        databases: Vec::new(),
        made: 0,
        peers: Peers::find(),
    };
    let done = run.everything(only_latency, no_latency).await;
    drop(standin);
    std::fs::remove_dir_all(&folder)?;
    for name in &run.databases {
        run.admin(&format!("DROP DATABASE {name} WITH (FORCE)"))
            .await?;
    }
    done
}

#[expect(
    clippy::disallowed_methods,
    reason = "which database there is is the machine's say"
)]
fn postgres() -> Option<String> {
    std::env::var("LATITUDE_TEST_POSTGRES").ok()
}

/// The stand-in in a process of its own, ended when this is dropped.
struct Standin(Child);

impl Drop for Standin {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts it; tells its port.
fn standin(deals: usize, clock: Shifted) -> anyhow::Result<(Standin, u16)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["standin", &deals.to_string(), "0", &clock.0.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let told = child.stdout.take().context("the stand-in's port")?;
    let standin = Standin(child);
    let mut line = String::new();
    BufReader::new(told).read_line(&mut line)?;
    Ok((standin, line.trim().parse()?))
}

impl Run {
    fn setting(&self) -> Setting {
        Setting {
            crm: self.crm.clone(),
            database: String::new(),
            clock: self.clock,
        }
    }

    /// An empty database of that kind.
    async fn database(&mut self, kind: &str) -> anyhow::Result<String> {
        self.made += 1;
        let n = self.made;
        if kind == "SQLite" {
            return Ok(format!("sqlite://{}/{n}.db", self.folder.display()));
        }
        let name = format!("latitude_bench_{}_{n}", std::process::id());
        self.admin(&format!("CREATE DATABASE {name}")).await?;
        let server = self.server.as_deref().context("a PostgreSQL")?;
        let mut own = url::Url::parse(server)?;
        own.set_path(&name);
        self.databases.push(name);
        Ok(own.to_string())
    }

    #[expect(clippy::disallowed_methods, reason = "the text is of ours")]
    async fn admin(&self, sql: &str) -> anyhow::Result<()> {
        let server = self.server.as_deref().context("a PostgreSQL")?;
        let mut door = sqlx::PgConnection::connect(server).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&mut door)
            .await?;
        Ok(())
    }

    /// Runs a peer, where it is installed, and counts its calls.
    async fn peer(
        &self,
        (what, script): (&str, &str),
        args: &[&str],
        ours: &Taken,
    ) -> anyhow::Result<()> {
        let Some(peers) = &self.peers else {
            return Ok(());
        };
        let before = self.calls().await?;
        let args: Vec<&str> = [self.crm.as_str()]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        if let Some(mut taken) = peers.run(script, &args) {
            taken.calls = self.calls().await? - before;
            line(what, &taken, None);
            println!(
                "  {:<60} {:>7.2} x our wall, {:.2} x our CPU",
                "",
                taken.wall / ours.wall,
                taken.cpu / ours.cpu
            );
        }
        Ok(())
    }

    /// Calls the stand-in has counted.
    async fn calls(&self) -> anyhow::Result<u64> {
        let stats = self.setting().stats().await?;
        Ok(stats["calls"].as_u64().unwrap_or_default())
    }

    /// Peers that pull; each into a file of its own.
    async fn pulls_of_peers(&self, ours: &Taken) -> anyhow::Result<()> {
        let soql = floor::soql(&Setting::names()?);
        for (what, script) in [
            (
                "simple-salesforce 1.12.10 into SQLite",
                "pull_simple_salesforce.py",
            ),
            ("jsforce 3.10.16 into lines of JSON", "pull_jsforce.mjs"),
            ("dlt 1.31.0 into SQLite", "pull_dlt.py"),
        ] {
            let file = self.folder.join(script).display().to_string();
            self.peer((what, script), &[&soql, &file], ours).await?;
        }
        Ok(())
    }

    /// Peers that write; each the records that Latitude wrote.
    async fn writes_of_peers(&self, ours: &Taken) -> anyhow::Result<()> {
        for (what, script) in [
            (
                "simple-salesforce 1.12.10, Collections",
                "write_simple_salesforce.py",
            ),
            ("jsforce 3.10.16, Collections", "write_jsforce.mjs"),
        ] {
            self.peer((what, script), &[], ours).await?;
        }
        Ok(())
    }

    /// Runs a case in a process of its own.
    async fn case(&self, name: &str, database: &str) -> anyhow::Result<Taken> {
        let before = self.calls().await?;
        let done = Command::new(std::env::current_exe()?)
            .args(["case", name, &self.crm, database])
            .args([self.clock.0.to_string(), self.deals.to_string()])
            // As the image runs it: memory that one thread gave back is there for the others.
            .env("MALLOC_ARENA_MAX", "2")
            .stderr(Stdio::inherit())
            .output()?;
        anyhow::ensure!(done.status.success(), "{name} ended with {}", done.status);
        let mut taken: Taken = serde_json::from_slice(&done.stdout)?;
        taken.calls = self.calls().await? - before;
        Ok(taken)
    }

    async fn everything(&mut self, only_latency: bool, no_latency: bool) -> anyhow::Result<()> {
        println!(
            "{} deals; a stand-in for the CRM in a process of its own\n",
            self.deals
        );
        if self.peers.is_none() {
            println!("The peers are not installed; benches/peers/install does it.\n");
        }
        let (first, second) = (
            self.case("floor-bytes", "").await?,
            self.case("floor-bytes", "").await?,
        );
        head();
        line(
            "bare client, bodies unpacked and thrown away: pages made",
            &first,
            None,
        );
        line(
            "the same: pages ready, the stand-in's own speed",
            &second,
            None,
        );
        let kinds: &[&str] = match self.server {
            Some(_) => &["SQLite", "PostgreSQL"],
            None => &["SQLite"],
        };
        for kind in kinds {
            if !only_latency {
                self.no_latency(kind).await?;
            }
            if !no_latency {
                self.latency(kind).await?;
            }
        }
        Ok(())
    }

    async fn no_latency(&mut self, kind: &str) -> anyhow::Result<()> {
        println!("\n{kind}, no latency");
        head();
        let bare = self.database(kind).await?;
        self.case("found", &bare).await?;
        let floor = match kind {
            "SQLite" => "floor-sqlite",
            _ => "floor-postgres",
        };
        let own = self.database(kind).await?;
        self.case("found", &own).await?;
        // Once to warm the pages that Latitude asks for.
        let warm = self.database(kind).await?;
        self.case("found", &warm).await?;
        self.case("pull", &warm).await?;
        let least = self.case(floor, &bare).await?;
        line("floor: a bare client inserts the same rows", &least, None);
        let pull = self.case("pull", &own).await?;
        line("full pull", &pull, Some(&least));
        if kind == "SQLite" {
            self.pulls_of_peers(&pull).await?;
        }
        line(
            "second full pull, nothing changed",
            &self.case("again", &own).await?,
            Some(&least),
        );
        line(
            "nightly reconcile, nothing changed",
            &self.case("nightly", &own).await?,
            Some(&least),
        );
        line("idle pull", &self.case("more", &own).await?, None);
        self.setting().ask("set?touch=100").await?;
        line(
            "incremental pull of 1 %",
            &self.case("more", &own).await?,
            None,
        );
        line("assess", &self.case("assess", &own).await?, None);
        line("ask", &self.case("ask", &own).await?, None);
        self.setting().ask("set?forget=true").await?;
        let written = self.case("write", &own).await?;
        self.setting().ask("set?enough=true").await?;
        let least = self.case("floor-write", "").await?;
        line("floor: a bare client sends the same bodies", &least, None);
        line(
            "write-back, with what is remembered of it",
            &written,
            Some(&least),
        );
        self.writes_of_peers(&written).await?;
        let fresh = self.database(kind).await?;
        self.case("found", &fresh).await?;
        let whole = self.case("loop", &fresh).await?;
        line("everything: pull, assess, ask, write", &whole, None);
        println!("  {}", whole.note);
        Ok(())
    }

    async fn latency(&mut self, kind: &str) -> anyhow::Result<()> {
        println!("\n{kind}, {PAGE_MILLIS} ms a page, {WRITE_MILLIS} ms a write call");
        head();
        let own = self.database(kind).await?;
        self.case("found", &own).await?;
        self.setting()
            .ask(&format!("set?page={PAGE_MILLIS}&write={WRITE_MILLIS}"))
            .await?;
        let least = self.case("floor-bytes", "").await?;
        line(
            "floor: a bare client, one page after the other",
            &least,
            None,
        );
        line("full pull", &self.case("pull", &own).await?, Some(&least));
        self.case("assess", &own).await?;
        self.case("ask", &own).await?;
        self.setting().ask("set?forget=true").await?;
        let written = self.case("write", &own).await?;
        self.setting().ask("set?enough=true").await?;
        let least = self.case("floor-write", "").await?;
        line(
            "floor: a bare client, the same bodies one after the other",
            &least,
            None,
        );
        line(
            "write-back, with what is remembered of it",
            &written,
            Some(&least),
        );
        if kind == "SQLite" {
            self.writes_of_peers(&written).await?;
        }
        self.setting().ask("set?page=0&write=0").await?;
        Ok(())
    }
}

fn head() {
    println!(
        "  {:<60} {:>8} {:>8} {:>8} {:>7} {:>9}  {:>7} {:>7}",
        "", "wall s", "CPU s", "MiB", "calls", "rows", "x wall", "x CPU"
    );
}

fn line(what: &str, taken: &Taken, floor: Option<&Taken>) {
    let ratios = floor.map_or_else(String::new, |floor| {
        format!(
            "{:>7.2} {:>7.2}",
            taken.wall / floor.wall,
            taken.cpu / floor.cpu
        )
    });
    println!(
        "  {what:<60} {:>8.2} {:>8.2} {:>8.1} {:>7} {:>9}  {ratios}",
        taken.wall, taken.cpu, taken.peak, taken.calls, taken.rows
    );
}
