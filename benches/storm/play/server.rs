//! A PostgreSQL server of our own, to be restarted and stalled as we please.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, ensure};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::Connection;

use super::process::free_port;

/// The server; it ends when it is dropped.
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    user: Option<(u32, u32)>,
}

/// Someone who is not root, for a server that will not run as root.
fn nobody() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let people = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = people.lines().find(|line| line.starts_with("nobody:"))?;
    let mut numbers = line.split(':').skip(2).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// The newest release of PostgreSQL on this machine.
fn programs() -> Option<PathBuf> {
    let releases = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = releases.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    folders.filter(|it| it.join("initdb").exists()).max()
}

impl Server {
    /// Starts one; none where the machine has no PostgreSQL.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> anyhow::Result<Option<Self>> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("latitude-storm-server-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder)?;
        let user = nobody();
        if let Some((user, group)) = user {
            std::os::unix::fs::chown(&folder, Some(user), Some(group))?;
        }
        let port = free_port().await?;
        let server = Self {
            programs,
            folder,
            port,
            user,
        };
        let data = server.data();
        let data = data.to_string_lossy();
        let words = [
            "-D",
            &data,
            "-U",
            "latitude",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ];
        server.run("initdb", &words).await?;
        // The machine does not crash, so what the server has handed to it is safe.
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=80 \
             -c shared_buffers=16MB",
            server.folder.display()
        );
        let log = server.folder.join("log");
        let log = log.to_string_lossy();
        let words = ["-D", &data, "-w", "-l", &log, "-o", &options, "start"];
        server.run("pg_ctl", &words).await?;
        Ok(Some(server))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args(words).current_dir(&self.folder);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    async fn run(&self, program: &str, words: &[&str]) -> anyhow::Result<()> {
        let mut command = self.command(program, words);
        let status = tokio::task::spawn_blocking(move || command.status()).await??;
        ensure!(status.success(), "{program} {}: {status}", words.join(" "));
        Ok(())
    }

    /// The port it answers on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of a fresh database.
    ///
    /// # Errors
    /// The server's.
    #[expect(clippy::disallowed_methods, reason = "the name is ours")]
    pub async fn fresh(&self) -> anyhow::Result<String> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("storm{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let address = |name: &str| format!("postgres://latitude@127.0.0.1:{}/{name}", self.port);
        let mut door = sqlx::PgConnection::connect(&address("postgres")).await?;
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut door).await?;
        Ok(address(&name))
    }

    /// Takes a database away.
    ///
    /// # Errors
    /// The server's.
    #[expect(clippy::disallowed_methods, reason = "the name is ours")]
    pub async fn drop_it(&self, address: &str) -> anyhow::Result<()> {
        let name = address.rsplit('/').next().context("a name")?;
        let there = format!("postgres://latitude@127.0.0.1:{}/postgres", self.port);
        let mut door = sqlx::PgConnection::connect(&there).await?;
        let drop = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
        sqlx::raw_sql(drop).execute(&mut door).await?;
        Ok(())
    }

    /// Every process of it dies at once, and it starts again.
    ///
    /// # Errors
    /// When it does not.
    pub async fn restart(&self) -> anyhow::Result<()> {
        // What stands still cannot even die.
        self.go_on()?;
        let data = self.data();
        let data = data.to_string_lossy();
        let log = self.folder.join("log");
        let log = log.to_string_lossy();
        let words = ["-D", &data, "-m", "immediate", "-w", "-l", &log, "restart"];
        self.run("pg_ctl", &words).await
    }

    /// Every process of it stands still.
    ///
    /// # Errors
    /// When it is not running.
    pub fn stall(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// … and goes on.
    ///
    /// # Errors
    /// When it is not running.
    pub fn go_on(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid"))?;
        let first: i32 = file.lines().next().context("a number")?.parse()?;
        let all = children_of(first)?.into_iter().chain([first]);
        for process in all.filter_map(Pid::from_raw) {
            // One that has ended meanwhile needs none.
            kill_process(process, signal).ok();
        }
        Ok(())
    }
}

/// The processes that one has started.
fn children_of(parent: i32) -> io::Result<Vec<i32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let number = path.file_name().and_then(|it| it.to_str()?.parse().ok());
        if let Some(number) = number.filter(|_| parent_of(&path) == Some(parent)) {
            found.push(number);
        }
    }
    Ok(found)
}

fn parent_of(process: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(process.join("stat")).ok()?;
    let after = text.rsplit(')').next()?;
    after.split_whitespace().nth(1)?.parse().ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.go_on());
        let data = self.data();
        let data = data.to_string_lossy();
        let words = ["-D", &data, "-m", "immediate", "-w", "stop"];
        drop(self.command("pg_ctl", &words).status());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
