//! Latitude in a storm: real processes, killed, frozen, cut off, filled up and restarted while
//! people work; afterwards nothing may be lost, and everything must be as it should be.
//!
//! `cargo bench --bench storm -- --runs 200`: so many runs, a seed each; `--seed 17` begins with
//! that one, `--kind postgres` plays one kind only, `--at-once 2` plays two at a time,
//! `--freezes 10` freezes a worker so often in a run that is about that, `--story` tells the story of
//! every run. A run that fails tells its own, and how to play it again. `docs/faults.md` has the
//! figures.
//!
//! What needs PostgreSQL uses a server of its own, from the programs of this machine.

mod play;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};

use play::{Kind, Length, Plan, Played, Server, play};

/// What can be played, by its name on the command line.
const KINDS: [(&str, Kind); 5] = [
    ("sqlite", Kind::Sqlite),
    ("postgres", Kind::Postgres),
    ("frozen-sqlite", Kind::FrozenSqlite),
    ("frozen-postgres", Kind::FrozenPostgres),
    ("replicas", Kind::Replicas),
];

fn name(kind: Kind) -> &'static str {
    let known = KINDS.iter().find(|(_, known)| *known == kind);
    known.map_or("", |(name, _)| name)
}

/// What the command line says.
struct Asked {
    runs: u64,
    seed: u64,
    kind: Option<Kind>,
    at_once: u64,
    length: Length,
    story: bool,
}

impl Asked {
    fn read() -> anyhow::Result<Self> {
        let mut asked = Self {
            runs: 10,
            seed: 1,
            kind: None,
            at_once: 2,
            length: Length {
                storm: Duration::from_secs(6),
                freezes: 10,
                connections: 16,
            },
            story: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .with_context(|| format!("{word} lacks its value"))
            };
            match word.as_str() {
                "--runs" => asked.runs = value()?.parse()?,
                "--seed" => asked.seed = value()?.parse()?,
                "--at-once" => asked.at_once = value()?.parse()?,
                "--freezes" => asked.length.freezes = value()?.parse()?,
                "--story" => asked.story = true,
                "--kind" => {
                    let name = value()?;
                    let known = KINDS.into_iter().find(|(known, _)| *known == name);
                    asked.kind = Some(known.with_context(|| format!("there is no kind {name}"))?.1);
                }
                // Cargo adds it.
                "--bench" => {}
                other => {
                    bail!("{other}? say --runs, --seed, --kind, --at-once, --freezes or --story")
                }
            }
        }
        Ok(asked)
    }

    /// Most runs are storms on either database; some are about one thing.
    fn plan(&self, seed: u64) -> Plan {
        let kind = self.kind.unwrap_or(match seed % 10 {
            0 => Kind::Replicas,
            1 => Kind::FrozenSqlite,
            2 => Kind::FrozenPostgres,
            n if n % 2 == 0 => Kind::Sqlite,
            _ => Kind::Postgres,
        });
        Plan::draw(seed, kind, self.length)
    }
}

/// What came out, by kind.
#[derive(Default)]
struct Sum {
    runs: u64,
    failed: u64,
    saved: usize,
    frozen: (usize, usize, usize),
    recoveries: Vec<Duration>,
    idle: Duration,
    rest: Duration,
    took: Duration,
}

impl Sum {
    fn add(&mut self, played: &Played) {
        self.runs += 1;
        self.failed += u64::from(!played.wrong.is_empty());
        self.saved += played.saved;
        self.frozen.0 += played.frozen.0;
        self.frozen.1 += played.frozen.1;
        self.frozen.2 += played.frozen.2;
        self.recoveries
            .extend(played.waits.recoveries.iter().map(|it| it.1));
        self.idle = self.idle.max(played.waits.idle);
        self.rest = self.rest.max(played.rest);
        self.took += played.took;
    }

    fn told(&self, kind: Kind) -> String {
        let longest = self.recoveries.iter().max().copied().unwrap_or_default();
        let (frozen, taken, lost) = self.frozen;
        format!(
            "{:<16} {:>4} runs {:>3} failed {:>6} saved  {frozen:>4} frozen {taken:>4} taken over {lost:>4} found lost  \
             {:>5} leases lost, back within {longest:.2?}  idle {:.2?}  at rest within {:.1?}  {:.1?} a run",
            name(kind),
            self.runs,
            self.failed,
            self.saved,
            self.recoveries.len(),
            self.idle,
            self.rest,
            self.took / u32::try_from(self.runs.max(1)).unwrap_or(1),
        )
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            println!("{failed} runs failed");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Plays every run; answers with how many failed.
async fn run() -> anyhow::Result<u64> {
    let asked = Arc::new(Asked::read()?);
    let sums: Arc<Mutex<BTreeMap<&'static str, (Kind, Sum)>>> = Arc::default();
    let next = Arc::new(std::sync::atomic::AtomicU64::new(asked.seed));
    let end = asked.seed + asked.runs;
    let mut players = Vec::new();
    for _ in 0..asked.at_once {
        let (asked, sums, next) = (asked.clone(), sums.clone(), next.clone());
        players.push(tokio::spawn(async move {
            let server = Server::start().await?;
            loop {
                let seed = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                if seed >= end {
                    return Ok::<_, anyhow::Error>(());
                }
                let plan = asked.plan(seed);
                if plan.kind.needs_server() && server.is_none() {
                    println!("seed {seed}: no PostgreSQL on this machine, left out");
                    continue;
                }
                let played = play(&plan, server.as_ref()).await;
                let played = played.with_context(|| format!("seed {seed}, {}", name(plan.kind)))?;
                told(&plan, &played, asked.story);
                let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
                let (_, sum) = sums
                    .entry(name(plan.kind))
                    .or_insert((plan.kind, Sum::default()));
                sum.add(&played);
            }
        }));
    }
    for player in players {
        player.await??;
    }
    let sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
    let mut failed = 0;
    for (kind, sum) in sums.values() {
        println!("{}", sum.told(*kind));
        failed += sum.failed;
    }
    Ok(failed)
}

fn told(plan: &Plan, played: &Played, whole: bool) {
    let (kind, seed) = (name(plan.kind), plan.seed);
    let word = if played.wrong.is_empty() {
        "well"
    } else {
        "WRONG"
    };
    println!(
        "seed {seed} {kind} {}: {word}, {:.1?}",
        plan.crm, played.took
    );
    if whole || !played.wrong.is_empty() {
        print!("{}", played.story);
    }
    for wrong in &played.wrong {
        println!("  WRONG: {wrong}");
    }
    if !played.wrong.is_empty() {
        println!("  again: cargo bench --bench storm -- --runs 1 --seed {seed} --kind {kind}");
    }
}
