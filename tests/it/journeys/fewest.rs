//! What keeping in step costs, in counts that are the same on every machine: calls to the CRM,
//! statements to the database.

use chrono::TimeDelta;
use latitude::crm::page::Parts;
use latitude::domain::field::Field;
use latitude::domain::ids::ConnectionId;
use latitude::http::Deadline;
use latitude::sandbox::world::Deal;
use latitude::store::statements;
use latitude::sync::work::{LEASE, Tally, Work, calls_may_last};
use latitude::sync::{ask, assess, prepare, pull, write_back};
use sqlx::Connection;

use crate::stage::{Stage, databases, sqlite};

/// The connection of a stage being worked, its lease held.
async fn work(stage: &Stage) -> Work<'_> {
    let now = stage.env.now();
    let mut tx = stage.engine.store.write().await.unwrap();
    tx.break_lease(&stage.id, now).await.unwrap();
    let lease = tx
        .claim(Some(stage.id.as_str()), now, now + LEASE)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut work = Work {
        store: &stage.engine.store,
        env: &stage.engine.env,
        crm: stage.crm,
        session: stage.engine.session(&stage.id).await.unwrap(),
        framework: stage.engine.framework.clone(),
        public_url: &stage.engine.public_url,
        lease: lease.unwrap(),
        lease_for: LEASE,
        calls_until: stage.env.elapsed() + calls_may_last(LEASE),
        deadline: Deadline::default(),
        around: None,
        backlog: std::collections::VecDeque::new(),
        busy: std::collections::HashSet::new(),
        tally: Tally::default(),
    };
    prepare::prepare(&mut work).await.unwrap();
    work
}

/// Gives every deal a stamp of its own, over the days before.
fn spread(stage: &Stage, days: i64) {
    let now = stage.served.world.now();
    let mut state = stage.served.world.state();
    let many = i64::try_from(state.deals.len()).unwrap();
    for (n, deal) in (0..).zip(&mut state.deals) {
        deal.changed_at =
            now - TimeDelta::days(days) + TimeDelta::seconds(n * days * 86_000 / many);
        deal.visible_at = deal.changed_at;
    }
}

fn queries(stage: &Stage) -> u64 {
    let routes = stage.served.stats.routes();
    let asked = routes.iter().filter(|(route, _)| route.contains("/query"));
    asked.map(|(_, count)| count.calls).sum()
}

async fn place(stage: &Stage) -> String {
    let mut tx = stage.engine.store.read().await.unwrap();
    let known = tx.connection(&ConnectionId::from("acme")).await.unwrap();
    known.unwrap().cursor_deals
}

#[tokio::test]
async fn a_split_pull_that_is_broken_off_goes_on_where_each_part_stood() {
    let database = sqlite();
    let stage = Stage::set(&database, 11_000).await;
    spread(&stage, 40);
    let mut first = work(&stage).await;
    stage.served.stats.clear();
    let saved = async {
        while serde_json::from_str::<Parts>(&place(&stage).await).is_err() {
            tokio::task::yield_now().await;
        }
    };

    tokio::select! {
        done = pull::pull(&mut first) => panic!("it was not broken off: {done:?}"),
        () = saved => {}
    }
    drop(first);
    let mut second = work(&stage).await;
    while !pull::pull(&mut second).await.unwrap() {}

    let open = {
        let state = stage.served.world.state();
        state.deals.iter().filter(|deal| deal.stage < 6).count()
    };
    let mut db = sqlx::SqliteConnection::connect(&database).await.unwrap();
    let known: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM deal")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(usize::try_from(known).unwrap(), open);
    // Besides the fewest: a page that is not full in each part, the pages that were under way when
    // it was broken off, counting the days, and looking for what changed meanwhile.
    let least = open.div_ceil(2_000) as u64;
    assert!(
        queries(&stage) <= least + 8 + 8 + 2,
        "{} queries",
        queries(&stage)
    );
    assert!(serde_json::from_str::<Parts>(&place(&stage).await).is_err());
}

#[tokio::test]
async fn a_page_costs_few_statements_however_many_deals_it_brings() {
    for database in databases().await {
        let stage = Stage::set(&database, 2_100).await;
        let mut work = work(&stage).await;
        let mut spent = Vec::new();
        let mut count = |before: u64| spent.push(statements() - before);

        let before = statements();
        pull::pull(&mut work).await.unwrap();
        count(before);
        let before = statements();
        assess::assess(&mut work).await.unwrap();
        count(before);
        while !assess::assess(&mut work).await.unwrap() {}
        let before = statements();
        ask::ask(&mut work).await.unwrap();
        count(before);
        let before = statements();
        write_back::write_back(&mut work).await.unwrap();
        count(before);

        let deals = work.tally.pulled;
        assert!((1_800..=2_000).contains(&deals), "{deals} deals: one page");
        let most = [100; 4];
        let fits = spent.iter().zip(most).all(|(spent, most)| *spent <= most);
        assert!(
            fits,
            "{spent:?} statements to pull, assess, ask, write; {most:?} are enough"
        );
    }
}

#[tokio::test]
async fn a_strategy_that_the_rubric_has_yet_to_read_is_shown_with_no_grade() {
    let stage = Stage::set(&sqlite(), 60).await;
    let mut work = work(&stage).await;
    let told = |stage: &Stage| {
        let state = stage.served.world.state();
        let field = stage.field(Field::Grade);
        let open = state.deals.iter().filter(|deal| deal.stage < 6);
        let (with, without): (Vec<_>, Vec<_>) = open.partition(|deal| !deal.mind.is_empty());
        let shown = |deals: Vec<&Deal>| {
            deals
                .iter()
                .filter(|it| it.custom.contains_key(&field))
                .count()
        };
        (with.len(), shown(with), without.len() - shown(without))
    };
    // A long first pull gives way now and then: the moves come in any order.
    pull::pull(&mut work).await.unwrap();
    ask::ask(&mut work).await.unwrap();
    write_back::write_back(&mut work).await.unwrap();
    let (strategies, graded, open_ends) = told(&stage);
    assert!(strategies > 20);
    assert_eq!((graded, open_ends), (0, 0), "the others are asked already");

    assess::assess(&mut work).await.unwrap();
    ask::ask(&mut work).await.unwrap();
    write_back::write_back(&mut work).await.unwrap();

    assert_eq!(told(&stage), (strategies, strategies, 0));
    assert_eq!(work.tally.written, work.tally.pulled, "each deal once");
}

#[tokio::test]
async fn a_first_pull_tells_postgres_how_much_it_holds() {
    for database in databases()
        .await
        .iter()
        .filter(|it| it.starts_with("postgres"))
    {
        let stage = Stage::set(database, 60).await;
        stage.reconcile().await;

        // PostgreSQL by itself would not have looked within the first minute.
        let mut db = sqlx::PgConnection::connect(database).await.unwrap();
        let held: f32 =
            sqlx::query_scalar("SELECT reltuples FROM pg_class WHERE oid = 'deal'::regclass")
                .fetch_one(&mut db)
                .await
                .unwrap();
        assert!(held > 0.0, "{held}");
    }
}
