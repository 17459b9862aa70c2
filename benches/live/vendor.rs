//! A vendor's size: a thousand companies, twenty million deals, a hundred thousand sellers. On paper
//! by a simulation of the busiest hour, whose costs of a turn are measured first: a real worker over
//! a thousand connections of a few deals.
//!
//! Figures: `companies`, `poll` (seconds, of the measured part), `seconds`, `latency` (milliseconds).

use std::collections::BTreeMap;
use std::time::Duration;

use latitude::crm;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use sqlx::Connection as _;

use super::load::Load;
use super::rig::{Database, Figures, Process, Told, companies, now};

/// A CRM without a pace of its own: what is measured is ours.
const CRM: &str = "espocrm";
const DEALS: u64 = 20_000_000;
const SELLERS: u64 = 100_000;
/// Seconds between polls of a connection, as `sync.poll_seconds` has it.
const POLL: f64 = 60.0;
/// Of a day's work, what falls into its busiest hour.
const BUSIEST: f64 = 0.2;
/// Strategies that a seller publishes or edits on a working day.
const WORDS_A_DAY: f64 = 1.0;
/// Of the deals, those of which anything changes on a working day.
const CHANGED_A_DAY: f64 = 0.1;
const DAY: f64 = 86_400.0;

/// What a turn costs, in seconds of a lane.
#[derive(Clone, Copy)]
struct Costs {
    /// A turn that finds nothing new, the CRM's answers left out.
    turn: f64,
    /// One answer of a CRM.
    call: f64,
}

pub async fn run(figures: &Figures) -> anyhow::Result<()> {
    let many = figures.get("companies", 1_000);
    let call = figures.get("latency", 200) as f64 / 1000.0;
    println!("plan: {many} companies, {DEALS} deals, {SELLERS} sellers; a poll a minute");
    quotas(many);
    let turn = match Database::postgres().await? {
        Some(database) => {
            let turn = measured(&database, many, figures).await?;
            database.drop_it().await?;
            turn
        }
        None => {
            println!("no PostgreSQL here: a turn is taken to cost 10 ms");
            0.01
        }
    };
    let costs = Costs { turn, call };
    println!(
        "the busiest hour, simulated: {:.0} ms a call of the CRM, {:.1} ms of our own a turn",
        call * 1000.0,
        turn * 1000.0
    );
    for lanes in [8, 16, 32, 64] {
        simulate(many, lanes, costs);
    }
    Ok(())
}

/// Calls of an ordinary day beside what a customer's CRM allows, for a company of the middle size.
fn quotas(many: u64) {
    let deals = DEALS as f64 / many as f64;
    let sellers = SELLERS as f64 / many as f64;
    println!(
        "calls a day of a company of {deals:.0} deals and {sellers:.0} sellers, beside what there is:"
    );
    for crm in crm::ALL {
        let profile = crm.profile();
        let polls = DAY / POLL;
        let words = sellers * WORDS_A_DAY;
        // Half of the words come from the panel and are read first; all are written, with the grade
        // of the others and with what changed.
        let batch = profile.write_batch as f64;
        let batches =
            (words * 1.5 / batch).max(words.min(polls) * 0.5) + deals * CHANGED_A_DAY / batch;
        let calls = polls + batches;
        let share = profile.per_day.map(|it| it as f64 * 0.2);
        let told = match share {
            Some(share) => format!(
                "{:.0} % of our fifth of {} units",
                calls / share * 100.0,
                share * 5.0
            ),
            None => "no number a day that is the same for all".to_owned(),
        };
        println!("  {:<12} {calls:>6.0} calls  {told}", profile.id);
    }
}

