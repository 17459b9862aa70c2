//! One run: real processes on a real database in front of sandbox CRMs, people who work, and what
//! goes wrong meanwhile; then calm, and a model of what must be so.

mod after;
mod books;
mod company;
#[path = "../../common/connection.rs"]
mod connection;
mod line;
mod model;
mod people;
mod plan;
mod process;
mod server;
mod stage;
mod story;
mod watch;

use std::time::Duration;

use latitude::domain::field::Field;
use latitude::sandbox::weather::{Knobs, Weather};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

use after::{books_told, calm, rest, settles};
use books::Door;
use line::Way;
use model::{Books, Side};
use plan::Step;
pub use plan::{Kind, Length, Plan};
pub use server::Server;
use stage::{LOOK, Stage};
use story::{Story, now};
pub use watch::Waits;

/// A process that is told to end does so within this.
const DRAIN: Duration = Duration::from_secs(25);
/// What a worker logs when it finds its lease lost.
const LOST: &str = "another process took this connection over";

/// A run that was played.
pub struct Played {
    /// What was wrong; nothing if all was well.
    pub wrong: Vec<String>,
    /// What happened.
    pub story: String,
    /// How long it took.
    pub took: Duration,
    /// How long after the storm everything was at rest.
    pub rest: Duration,
    /// How long connections waited for a worker.
    pub waits: Waits,
    /// Workers frozen while they held a lease, of these taken over meanwhile, and leases found lost.
    pub frozen: (usize, usize, usize),
    /// What people were told is saved.
    pub saved: usize,
}

/// Plays a run.
///
/// # Errors
/// When the stage cannot be set; what Latitude does wrong is in [`Played::wrong`].
pub async fn play(plan: &Plan, server: Option<&Server>) -> anyhow::Result<Played> {
    let story = Story::begin();
    let server = server.filter(|_| plan.kind.needs_server());
    let mut stage = Stage::set(plan, server, story.clone()).await?;
    let mut dice = ChaCha12Rng::seed_from_u64(plan.seed ^ 0x5eed);
    if plan.companies == 1 {
        let open = stage.companies[0].open();
        let deal = open[dice.random_range(0..open.len())];
        stage.refuses(0, deal, "Amounts over 1 need a sponsor");
    }
    stage.starts().await?;
    let refused: Vec<String> = stage.refused_deals();
    // Half of the storms break over the first pull; the others over what is at rest.
    let is_a_storm = [Kind::Sqlite, Kind::Postgres].contains(&plan.kind);
    if plan.seed.is_multiple_of(2) || !is_a_storm {
        let still = settles(&mut stage, &refused).await?;
        let logs = stage.logs();
        anyhow::ensure!(
            still.is_empty(),
            "not at rest before the storm: {still:?}\n{logs}"
        );
    } else {
        stage.is_read().await?;
    }
    let mut frozen = (0, 0, 0);
    match plan.kind {
        Kind::FrozenSqlite | Kind::FrozenPostgres => {
            let slow = Knobs {
                slow: 1.0,
                slow_ms: 60,
                reset_after: 0.03,
                ..Knobs::default()
            };
            weather(&stage, slow);
            (frozen.0, frozen.1) = freezes(&mut stage, plan, &mut dice).await?;
        }
        Kind::Replicas => storms(&mut stage, plan, &mut dice).await?,
        Kind::Sqlite | Kind::Postgres => {
            weather(&stage, storm_over(plan.crm));
            storms(&mut stage, plan, &mut dice).await?;
        }
    }
    frozen.2 = stage.logged(LOST);
    let mut wrong = Vec::new();
    let began = now();
    calm(&mut stage).await?;
    wrong.extend(rest(&mut stage).await?);
    let rest = began.elapsed();
    let mut door = Door::open(&stage.address).await?;
    let books = Books::read(&mut door).await?;
    wrong.extend(model::broken(&stage, &books));
    let planned = door.plan().await?;
    let (waits, too_long) = model::too_long(&stage.watch, plan.lease);
    wrong.extend(too_long);
    stage.visitor.kill();
    for process in stage.workers.iter_mut().chain([&mut stage.pages]) {
        if process.ends(DRAIN).await.is_none() {
            wrong.push(format!(
                "{} did not end well when it was told to",
                process.name
            ));
        }
    }
    let all = stage.workers.iter().chain([&stage.pages, &stage.visitor]);
    if let Some(process) = all.into_iter().find(|it| it.told().contains("panicked")) {
        wrong.push(format!("{} panicked", process.name));
    }
    let mut story = stage.story.told();
    if !wrong.is_empty() {
        story += &stage.logs();
        story += &books_told(&stage, &books, &planned);
    }
    let saved = stage
        .words
        .all()
        .values()
        .flat_map(|it| &it.published)
        .filter(|it| it.1)
        .count();
    if let Some(server) = server {
        server.drop_it(&stage.address).await?;
    }
    Ok(Played {
        wrong,
        took: stage.story.took(),
        story,
        rest,
        waits,
        frozen,
        saved,
    })
}

