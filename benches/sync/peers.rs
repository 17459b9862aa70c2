//! The peers that `benches/peers/install` has put below `target/peers`, each in its own process.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::measure::Taken;

/// Where the peers are; none where they were not installed.
pub struct Peers {
    scripts: PathBuf,
    installed: PathBuf,
}

impl Peers {
    /// Looks for them.
    pub fn find() -> Option<Self> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let binary = std::env::current_exe().ok()?;
        let target = binary.ancestors().find(|it| it.join("peers").is_dir());
        let installed = target
            .map_or(root.join("target"), PathBuf::from)
            .join("peers");
        installed.is_dir().then(|| Self {
            scripts: root.join("benches/peers"),
            installed,
        })
    }

    /// Runs a script; none where its runtime or package is missing, or where it fails, with what it
    /// said shown.
    pub fn run(&self, script: &str, args: &[&str]) -> Option<Taken> {
        let mut command = if script.ends_with(".py") {
            Command::new(self.installed.join("python/bin/python"))
        } else {
            Command::new("node")
        };
        command.arg(self.scripts.join(script)).args(args);
        if script.ends_with(".mjs") {
            command.arg(&self.installed);
        }
        let done = command.stderr(Stdio::piped()).output().ok()?;
        let told = String::from_utf8_lossy(&done.stdout);
        let taken = told
            .lines()
            .next_back()
            .and_then(|line| serde_json::from_str(line).ok());
        if taken.is_none() {
            let why = String::from_utf8_lossy(&done.stderr);
            let why = why.lines().rfind(|line| !line.trim().is_empty());
            println!(
                "  {script} was left out: {}",
                why.unwrap_or("it said nothing")
            );
        }
        taken
    }
}
