//! What happens in a run, drawn from its seed.

use std::time::Duration;

use chrono::TimeDelta;
use latitude::crm;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

/// What a run is played on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file: pages and one worker, and someone who runs `latitude sync --once` beside it.
    Sqlite,
    /// A server: pages and two workers.
    Postgres,
    /// A file whose worker is frozen past its lease while it works, over and over.
    FrozenSqlite,
    /// A server, one of whose workers is frozen past its lease while it works, over and over.
    FrozenPostgres,
    /// A server, two workers and sixteen connections: killed, cut off, restarted.
    Replicas,
}

impl Kind {
    /// Whether it needs a server.
    pub fn needs_server(self) -> bool {
        !matches!(self, Self::Sqlite | Self::FrozenSqlite)
    }

    /// How many workers there are.
    pub fn workers(self) -> usize {
        if self.needs_server() { 2 } else { 1 }
    }
}

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A seller types into a deal in the CRM.
    Types,
    /// A seller publishes on the deal's panel.
    Publishes,
    /// A CRM that pushes tells of a change: late, twice, or of none at all.
    Pushes,
    /// A worker is killed, and started again.
    Kills(usize),
    /// The pages are killed, and started again.
    KillsPages,
    /// A worker stands still …
    Freezes(usize),
    /// … and goes on.
    Thaws(usize),
    /// Someone runs `latitude sync --once`.
    Visits,
    /// What is between a worker and the database: stalls, is cut, is slow …
    DatabaseSilent(usize),
    /// The same.
    DatabaseCut(usize),
    /// The same.
    DatabaseSlow(usize),
    /// … forgets every connection, as a firewall does …
    DatabaseForgets(usize),
    /// … and is as it was.
    DatabaseOpen(usize),
    /// What is between the workers and the CRM: stalls, is cut, is slow …
    CrmSilent,
    /// The same.
    CrmCut,
    /// The same.
    CrmSlow,
    /// … and is as it was.
    CrmOpen,
    /// The server's processes die at once, and it starts again.
    Restarts,
    /// The server's processes stand still …
    Stalls,
    /// … and go on.
    GoesOn,
    /// A worker's disk is full …
    Fills(usize),
    /// … and has room again.
    Frees(usize),
}

/// What happens when.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// What it is played on.
    pub kind: Kind,
    /// The CRM.
    pub crm: &'static str,
    /// Companies, a connection each.
    pub companies: usize,
    /// Deals of each.
    pub deals: usize,
    /// The lease of every worker.
    pub lease: TimeDelta,
    /// How long it is.
    pub length: Length,
    /// In the order of their times.
    pub steps: Vec<(Duration, Step)>,
}

/// How long a run is.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    /// How long the storm lasts.
    pub storm: Duration,
    /// How often a worker is frozen past its lease, where that is what the run is about.
    pub freezes: usize,
    /// Connections, where the run is about many.
    pub connections: usize,
}

impl Plan {
    /// Draws one.
    pub fn draw(seed: u64, kind: Kind, length: Length) -> Self {
        let mut dice = ChaCha12Rng::seed_from_u64(seed);
        let all = crm::ALL;
        let crm = all[dice.random_range(0..all.len())].profile().id;
        let (companies, deals) = match kind {
            Kind::Replicas => (length.connections, 3),
            _ => (1, 12),
        };
        let mut plan = Self {
            seed,
            kind,
            crm,
            companies,
            deals,
            // As short as the configuration allows; longer where there is more to do in it.
            lease: TimeDelta::seconds(if kind == Kind::Replicas { 4 } else { 2 }),
            length,
            steps: Vec::new(),
        };
        match kind {
            Kind::Sqlite | Kind::Postgres => {
                plan.people(&mut dice, length.storm, 200);
                let faults = dice.random_range(4..=7);
                for _ in 0..faults {
                    plan.fault(&mut dice);
                }
            }
            Kind::Replicas => plan.replicas(&mut dice),
            // Their story is told step by step, as leases come and go.
            Kind::FrozenSqlite | Kind::FrozenPostgres => {}
        }
        plan.steps.sort_by_key(|(at, _)| *at);
        plan
    }

    fn at(&mut self, at: Duration, step: Step) {
        self.steps.push((at, step));
    }

    /// What people do meanwhile, about so many milliseconds apart.
    fn people(&mut self, dice: &mut ChaCha12Rng, until: Duration, apart: u64) {
        let mut at = Duration::from_millis(300);
        while at < until {
            let step = match dice.random_range(0..10) {
                0..4 => Step::Publishes,
                4..8 => Step::Types,
                _ => Step::Pushes,
            };
            self.at(at, step);
            at += Duration::from_millis(dice.random_range(apart / 4..apart * 7 / 4));
        }
    }

    fn fault(&mut self, dice: &mut ChaCha12Rng) {
        let begins =
            Duration::from_millis(dice.random_range(300..self.length.storm.as_millis() as u64));
        let lasts =
            Duration::from_millis(dice.random_range(300..self.length.storm.as_millis() as u64));
        let n = dice.random_range(0..self.kind.workers());
        let ends = begins + lasts;
        let steps = match (self.kind, dice.random_range(0..12)) {
            (_, 0 | 1) => (Step::Kills(n), None),
            (_, 2 | 3) => (Step::Freezes(n), Some(Step::Thaws(n))),
            (_, 4) => (Step::CrmSilent, Some(Step::CrmOpen)),
            (_, 5) => (Step::CrmCut, Some(Step::CrmOpen)),
            (_, 6) => (Step::CrmSlow, Some(Step::CrmOpen)),
            (Kind::Sqlite, 7 | 8) => (Step::Fills(0), Some(Step::Frees(0))),
            (Kind::Sqlite, 9 | 10) => (Step::Visits, None),
            (Kind::Sqlite, _) => (Step::KillsPages, None),
            (_, 7) => (Step::Restarts, None),
            (_, 8) => (Step::Stalls, Some(Step::GoesOn)),
            (_, 9) => (Step::DatabaseSilent(n), Some(Step::DatabaseOpen(n))),
            (_, 10) => match dice.random_range(0..3) {
                0 => (Step::DatabaseCut(n), Some(Step::DatabaseOpen(n))),
                1 => (Step::DatabaseSlow(n), Some(Step::DatabaseOpen(n))),
                _ => (Step::DatabaseForgets(n), None),
            },
            _ => (Step::KillsPages, None),
        };
        self.at(begins, steps.0);
        if let Some(after) = steps.1 {
            self.at(ends, after);
        }
    }

    /// One is killed, the other cut off, the server restarted: in an order of the seed's choice.
    fn replicas(&mut self, dice: &mut ChaCha12Rng) {
        self.people(dice, self.length.storm * 2, 150);
        let first = dice.random_range(0..2);
        // One thing after the other, each of which the next may meet half mended.
        let apart = self.length.storm * 2 / 3;
        let mut begin = Duration::from_millis(dice.random_range(500..1_500));
        let mut left = vec![0, 1, 2];
        while !left.is_empty() {
            match left.remove(dice.random_range(0..left.len())) {
                0 => self.at(begin, Step::Kills(first)),
                1 => {
                    self.at(begin, Step::DatabaseSilent(1 - first));
                    self.at(
                        begin + Duration::from_secs(4),
                        Step::DatabaseOpen(1 - first),
                    );
                }
                _ => self.at(begin, Step::Restarts),
            }
            begin += apart.mul_f64(dice.random_range(0.8..1.2));
        }
    }
}
