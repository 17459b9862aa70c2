//! What only this CRM's limits make hard.

use std::collections::BTreeSet;

use latitude::crm;
use latitude::crm::page::{Cursor, Seen};
use latitude::crm::write::{Outcome, Update};
use latitude::domain::field::{Field, Value};

use crate::bench::Bench;

fn ids(seen: &[Seen]) -> BTreeSet<String> {
    let here = seen.iter().filter_map(|seen| match seen {
        Seen::Here(deal) => Some(deal.id.to_string()),
        _ => None,
    });
    here.collect()
}

/// A list by token ends at 100,000 rows, a query by offset too.
#[tokio::test]
async fn the_last_of_many_deals_is_found() {
    let bench = Bench::bare(crm::by_id("zoho").unwrap(), 110_001).await;
    let before = bench.session.api.calls();

    let (seen, _) = bench.pull(&Cursor::default()).await;

    let state = bench.served.world.state();
    let open = state.deals.iter().filter(|deal| deal.stage < 6);
    let open: BTreeSet<String> = open.map(|deal| deal.id.clone()).collect();
    assert!(open.len() > 100_000);
    assert!(ids(&seen) == open, "{} of {}", seen.len(), open.len());
    let fewest = open.len().div_ceil(2_000) as u64;
    assert!(bench.session.api.calls() - before <= fewest + 2);
}

#[tokio::test]
async fn a_change_of_many_deals_is_read_whole() {
    let bench = Bench::ready(crm::by_id("zoho").unwrap(), 900).await;
    let (_, place) = bench.pull(&Cursor::default()).await;
    bench.clock.advance(chrono::TimeDelta::minutes(30));
    let changed: BTreeSet<String> = {
        let world = &bench.served.world;
        let mut state = world.state();
        for n in 0..700 {
            let owner = state.deals[n].owner;
            world.touch(&mut state, n, owner);
        }
        state.deals[..700]
            .iter()
            .map(|deal| deal.id.clone())
            .collect()
    };

    let (seen, _) = bench.pull(&place).await;

    assert_eq!(ids(&seen), changed);
}

#[tokio::test]
async fn tokens_are_bought_once_and_not_beyond_the_ration() {
    let bench = Bench::ready(crm::by_id("zoho").unwrap(), 20).await;
    let deal = bench.deals().await.remove(0);
    let batch = [Update {
        deal: deal.id,
        fields: vec![(Field::Score, Value::Number(50))],
        revision: None,
    }];

    for _ in 0..12 {
        bench.clock.advance(chrono::TimeDelta::minutes(30));
        let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();
        assert_eq!(outcomes, [Outcome::Written]);
    }

    let tokens = bench.served.stats.routes()["POST /oauth/v2/token"];
    assert!(tokens.calls <= 8 && tokens.refused == 0, "{tokens:?}");
}
