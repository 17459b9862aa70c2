//! What a part of this process took: wall time, CPU time of all its threads, peak memory.

use std::time::Instant;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// What a case took.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Taken {
    /// Seconds.
    pub wall: f64,
    /// Seconds of CPU of the process, database server and stand-in not counted.
    pub cpu: f64,
    /// The most memory the process ever held, MiB.
    pub peak: f64,
    /// Calls that the stand-in counted, sign-in included; filled in by the parent.
    #[serde(default)]
    pub calls: u64,
    /// How much was done: rows, deals.
    pub rows: u64,
    /// What else is worth telling.
    #[serde(default)]
    pub note: String,
}

/// A stop-watch over time and CPU.
pub struct Watch {
    began: Instant,
    cpu: f64,
}

impl Watch {
    /// Starts it.
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    pub fn start() -> anyhow::Result<Self> {
        Ok(Self {
            cpu: cpu_seconds()?,
            began: Instant::now(),
        })
    }

    /// What it took to do so much.
    pub fn stop(&self, rows: u64) -> anyhow::Result<Taken> {
        Ok(Taken {
            wall: self.began.elapsed().as_secs_f64(),
            cpu: cpu_seconds()? - self.cpu,
            peak: peak_mib()?,
            rows,
            ..Taken::default()
        })
    }
}

/// CPU seconds of this process so far, user and system; the kernel counts hundredths.
pub fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after = stat.rsplit_once(") ").context("/proc/self/stat")?.1;
    let ticks = after.split(' ').skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

fn peak_mib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line
        .context("VmHWM")?
        .trim()
        .trim_end_matches(" kB")
        .parse()?;
    Ok(kib / 1024.0)
}
