//! Amounts of different currencies are not compared: large numbers of one push nothing of another out.

use chrono::NaiveDate;
use latitude::domain::deal::Deal;
use latitude::domain::ids::ConnectionId;

use super::site::{Site, plain_deal};

/// More deals than a board weighs at once, in a currency of large numbers; none of them soon.
fn crowd(sellers: &[String]) -> Vec<Deal> {
    let deal = |n: usize| Deal {
        amount: Some(40_000_000.0 + n as f64),
        currency: Some("JPY".to_owned()),
        close_on: "2027-03-10".parse().ok(),
        ..plain_deal(&sellers[n % sellers.len()], &format!("y{n:03}"))
    };
    (0..320).map(deal).collect()
}

/// What is largest in euro, and closes next week.
fn in_euro(seller: &str) -> Deal {
    Deal {
        amount: Some(400_000.0),
        close_on: "2026-11-24".parse().ok(),
        ..plain_deal(seller, "euro")
    }
}

#[tokio::test]
async fn a_board_full_of_yen_still_names_the_deal_in_euro_that_a_talk_would_help() {
    let site = Site::open().await;
    let sellers = ["sam", "sue", "sid"].map(str::to_owned);
    site.take_up_all("acme", &crowd(&sellers)).await;
    site.take_up_all("acme", &[in_euro("sam")]).await;
    let mut nameless = in_euro("sue");
    nameless.id = "bare".into();
    nameless.name = "Deal bare".to_owned();
    nameless.currency = None;
    site.take_up_all("acme", &[nameless]).await;

    let page = site.browser_of("mia").await.get("/board").await;

    let (_, talks) = page.body.split_once("A talk would help").unwrap();
    let (talks, _) = talks.split_once("</section>").unwrap();
    assert!(talks.contains(">Deal euro</a>"), "{talks}");
    assert!(talks.contains(">Deal bare</a>"), "{talks}");
}

#[tokio::test]
async fn those_who_lead_many_find_every_currency_too() {
    let site = Site::open().await;
    // A team that is looked through in order rather than gathered.
    let sellers: Vec<String> = (0..120).map(|n| format!("p{n}")).collect();
    let until: NaiveDate = "2027-03-17".parse().unwrap();
    site.take_up_all("acme", &crowd(&sellers)).await;
    site.take_up_all("acme", &[in_euro("p7")]).await;

    let mut tx = site.store.read().await.unwrap();
    let acme = ConnectionId::from("acme");
    let found = tx.talk_candidates(&acme, &sellers, until, 300);
    let found = found.await.unwrap();

    let codes = |code: &str| {
        found
            .iter()
            .filter(|it| it.currency.as_deref() == Some(code))
            .count()
    };
    assert_eq!(codes("EUR"), 1);
    assert_eq!(codes("JPY"), 150, "half of 300, the largest first");
    assert!(found.iter().all(|it| it.id != "y000"));
}

#[tokio::test]
async fn a_currency_that_others_fill_hides_no_deal_of_a_large_team() {
    let site = Site::open().await;
    let sellers: Vec<String> = (0..120).map(|n| format!("p{n}")).collect();
    let until: NaiveDate = "2027-03-17".parse().unwrap();
    site.take_up_all("acme", &crowd(&sellers)).await;
    // More of one currency than are looked through, all larger and none of this team.
    let strangers = (0..2_600).map(|n| Deal {
        amount: Some(9_000_000.0 + f64::from(n)),
        ..plain_deal("stranger", &format!("s{n:04}"))
    });
    site.take_up_all("acme", &strangers.collect::<Vec<_>>())
        .await;
    site.take_up_all("acme", &[in_euro("p7")]).await;

    let mut tx = site.store.read().await.unwrap();
    let acme = ConnectionId::from("acme");

    let found = tx.talk_candidates(&acme, &sellers, until, 300);

    let found = found.await.unwrap();
    assert!(found.iter().any(|it| it.id == "euro"), "{}", found.len());
}
