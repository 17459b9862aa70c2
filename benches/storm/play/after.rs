//! After the storm: everything works again, and comes to rest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use latitude::sandbox::weather::Knobs;

use super::books::{Door, Planned};
use super::line::Way;
use super::model::{self, Books};
use super::stage::Stage;
use super::story::now;
use super::weather;

/// Everything is at rest so long after the storm.
const REST: Duration = Duration::from_secs(60);
/// Ends of pulls that are seen before rest is believed: the one from before, one that may have begun
/// too early, one that has not.
const PULLS: usize = 3;

/// Everything works again.
pub async fn calm(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    stage.story.tell("calm");
    weather(stage, Knobs::default());
    for company in stage.companies.iter() {
        company.line.goes(Way::Open);
    }
    stage.stalls(false)?;
    for n in 0..stage.workers.len() {
        stage.way(n, Way::Open);
        stage.freezes(n, false);
        stage.fills(n, false)?;
    }
    stage.visitor.kill();
    stage.keeps_up()
}

/// Waits until everything is as it should be; first but for what the CRM refuses, then with that.
pub async fn rest(stage: &mut Stage<'_>) -> anyhow::Result<Vec<String>> {
    let refused = stage.refused_deals();
    let still = settles(stage, &refused).await?;
    if !still.is_empty() || refused.is_empty() {
        return Ok(still);
    }
    for (n, deal, _) in &stage.refused {
        stage.companies[*n].served.world.state().deals[*deal].trouble = None;
    }
    stage.story.tell("the CRM refuses nothing any more");
    stage
        .command(&["retry", "--connection", "company0"])
        .await?;
    settles(stage, &[]).await
}

/// Waits until everything is at rest, and has been read in the CRM since: a pull that ends first may
/// have begun before what it should find, the next one has not.
pub async fn settles(stage: &mut Stage<'_>, but: &[String]) -> anyhow::Result<Vec<String>> {
    let began = now();
    let mut pulls: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
    loop {
        let mut door = Door::open(&stage.address).await?;
        for one in door
            .plan()
            .await?
            .into_iter()
            .filter(|it| it.step == "pull")
        {
            let ended = pulls.entry(one.connection).or_default();
            ended.insert(one.ended_at);
        }
        let books = Books::read(&mut door).await?;
        let mut wrong = model::not_at_rest(&stage.companies, &stage.words, &books).await?;
        for (id, ended) in pulls.iter().filter(|(_, ended)| ended.len() < PULLS) {
            wrong.push(format!("{id} was pulled {} times", ended.len() - 1));
        }
        wrong.retain(|it| !but.iter().any(|deal| it.contains(&format!("deal {deal}"))));
        if wrong.is_empty() {
            stage.story.tell("at rest");
            return Ok(wrong);
        }
        if began.elapsed() > REST {
            return Ok(wrong);
        }
        stage.keeps_up()?;
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// What the books say that may tell why something is not as it should be.
pub fn books_told(stage: &Stage<'_>, books: &Books, planned: &[Planned]) -> String {
    let second = |at| stage.story.second(at);
    let mut told = String::new();
    for it in books.last_troubles(20) {
        told += &format!(
            "  ledger: {:.3} s {} {} {:?}: {} {:?}\n",
            second(it.at),
            it.connection,
            it.step,
            it.deal,
            it.outcome,
            it.message
        );
    }
    for it in planned {
        told += &format!(
            "  planned: {} {} at {:.3} s, failed {} times, last ended well at {:?}\n",
            it.connection,
            it.step,
            second(it.run_at),
            it.failures,
            it.ended_at.map(second)
        );
    }
    told
}
