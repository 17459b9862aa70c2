//! A process of the real program that is killed, frozen, thawed, and refused a larger file.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tokio::net::TcpListener;

use super::story::now;

/// How often a process that is to end is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// A port that is free now.
///
/// # Errors
/// When there is none.
pub async fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    Ok(listener.local_addr()?.port())
}

/// `latitude WORDS --config FILE`; it ends when it is dropped.
pub struct Process {
    /// What it is called in the story.
    pub name: String,
    words: Vec<&'static str>,
    config: PathBuf,
    log: PathBuf,
    child: Option<Child>,
    /// Whether it stands still.
    pub frozen: bool,
}

impl Process {
    /// Describes one; [`Process::start`] starts it.
    pub fn new(name: &str, words: &[&'static str], config: &Path, folder: &Path) -> Self {
        Self {
            name: name.to_owned(),
            words: words.to_vec(),
            config: config.to_owned(),
            log: folder.join(format!("{name}.log")),
            child: None,
            frozen: false,
        }
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the program is not there.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        // A file that must not grow is then an error of the write, not the end of the process.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        command
            .arg(env!("CARGO_BIN_EXE_latitude"))
            .args(&self.words);
        command.arg("--config").arg(&self.config);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.child = Some(command.spawn()?);
        self.frozen = false;
        Ok(())
    }

    /// Whether it runs, frozen or not.
    pub fn runs(&mut self) -> bool {
        let ended = self.child.as_mut().map(Child::try_wait);
        matches!(ended, Some(Ok(None)))
    }

    fn pid(&self) -> Option<Pid> {
        self.child.as_ref().map(Pid::from_child)
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            // One that has ended by itself is started again where that is noticed.
            kill_process(pid, signal).ok();
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
        self.frozen = false;
    }

    /// It stands still.
    pub fn freeze(&mut self) {
        self.signal(Signal::STOP);
        self.frozen = true;
    }

    /// It goes on.
    pub fn thaw(&mut self) {
        self.signal(Signal::CONT);
        self.frozen = false;
    }

    /// From now on no file of it may be longer than so many bytes; as long as it likes with none.
    ///
    /// # Errors
    /// The system's.
    pub fn files_at_most(&self, bytes: Option<u64>) -> std::io::Result<()> {
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(self.pid(), Resource::Fsize, limit)?;
        Ok(())
    }

    /// Tells it to end; answers with how long that took, none where it did not end well.
    pub async fn ends(&mut self, most: Duration) -> Option<Duration> {
        self.signal(Signal::TERM);
        let (mut child, began) = (self.child.take()?, now());
        while began.elapsed() < most {
            if let Ok(Some(status)) = child.try_wait() {
                return status.success().then(|| began.elapsed());
            }
            tokio::time::sleep(LOOK).await;
        }
        drop(child.kill());
        drop(child.wait());
        None
    }

    /// What it has logged.
    pub fn told(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