/// The weather of a storm over a CRM.
fn storm_over(crm: &str) -> Knobs {
    let storm = Weather::named("storm").unwrap_or_default();
    match crm {
        // Zoho sells ten access tokens in ten minutes: were each twentieth call told that its token has
        // expired, they would be gone in seconds, and no run waits for the eleventh.
        "zoho" => Knobs {
            expire: 0.0,
            ..storm
        },
        _ => storm,
    }
}

fn weather(stage: &Stage<'_>, knobs: Knobs) {
    for company in stage.companies.iter() {
        company.served.world.weather().set(knobs);
    }
}

/// Everything the plan says, at its time.
async fn storms(stage: &mut Stage<'_>, plan: &Plan, dice: &mut ChaCha12Rng) -> anyhow::Result<()> {
    let began = now();
    for (at, step) in &plan.steps {
        while began.elapsed() < *at {
            stage.keeps_up()?;
            tokio::time::sleep(LOOK.min(at.saturating_sub(began.elapsed()))).await;
        }
        stage.story.tell(format!("{step:?}"));
        happens(stage, *step, dice).await?;
    }
    Ok(())
}

async fn happens(stage: &mut Stage<'_>, step: Step, dice: &mut ChaCha12Rng) -> anyhow::Result<()> {
    let crm = |stage: &Stage<'_>, way: Way| {
        for company in stage.companies.iter() {
            company.line.goes(way);
        }
    };
    match step {
        Step::Types => types(stage, dice),
        Step::Publishes => publishes(stage, dice),
        Step::Pushes => pushes(stage, dice),
        Step::Kills(n) => stage.kills(n)?,
        Step::KillsPages => {
            stage.pages.kill();
            stage.pages.start()?;
        }
        Step::Freezes(n) => stage.freezes(n, true),
        Step::Thaws(n) => stage.freezes(n, false),
        Step::Visits => {
            stage.visitor.kill();
            stage.visitor.start()?;
        }
        Step::DatabaseSilent(n) => stage.way(n, Way::Silent),
        Step::DatabaseCut(n) => stage.way(n, Way::Cut),
        Step::DatabaseSlow(n) => stage.way(n, Way::Slow(Duration::from_millis(30))),
        Step::DatabaseForgets(n) => stage.lines[n].forgets(),
        Step::DatabaseOpen(n) => stage.way(n, Way::Open),
        Step::CrmSilent => crm(stage, Way::Silent),
        Step::CrmCut => crm(stage, Way::Cut),
        Step::CrmSlow => crm(stage, Way::Slow(Duration::from_millis(200))),
        Step::CrmOpen => crm(stage, Way::Open),
        Step::Restarts => stage.restarts().await?,
        Step::Stalls => stage.stalls(true)?,
        Step::GoesOn => stage.stalls(false)?,
        Step::Fills(n) => stage.fills(n, true)?,
        Step::Frees(n) => stage.fills(n, false)?,
    }
    Ok(())
}

/// An open deal of someone's, of the sides that do this.
fn whose(stage: &Stage<'_>, dice: &mut ChaCha12Rng, side: Side) -> Option<(usize, usize)> {
    let company = dice.random_range(0..stage.companies.len());
    let open = stage.companies[company].open();
    let fitting: Vec<usize> = open
        .into_iter()
        .filter(|deal| [side, Side::Both].contains(&Side::of(*deal)))
        .collect();
    let deal = *fitting.get(dice.random_range(0..fitting.len().max(1)))?;
    Some((company, deal))
}