/// A worker over so many connections of one small company: what an idle turn costs.
async fn measured(database: &Database, many: u64, figures: &Figures) -> anyhow::Result<f64> {
    let company = companies(CRM, 1, 20).await?;
    let poll = figures.get("poll", 20);
    let told = Told {
        database: &database.address,
        port: 1,
        poll,
        lanes: 8,
        lease: 60,
        // The connections would write over one another: there is only one company behind them.
        dry_run: true,
    };
    let names = (0..many).map(|n| format!("company{n}"));
    let config = told.write_all("vendor", names.map(|it| (it, &company[0].served.settings)))?;
    let worker = Process::start("worker", &config)?;
    let mut door = sqlx::PgConnection::connect(&database.address).await?;
    let began = now();
    loop {
        const READ: &str = "SELECT COUNT(*) FROM connection WHERE full_pull_at IS NOT NULL";
        let read = sqlx::query_scalar(READ).fetch_one(&mut door).await;
        // The first moments have no tables.
        let read: i64 = read.unwrap_or(0);
        if read >= i64::try_from(many)? {
            break;
        }
        anyhow::ensure!(
            began.elapsed() < Duration::from_secs(900),
            "{read} were read"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let first = began.elapsed();
    let turns = async |door: &mut sqlx::PgConnection| -> anyhow::Result<i64> {
        let turns = sqlx::query_scalar("SELECT CAST(SUM(attempt) AS BIGINT) FROM connection");
        Ok(turns.fetch_one(door).await?)
    };
    let calls = || company[0].served.stats.calls();
    let load = Load::of(&database.address).await?;
    let (before, cpu, asked, since) = (turns(&mut door).await?, worker.cpu(), calls(), now());
    tokio::time::sleep(Duration::from_secs(figures.get("seconds", 60))).await;
    let (after, cpu, asked) = (turns(&mut door).await?, worker.cpu() - cpu, calls() - asked);
    let took = since.elapsed().as_secs_f64();
    let memory = worker.memory();
    let seen = load.seen().await?;
    let turns = (after - before) as f64;
    let wanted = many as f64 / poll as f64;
    println!(
        "measured: {many} connections of 20 deals, polled every {poll} s by one worker of 8 lanes; first read in {:.0} s",
        first.as_secs_f64()
    );
    println!(
        "  leases a second: {wanted:.1} by the plan, {:.1} taken ({:.2} x); {:.2} calls of the CRM a turn",
        turns / took,
        turns / took / wanted,
        asked as f64 / turns
    );
    println!(
        "  a turn: {:.1} ms of CPU of the worker, {:.1} transactions, {:.1} ms of CPU of the database",
        cpu.as_secs_f64() / turns * 1000.0,
        seen.transactions * took / turns,
        seen.cpu * took / turns * 1000.0
    );
    println!(
        "  the worker {:.0} % of a core and {memory} MiB; the database {:.0} transactions/s, {:.0} % of a core",
        cpu.as_secs_f64() / took * 100.0,
        seen.transactions,
        seen.cpu * 100.0
    );
    println!(
        "  at a poll a minute that is {:.0} transactions/s and {:.2} cores of worker and database together",
        seen.transactions * took / turns * many as f64 / POLL,
        (cpu.as_secs_f64() + seen.cpu * took) / turns * many as f64 / POLL
    );
    Ok((cpu.as_secs_f64() + seen.cpu * took) / turns)
}

/// One connection of the simulation.
#[derive(Clone)]
struct Connection {
    /// Words published and changes made in a second of the busiest hour.
    words: f64,
    changes: f64,
    next_poll: f64,
    /// When words are next published.
    next_words: f64,
    /// Since when words wait.
    waits: Option<f64>,
    free_at: f64,
}

/// An hour in steps of ten milliseconds: who is due, who is longest due, how long everyone waits.
fn simulate(many: u64, lanes: usize, costs: Costs) {
    const STEP: f64 = 0.01;
    let mut dice = ChaCha12Rng::seed_from_u64(7);
    let mut all = sizes(many, &mut dice);
    let mut lanes_free = vec![0.0_f64; lanes];
    let (mut word_waits, mut poll_waits) = (Vec::new(), Vec::new());
    let (mut busy, mut turns, mut at) = (0.0, 0_u64, 0.0);
    while at < 3600.0 {
        // Longest due first, as a claim takes them.
        let mut due: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (n, one) in all.iter_mut().enumerate() {
            while one.next_words <= at {
                one.waits.get_or_insert(one.next_words);
                one.next_words += spell(one.words, &mut dice);
            }
            let since = one.waits.unwrap_or(f64::MAX).min(one.next_poll);
            if since <= at && one.free_at <= at {
                due.entry((since * 1000.0) as u64).or_default().push(n);
            }
        }
        let mut waiting = due.into_values().flatten();
        for lane in lanes_free.iter_mut().filter(|free| **free <= at) {
            let Some(n) = waiting.next() else { break };
            let one = &mut all[n];
            let mut takes = costs.turn;
            if let Some(since) = one.waits.take() {
                takes += 2.0 * costs.call;
                word_waits.push(at - since + takes);
            }
            if one.next_poll <= at {
                poll_waits.push(at - one.next_poll);
                takes += costs.call;
                // What changed since the last poll is written back.
                if dice.random::<f64>() < 1.0 - (-one.changes * POLL).exp() {
                    takes += costs.call;
                }
                one.next_poll = at + takes + POLL;
            }
            *lane = at + takes;
            one.free_at = at + takes;
            busy += takes;
            turns += 1;
        }
        at += STEP;
    }
    let p = |waits: &mut Vec<f64>, of: f64| {
        waits.sort_by(f64::total_cmp);
        let at = (waits.len() as f64 * of) as usize;
        waits
            .get(at.min(waits.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    };
    println!(
        "  {lanes:>3} lanes: {:>5.1} turns/s, {:>3.0} % busy; published -> in the CRM p50 {:.2} s p95 {:.2} s p99 {:.2} s; \
         a poll late by p95 {:.2} s",
        turns as f64 / 3600.0,
        busy / 3600.0 / lanes as f64 * 100.0,
        p(&mut word_waits, 0.5),
        p(&mut word_waits, 0.95),
        p(&mut word_waits, 0.99),
        p(&mut poll_waits, 0.95),
    );
}

/// Companies of very different sizes that make up the whole.
fn sizes(many: u64, dice: &mut ChaCha12Rng) -> Vec<Connection> {
    // The sum of twelve dice is as good as a bell; its power spreads over two orders of magnitude.
    let mut bell = || (0..12).map(|_| dice.random::<f64>()).sum::<f64>() - 6.0;
    let weights: Vec<f64> = (0..many).map(|_| bell().exp()).collect();
    let whole: f64 = weights.iter().sum();
    let connection = |weight: &f64| {
        let part = weight / whole;
        let words = SELLERS as f64 * part * WORDS_A_DAY * BUSIEST / 3600.0;
        Connection {
            words,
            changes: DEALS as f64 * part * CHANGED_A_DAY * BUSIEST / 3600.0 + words,
            next_poll: dice.random::<f64>() * POLL,
            next_words: spell(words, dice),
            waits: None,
            free_at: 0.0,
        }
    };
    weights.iter().map(connection).collect()
}

/// How long until something next happens that happens so often a second.
fn spell(often: f64, dice: &mut ChaCha12Rng) -> f64 {
    -(1.0 - dice.random::<f64>()).ln() / often.max(1e-9)
}
