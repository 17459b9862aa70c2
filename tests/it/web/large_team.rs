//! The board of those who lead many: it is looked up in other ways than a small one, and must show
//! the same.

use latitude::domain::deal::Deal;
use latitude::domain::grade::{Assessment, Dimensions, Grade};
use latitude::domain::ids::ConnectionId;
use latitude::domain::strategy::Answers;
use latitude::domain::talk::{Facts, gap};
use latitude::store::board::{After, BoardRow, Filter};
use latitude::store::consider::Considered;
use latitude::store::deals::Marks;
use latitude::store::strategies::{Assessed, NewVersion};

use super::site::{Site, plain_deal};

/// Deals; more than are looked through in order.
const DEALS: u32 = 6_000;
/// Sellers, of whom the leader has every second.
const SELLERS: u32 = 300;
const STATES: [&str; 4] = [
    "Current",
    "Stage moved on",
    "Past check date",
    "Getting old",
];

/// A number that follows from `n` and goes with nothing else.
fn drawn(n: u32, salt: u32, below: u32) -> u32 {
    (n.wrapping_mul(2_654_435_761) / salt) % below
}

fn deal(n: u32) -> Deal {
    let mut deal = plain_deal(&format!("p{}", n % SELLERS), &format!("d{n:05}"));
    deal.close_on = match n % 40 {
        0 => None,
        _ => "2026-11-20"
            .parse::<chrono::NaiveDate>()
            .ok()
            .map(|day| day + chrono::Days::new(drawn(n, 17, 300).into())),
    };
    deal.amount = (!n.is_multiple_of(30)).then(|| f64::from(drawn(n, 4099, 90_000)));
    deal.stage = format!("s{}", 1 + drawn(n, 31, 3)).into();
    deal
}

fn grade(n: u32) -> Grade {
    Grade::ALL[drawn(n, 1009, 7) as usize % Grade::ALL.len()]
}

fn state(n: u32) -> &'static str {
    STATES[drawn(n, 127, 4) as usize]
}

fn assessment(n: u32) -> Assessment {
    let dims = Dimensions {
        customer: 3,
        goal: (n % 4) as u8,
        approach: 3,
        ownership: 1,
        next_step: 2,
    };
    Assessment {
        grade: grade(n),
        score: Some(drawn(n, 257, 101) as u8),
        overall: 2,
        dims,
        findings: Vec::new(),
        notes: Vec::new(),
        private_notes: Vec::new(),
    }
}

async fn fill(site: &Site) {
    let id = ConnectionId::from("acme");
    let (deals, now): (Vec<Deal>, _) = ((0..DEALS).map(deal).collect(), site.env.now());
    let marks = Marks {
        seen: String::new(),
        answers: String::new(),
        question: String::new(),
    };
    let marked: Vec<(&Deal, &Marks, i64)> = deals.iter().map(|it| (it, &marks, 0)).collect();
    let assessed: Vec<Assessed> = (0..DEALS)
        .filter(|n| grade(*n) != Grade::NoStrategyYet)
        .map(|n| Assessed {
            deal: deals[n as usize].id.as_str(),
            version: 1,
            assessment: assessment(n),
        })
        .collect();
    let considered: Vec<Considered> = (0..DEALS)
        .map(|n| Considered {
            id: deals[n as usize].id.as_str().to_owned(),
            state: state(n),
            asked_at: None,
            asked_reason: None,
            look_at: None,
            desired_mark: String::new(),
            write_at: None,
        })
        .collect();
    let mut tx = site.store.write().await.unwrap();
    tx.save_deals(&id, &marked, (now, now)).await.unwrap();
    let versions: Vec<NewVersion> = deals
        .iter()
        .map(|deal| NewVersion {
            deal: deal.id.as_str(),
            version: 1,
            answers: Answers::default(),
            source: "crm",
            author: None,
            at: now,
            stage: deal.stage.as_str(),
            amount: deal.amount,
            close_on: deal.close_on,
        })
        .collect();
    tx.add_versions(&id, &versions).await.unwrap();
    tx.save_assessments(&id, "default-1", &assessed, now)
        .await
        .unwrap();
    tx.save_considered(&id, &considered).await.unwrap();
    tx.commit().await.unwrap();
}

/// What a look at every deal shows: soonest to close first, those without a date last.
fn every(sellers: &[String], fits: impl Fn(u32, &Deal) -> bool) -> Vec<String> {
    let mut found: Vec<Deal> = (0..DEALS)
        .map(|n| (n, deal(n)))
        .filter(|(n, deal)| {
            let seller = deal.seller.as_ref().unwrap().as_str();
            sellers.iter().any(|it| it == seller) && fits(*n, deal)
        })
        .map(|(_, deal)| deal)
        .collect();
    found.sort_by_key(|it| (it.close_on.is_none(), it.close_on, it.id.clone()));
    found
        .into_iter()
        .map(|it| it.id.as_str().to_owned())
        .collect()
}

async fn all_pages(site: &Site, filter: &Filter) -> Vec<String> {
    let mut tx = site.store.read().await.unwrap();
    let mut found: Vec<BoardRow> = Vec::new();
    loop {
        let after = found.last().map(|it| After {
            close_on: it.close_on,
            id: it.id.clone(),
        });
        let id = ConnectionId::from("acme");
        let page = tx.board(&id, filter, after.as_ref(), 700).await.unwrap();
        let last = page.len() < 700;
        found.extend(page);
        if last {
            return found.into_iter().map(|it| it.id).collect();
        }
    }
}