fn types(stage: &Stage<'_>, dice: &mut ChaCha12Rng) {
    let Some(place) = whose(stage, dice, Side::Crm) else {
        return;
    };
    let mut all = stage.words.all();
    let said = all.entry(place).or_default();
    let n = said.typed.len() + 1;
    let text = format!("Ada names the one who signs, and the day, in talk {n}.");
    stage.companies[place.0].types(place.1, Field::ConversationGoal, &text);
    said.typed.push(text);
}

fn publishes(stage: &Stage<'_>, dice: &mut ChaCha12Rng) {
    let Some(place) = whose(stage, dice, Side::Panel) else {
        return;
    };
    let (n, text) = {
        let mut all = stage.words.all();
        let said = all.entry(place).or_default();
        if std::mem::replace(&mut said.busy, true) {
            return;
        }
        let n = said.published.len();
        let text = format!("Show Ada the two plants by note {n}, because she decides on them.");
        said.published.push((text.clone(), false));
        (n, text)
    };
    let (companies, browser) = (stage.companies.clone(), stage.browser.clone());
    let (words, story) = (stage.words.clone(), stage.story.clone());
    tokio::spawn(async move {
        let company = &companies[place.0];
        let done = browser.publishes(company, place.1, &text).await;
        let what = format!("note {n} of deal {} of {}", place.1, company.id);
        if let Some(said) = words.all().get_mut(&place) {
            said.busy = false;
            said.published[n].1 = matches!(done, Ok(true));
        }
        match done {
            Ok(true) => story.tell(format!("saved: {what}")),
            Ok(false) => story.tell(format!("a draft: {what}")),
            Err(error) => story.tell(format!("not saved: {what}: {error:#}")),
        }
    });
}

/// A push that comes once, twice, late, or without cause.
fn pushes(stage: &Stage<'_>, dice: &mut ChaCha12Rng) {
    let Some((company, deal)) = whose(stage, dice, Side::Crm) else {
        return;
    };
    for _ in 0..dice.random_range(1..=3) {
        let late = Duration::from_millis(dice.random_range(0..1_500));
        let (companies, browser) = (stage.companies.clone(), stage.browser.clone());
        let story = stage.story.clone();
        tokio::spawn(async move {
            tokio::time::sleep(late).await;
            if let Err(error) = browser.pushes(&companies[company], deal).await {
                story.tell(format!("a push was not heard: {error:#}"));
            }
        });
    }
}

/// Freezes whoever works until another has taken over, and lets it go on; answers with how often,
/// and how often another had.
async fn freezes(
    stage: &mut Stage<'_>,
    plan: &Plan,
    dice: &mut ChaCha12Rng,
) -> anyhow::Result<(usize, usize)> {
    let id = stage.companies[0].id.to_string();
    let (mut frozen, mut taken) = (0, 0);
    let longest = (plan.lease * 3).to_std()?;
    for round in 0..plan.length.freezes {
        let (first, second) = match stage.workers.len() {
            1 => (0, None),
            _ => (round % 2, Some(1 - round % 2)),
        };
        if let Some(second) = second {
            stage.freezes(second, true);
        }
        let began = now();
        while stage.watch.holder(&id).is_none() && began.elapsed() < longest {
            types(stage, dice);
            publishes(stage, dice);
            tokio::time::sleep(Duration::from_millis(dice.random_range(20..120))).await;
        }
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..60))).await;
        let before = stage.watch.attempt(&id);
        stage.freezes(first, true);
        frozen += 1;
        match second {
            Some(second) => stage.freezes(second, false),
            None => stage.visitor.start()?,
        }
        let began = now();
        while stage.watch.attempt(&id) == before && began.elapsed() < longest {
            types(stage, dice);
            tokio::time::sleep(LOOK).await;
        }
        taken += usize::from(stage.watch.attempt(&id) > before);
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..300))).await;
        stage.story.tell(format!(
            "round {round}: attempt {before} frozen, now {}",
            stage.watch.attempt(&id)
        ));
        stage.freezes(first, false);
        tokio::time::sleep(Duration::from_millis(dice.random_range(50..400))).await;
        stage.visitor.kill();
        stage.keeps_up()?;
    }
    Ok((frozen, taken))
}
