//! Faults by the thousand: `cargo bench --bench faults -- --seeds 10000`, `-- --seed 17` replays one.
#![expect(clippy::print_stdout, reason = "a command tells")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use clap::Parser;
use latitude::env::fate::Flaw;

#[path = "../tests/it/faults/sim/mod.rs"]
mod sim;

use sim::{Options, Outcome, run};

/// Runs Latitude through storms that a seed decides, and checks that nothing is lost.
#[derive(Parser)]
struct Command {
    /// How many seeds to run.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Runs this one alone, and tells what happens.
    #[arg(long)]
    seed: Option<u64>,
    /// Makes a mistake on purpose, to see that it is found; in debug builds only.
    #[arg(long, value_enum)]
    flaw: Option<Mistake>,
    /// Only one CRM, by its id.
    #[arg(long)]
    crm: Option<String>,
    /// Seeds that are run at once.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// What cargo gives every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A mistake that is made on purpose.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Mistake {
    /// A worker that lost its lease goes on.
    NoFence,
    /// The place in the changes is saved before the rows.
    CursorFirst,
    /// A token is used before it is saved.
    TokenUnsaved,
}

impl From<Mistake> for Flaw {
    fn from(mistake: Mistake) -> Self {
        match mistake {
            Mistake::NoFence => Self::NoFence,
            Mistake::CursorFirst => Self::CursorFirst,
            Mistake::TokenUnsaved => Self::TokenUnsaved,
        }
    }
}

fn main() -> std::process::ExitCode {
    let command = Command::parse();
    if let Some(seed) = command.seed {
        let mut options = Options::of(seed);
        (options.aloud, options.only) = (true, command.crm);
        options.flaw = command.flaw.map(Flaw::from);
        let outcome = run(options);
        println!("{:#?}", outcome.findings);
        return ended(outcome.findings.is_empty());
    }
    let began = tokio::time::Instant::now();
    let next = AtomicU64::new(command.from);
    let end = command.from + command.seeds;
    let total = Mutex::new((BTreeMap::new(), TimeDelta::zero(), 0_u64));
    std::thread::scope(|scope| {
        for _ in 0..command.threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let mut options = Options::of(seed);
                    options.only.clone_from(&command.crm);
                    options.flaw = command.flaw.map(Flaw::from);
                    add(&total, seed, run(options));
                }
            });
        }
    });
    let took = began.elapsed().as_secs_f64();
    let (counts, lived, failed) = total
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let seeds = command.seeds;
    println!(
        "{seeds} seeds in {took:.0} s ({:.1} a second), {} hours simulated",
        seeds as f64 / took,
        lived.num_hours()
    );
    for (what, count) in counts {
        println!("{count:>10}  {what}");
    }
    println!("{failed} of {seeds} seeds broke a promise");
    ended(failed == 0)
}

type Total = Mutex<(BTreeMap<String, u64>, TimeDelta, u64)>;

fn add(total: &Total, seed: u64, outcome: Outcome) {
    let mut total = total
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    for (what, count) in outcome.counts {
        *total.0.entry(what).or_default() += count;
    }
    total.1 += outcome.lived;
    if !outcome.findings.is_empty() {
        total.2 += 1;
        println!("seed {seed}: {}", outcome.findings.join("\n    "));
    }
}

fn ended(well: bool) -> std::process::ExitCode {
    if well {
        std::process::ExitCode::SUCCESS
    } else {
        std::process::ExitCode::FAILURE
    }
}