fn team(of: u32) -> Vec<String> {
    (0..SELLERS)
        .step_by(of as usize)
        .map(|n| format!("p{n}"))
        .collect()
}

#[tokio::test]
async fn the_board_of_many_sellers_shows_what_a_look_at_every_deal_would() {
    let site = Site::open().await;
    fill(&site).await;
    for sellers in [team(2), team(60)] {
        let plain = Filter {
            sellers: sellers.clone(),
            ..Filter::default()
        };
        let strong = Filter {
            grades: vec!["Strong".to_owned()],
            ..plain.clone()
        };
        let none_yet = Filter {
            grades: vec!["No strategy yet".to_owned(), "Thin".to_owned()],
            states: vec!["Past check date".to_owned()],
            ..plain.clone()
        };
        let rare = Filter {
            score: (Some(90), None),
            stages: vec!["s3".to_owned()],
            amount: (Some(60_000.0), None),
            ..plain.clone()
        };
        let none = Filter {
            score: (Some(101), None),
            ..plain.clone()
        };
        let dated = Filter {
            close_on: ("2027-03-01".parse().ok(), "2027-03-31".parse().ok()),
            ..plain.clone()
        };
        let planned = |n| grade(n) != Grade::NoStrategyYet;
        let score = |n| u32::from(assessment(n).score.unwrap_or_default());

        assert_eq!(all_pages(&site, &plain).await, every(&sellers, |_, _| true));
        assert_eq!(
            all_pages(&site, &strong).await,
            every(&sellers, |n, _| grade(n) == Grade::Strong)
        );
        assert_eq!(
            all_pages(&site, &none_yet).await,
            every(&sellers, |n, _| {
                matches!(grade(n), Grade::NoStrategyYet | Grade::Thin)
                    && state(n) == "Past check date"
            })
        );
        let wanted = every(&sellers, |n, deal| {
            planned(n)
                && score(n) >= 90
                && deal.stage.as_str() == "s3"
                && deal.amount.is_some_and(|it| it >= 60_000.0)
        });
        let few = (1..60).contains(&wanted.len());
        assert!(few || sellers.len() < 100, "{}", wanted.len());
        assert_eq!(all_pages(&site, &rare).await, wanted);
        assert_eq!(all_pages(&site, &none).await, Vec::<String>::new());
        assert_eq!(
            all_pages(&site, &dated).await,
            every(&sellers, |_, deal| {
                deal.close_on
                    .is_some_and(|day| day.to_string().starts_with("2027-03"))
            })
        );
    }
}

#[tokio::test]
async fn where_a_talk_would_help_is_found_by_what_is_at_stake_and_what_the_plan_lacks() {
    let site = Site::open().await;
    fill(&site).await;
    let until: chrono::NaiveDate = "2027-02-01".parse().unwrap();
    for sellers in [team(2), team(60)] {
        let mut wanted: Vec<(f64, String)> = (0..DEALS)
            .map(|n| (n, deal(n)))
            .filter(|(n, deal)| {
                let seller = deal.seller.as_ref().unwrap().as_str();
                let lacks = matches!(
                    grade(*n),
                    Grade::NoStrategyYet | Grade::NotEnoughYet | Grade::Thin | Grade::Developing
                ) || matches!(state(*n), "Stage moved on" | "Past check date");
                lacks
                    && sellers.iter().any(|it| it == seller)
                    && deal.close_on.is_none_or(|day| day <= until)
            })
            .map(|(n, deal)| {
                let facts = Facts {
                    amount: deal.amount,
                    close_on: deal.close_on,
                    grade: grade(n),
                    state: latitude::domain::cadence::State::labelled(state(n)).unwrap(),
                };
                let at_stake = deal.amount.unwrap_or(0.0) * gap(&facts);
                (at_stake, deal.id.as_str().to_owned())
            })
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        wanted.truncate(300);

        let mut tx = site.store.read().await.unwrap();
        let id = ConnectionId::from("acme");
        let found = tx.talk_candidates(&id, &sellers, until, 300).await.unwrap();

        // Worths that differ by less than a cent may stand in either order.
        let worth = |id: &str| wanted.iter().find(|it| it.1 == id).map(|it| it.0);
        assert_eq!(found.len(), wanted.len());
        for (row, (at_stake, _)) in found.iter().zip(&wanted) {
            let theirs = worth(&row.id);
            assert!(
                theirs.is_some_and(|it| (it - at_stake).abs() < 0.01),
                "{}",
                row.id
            );
        }
    }
}

#[tokio::test]
async fn a_seller_of_a_large_team_is_found_by_a_part_of_the_name() {
    let site = Site::open().await;
    site.deal("sam", "mine").await;
    site.deal("sue", "hers").await;
    let mut mia = site.browser_of("mia").await;

    let found = mia.get("/board?seller=SUE+s").await;
    let nobody = mia.get("/board?seller=Xia").await;

    assert!(found.body.contains(">Deal hers</a>") && !found.body.contains(">Deal mine</a>"));
    assert!(nobody.body.contains("No open deal fits"), "{}", nobody.body);
}
