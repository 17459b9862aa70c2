//! Deals without a close date: where they stand in an order by it, and that they are not left out.

use latitude::domain::deal::{Deal, Standing};
use latitude::domain::grade::Grade;
use latitude::domain::ids::ConnectionId;

use super::site::{Site, plain_deal, strategy};

fn undated(seller: &str, id: &str) -> Deal {
    Deal {
        close_on: None,
        ..plain_deal(seller, id)
    }
}

#[tokio::test]
async fn the_largest_deal_is_where_a_talk_would_help_also_without_a_date() {
    let site = Site::open().await;
    let mut large = undated("sam", "large");
    large.amount = Some(900_000.0);
    site.take_up_all("acme", &[large]).await;
    let acme = ConnectionId::from("acme");
    let until = "2027-03-17".parse().unwrap();

    let page = site.browser_of("mia").await.get("/board").await;
    let many: Vec<String> = (0..120).map(|n| format!("p{n}")).collect();
    site.take_up_all("acme", &[undated("p7", "theirs")]).await;
    let mut tx = site.store.read().await.unwrap();
    let found = tx.talk_candidates(&acme, &many, until, 300).await.unwrap();

    let talks = page.body.split("id=\"talks\"").nth(1).unwrap();
    let (talks, _) = talks.split_once("</section>").unwrap();
    assert!(talks.contains("Deal large"), "{talks}");
    assert!(
        talks.contains("EUR 900,000, there is no plan yet."),
        "{talks}"
    );
    let found: Vec<&str> = found.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(found, ["theirs"]);
}

#[tokio::test]
async fn what_has_a_date_comes_before_what_has_none() {
    let site = Site::open().await;
    let acme = ConnectionId::from("acme");
    let deals = [
        undated("sam", "a"),
        plain_deal("sam", "b"),
        undated("sam", "c"),
    ];
    site.take_up_all("acme", &deals).await;
    for deal in &deals {
        site.write(deal, 1, &strategy(), Grade::Thin).await;
    }

    let mut tx = site.store.read().await.unwrap();
    let compared = tx.standing_strategies(&acme, &["sam"], 1).await.unwrap();

    let compared: Vec<&str> = compared["sam"].iter().map(|it| it.deal.as_str()).collect();
    assert_eq!(compared, ["b"]);
}

#[tokio::test]
async fn what_ended_on_a_day_is_looked_back_on_before_what_ended_on_none() {
    let site = Site::open().await;
    let acme = ConnectionId::from("acme");
    let won = |mut deal: Deal| {
        deal.standing = Standing::Won;
        deal
    };
    let mut deals: Vec<Deal> = ["a", "b", "c"].map(|id| won(undated("sam", id))).into();
    deals.push(won(plain_deal("sam", "d")));
    site.take_up_all("acme", &deals).await;
    for deal in &deals {
        site.write(deal, 1, &strategy(), Grade::Thin).await;
    }
    let since = ("2026-11-01".parse().unwrap(), site.env.now());

    let mut tx = site.store.read().await.unwrap();
    let ended = tx.ended_lately(&acme, "sam", since).await.unwrap();

    let ended: Vec<&str> = ended.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ended, ["d", "a", "b"]);
}
