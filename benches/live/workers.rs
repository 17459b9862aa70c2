//! One, two, four workers over sixteen connections whose CRM takes its time; then one of two is
//! killed, and one is cut off from the database.
//!
//! Figures: `connections`, `deals`, `latency` (milliseconds), `lanes`, `lease` (seconds).

use std::time::Duration;

use latitude::domain::field::Field;

use super::load::Load;
use super::rig::{Company, Database, Figures, Line, Process, Told, companies, free_port, until};

/// A CRM that takes one deal a call and has no pace of its own to speak of: its latency is the limit.
const CRM: &str = "espocrm";
/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(600);

pub async fn run(figures: &Figures) -> anyhow::Result<()> {
    let many = figures.get("connections", 16);
    let deals = figures.get("deals", 40);
    let latency = Duration::from_millis(figures.get("latency", 100));
    let lanes = figures.get("lanes", 4);
    println!(
        "{many} connections of {deals} deals, {} ms a call of the CRM, {lanes} lanes a worker",
        latency.as_millis()
    );
    let mut alone = None;
    for workers in [1, 2, 4] {
        let Some(database) = Database::postgres().await? else {
            println!("no PostgreSQL here: LATITUDE_TEST_POSTGRES names none");
            return Ok(());
        };
        let took = first_sync(&database, (workers, many, deals), latency, lanes).await?;
        let alone = *alone.get_or_insert(took);
        let times = alone.as_secs_f64() / took.as_secs_f64();
        println!(
            "{workers} worker(s): {:.2} s, {times:.2} x as fast as one",
            took.as_secs_f64()
        );
        database.drop_it().await?;
    }
    for how in ["killed with -9", "cut off from the database"] {
        if let Some(database) = Database::postgres().await? {
            taken_over(&database, how, many, figures.get("lease", 5)).await?;
            database.drop_it().await?;
        }
    }
    Ok(())
}

fn written(companies: &[Company]) -> bool {
    companies.iter().all(|company| {
        let open = company.open();
        open.iter()
            .all(|deal| company.shown(*deal, Field::State).is_string())
    })
}

/// Everything of every connection from nothing to written, by so many workers.
async fn first_sync(
    database: &Database,
    (workers, many, deals): (usize, u64, u64),
    latency: Duration,
    lanes: u64,
) -> anyhow::Result<Duration> {
    let companies = companies(CRM, many, deals).await?;
    for company in &companies {
        company.takes(latency);
        company.served.stats.clear();
    }
    let told = Told {
        database: &database.address,
        port: free_port().await?,
        poll: 3600,
        lanes,
        lease: 60,
        dry_run: false,
    };
    let config = told.write(&format!("workers-{workers}"), &companies)?;
    let load = Load::of(&database.address).await?;
    let processes: Vec<Process> = (0..workers)
        .map(|_| Process::start("worker", &config))
        .collect::<anyhow::Result<_>>()?;
    let took = until(PATIENCE, || written(&companies)).await?;
    let cpu: Duration = processes.iter().map(Process::cpu).sum();
    let memory = processes.iter().map(Process::memory).max().unwrap_or(0);
    let seen = load.seen().await?;
    let calls: u64 = companies.iter().map(|it| it.served.stats.calls()).sum();
    let floor = calls as f64 * latency.as_secs_f64();
    println!(
        "  {calls} calls = {floor:.0} s one after the other; the workers used {:.1} s of CPU, {memory} MiB \
         at most; the database {:.0} transactions/s, {:.0} % of a core, {:.2} statements at once",
        cpu.as_secs_f64(),
        seen.transactions,
        seen.cpu * 100.0,
        seen.active,
    );
    Ok(took)
}

/// Two workers, one of which stops; how long each connection waits for the other.
async fn taken_over(database: &Database, how: &str, many: u64, lease: u64) -> anyhow::Result<()> {
    let companies = companies(CRM, many, 3).await?;
    let line = Line::to(&database.address).await?;
    let told = |database| Told {
        database,
        port: 1,
        poll: 1,
        lanes: many,
        lease,
        dry_run: false,
    };
    let near = told(&line.address).write("cut", &companies)?;
    let far = told(&database.address).write("straight", &companies)?;
    let first = Process::start("worker", &near)?;
    until(PATIENCE, || written(&companies)).await?;
    // The calls take long enough for the first to hold every lease when it stops.
    for company in &companies {
        company.takes(Duration::from_millis(800));
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let second = Process::start("worker", &far)?;
    let before: Vec<u64> = companies.iter().map(|it| it.served.stats.calls()).collect();
    let mut kept = Some(first);
    match how.starts_with("killed") {
        true => drop(kept.take().map(Process::kill).transpose()?),
        false => line.cut(),
    }
    let deal = |company: &Company| company.open()[0];
    for company in &companies {
        company.types(
            deal(company),
            Field::ConversationGoal,
            "Ada names the one who signs.",
        );
    }
    let mut waits = Vec::new();
    for company in &companies {
        company.takes(Duration::ZERO);
    }
    let told = |company: &Company| {
        let strategy = company.shown(deal(company), Field::Strategy);
        strategy
            .as_str()
            .is_some_and(|it| it.contains("one who signs"))
    };
    let began = super::rig::now();
    let mut left: Vec<&Company> = companies.iter().collect();
    while !left.is_empty() {
        anyhow::ensure!(began.elapsed() < PATIENCE, "{} wait for ever", left.len());
        left.retain(|company| {
            let there = told(company);
            if there {
                waits.push(began.elapsed());
            }
            !there
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let calls: u64 = companies.iter().map(|it| it.served.stats.calls()).sum();
    let longest = waits
        .iter()
        .max()
        .copied()
        .unwrap_or_default()
        .as_secs_f64();
    let most = 2.0 * lease as f64;
    println!(
        "one of two workers {how}: the last of {many} connections was worked again after {longest:.1} s \
         ({:.2} x of two leases, {most:.0} s), {} calls meanwhile",
        longest / most,
        calls - before.iter().sum::<u64>(),
    );
    drop((kept, second));
    anyhow::ensure!(longest <= most, "longer than two leases");
    Ok(())
}
