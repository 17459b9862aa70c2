//! The board: whose deals, which of them, page by page.

use latitude::domain::deal::{Pipeline, Stage, Standing};
use latitude::domain::grade::Grade;
use reqwest::Method;

use super::site::{Site, plain_deal, strategy};

#[tokio::test]
async fn a_manager_sees_the_deals_of_the_team_and_nobody_elses() {
    let site = Site::open().await;
    site.deal("sam", "mine").await;
    site.deal("xia", "theirs").await;

    let mia = site.browser_of("mia").await.get("/board").await;
    let dan = site.browser_of("dan").await.get("/board").await;
    let sam = site.browser_of("sam").await.get("/board").await;
    let eva = site.browser_of("eva").await.get("/board").await;

    assert!(mia.body.contains("Deal mine") && !mia.body.contains("Deal theirs"));
    assert!(dan.body.contains("Deal mine") && dan.body.contains("Deal theirs"));
    assert!(sam.body.contains("Deal mine") && !sam.body.contains("Deal theirs"));
    assert!(!eva.body.contains("Deal mine") && !eva.body.contains("Deal theirs"));
}

#[tokio::test]
async fn filters_stand_in_the_address_and_narrow_the_board() {
    let site = Site::open().await;
    let strong = site.deal("sam", "strong").await;
    let thin = site.deal("sue", "thin").await;
    site.deal("sue", "blank").await;
    let mut late = plain_deal("sid", "late");
    late.close_on = "2027-03-01".parse().ok();
    late.stage = "s3".into();
    late.amount = Some(90_000.0);
    site.take_up("acme", &late).await;
    site.write(&strong, 1, &strategy(), Grade::Strong).await;
    site.write(&thin, 1, &strategy(), Grade::Thin).await;
    let mut mia = site.browser_of("mia").await;
    let cases: [(&str, &[&str]); 11] = [
        ("grade=Thin", &["thin"]),
        ("grade=Thin&grade=Strong", &["strong", "thin"]),
        ("grade=No+strategy+yet", &["blank", "late"]),
        ("stage=Negotiation", &["late"]),
        ("score_from=50", &["strong"]),
        ("score_to=50", &["thin"]),
        ("amount_from=50000", &["late"]),
        ("close_to=2026-12-31", &["blank", "strong", "thin"]),
        ("weakest=Ownership", &["strong", "thin"]),
        ("seller=sue", &["blank", "thin"]),
        ("seller=xia", &[]),
    ];
    for (query, wanted) in cases {
        let page = mia.get(&format!("/board?{query}")).await;

        let shown: Vec<&str> = ["blank", "late", "strong", "thin"]
            .into_iter()
            .filter(|id| page.body.contains(&format!(">Deal {id}</a>")))
            .collect();
        assert_eq!(shown, wanted, "{query}");
    }
}

#[tokio::test]
async fn every_deal_is_on_exactly_one_page_soonest_to_close_first() {
    let site = Site::open().await;
    let mut wanted = Vec::new();
    for n in 0..95 {
        let mut deal = plain_deal("sam", &format!("n{n:03}"));
        deal.close_on = match n % 10 {
            9 => None,
            day => format!("2026-12-{:02}", day + 1).parse().ok(),
        };
        site.take_up("acme", &deal).await;
        wanted.push((deal.close_on.is_none(), deal.close_on, deal.name));
    }
    wanted.sort();
    let mut mia = site.browser_of("mia").await;

    let mut path = "/board".to_owned();
    let mut found = Vec::new();
    loop {
        let page = mia.get(&path).await;
        let deals = page.body.split("class=\"deals\"").nth(1).unwrap();
        let names = deals.split("class=\"name\"").skip(1);
        found.extend(names.map(|it| {
            let name = it.split_once('>').unwrap().1;
            name.split('<').next().unwrap().to_owned()
        }));
        match page.body.split_once("\" rel=\"next\"") {
            Some((before, _)) => {
                let href = before.rsplit("href=\"").next().unwrap();
                path = href.replace("&#38;", "&").replace("&amp;", "&");
            }
            None => break,
        }
    }

    let wanted: Vec<String> = wanted.into_iter().map(|(_, _, name)| name).collect();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn nothing_on_the_board_ranks_people_or_sums_them_up() {
    let site = Site::open().await;
    site.deal("sam", "mine").await;
    let mut mia = site.browser_of("mia").await;

    let plain = mia.get("/board").await;

    for query in ["sort=seller", "order=score", "sort=grade&group=seller"] {
        let page = mia.get(&format!("/board?{query}")).await;
        let deals = |body: &str| body.split("class=\"deals\"").nth(1).map(str::to_owned);
        assert_eq!(deals(&page.body), deals(&plain.body), "{query}");
    }
    assert!(!plain.body.contains("average") && !plain.body.contains("rank"));
}

#[tokio::test]
async fn a_deal_leads_back_to_the_board_with_the_filters_it_was_found_by() {
    let site = Site::open().await;
    site.deal("sam", "mine").await;
    let mut mia = site.browser_of("mia").await;
    let from = |path: &str| format!("{}{path}", site.base);

    for (before, back) in [
        (
            from("/board?grade=Thin&seller=sam"),
            "/board?grade=Thin&amp;seller=sam",
        ),
        (from("/answers"), "/board"),
        ("https://elsewhere.test/board%22".to_owned(), "/board"),
    ] {
        let headers = [("referer", before.as_str())];
        let page = mia
            .send(Method::GET, "/deals/acme/mine", None, &headers)
            .await;

        let link = format!("<p class=\"back\"><a href=\"{back}\">Board</a>");
        let link = link.replace("&amp;", "&#38;");
        assert!(page.body.contains(&link), "{before}: {}", page.body);
    }
}

#[tokio::test]
async fn a_team_whose_stages_hold_too_few_has_a_picture_of_all_of_them() {
    let site = Site::open().await;
    for (n, seller) in ["sam", "sue", "sid", "sol", "sky"].into_iter().enumerate() {
        let mut deal = plain_deal(seller, &format!("d{n}"));
        deal.stage = ["s1", "s2", "s3"][n % 3].into();
        site.take_up("acme", &deal).await;
    }

    let page = site.browser_of("mia").await.get("/board/picture").await;

    assert!(page.body.contains("<dt>All stages</dt>"), "{}", page.body);
    assert!(!page.body.contains("<dt>Proposal</dt>"));
}

#[tokio::test]
async fn a_stage_that_pipelines_have_in_common_is_one_row_of_the_picture() {
    let site = Site::open().await;
    let pipeline = |id: &str| Pipeline {
        id: id.into(),
        name: id.to_owned(),
        stages: [("s1", "Qualification"), ("s2", "Proposal")]
            .map(|(id, name)| Stage {
                id: id.into(),
                name: name.to_owned(),
                standing: Standing::Open,
            })
            .into(),
    };
    let mut tx = site.store.write().await.unwrap();
    let pipelines = [pipeline("sales"), pipeline("upsell")];
    let now = site.env.now();
    tx.save_stages(&"acme".into(), &pipelines, now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for seller in ["sam", "sue", "sid", "sol", "sky"] {
        site.deal(seller, seller).await;
    }
    let mut alone = plain_deal("sam", "alone");
    alone.stage = "s1".into();
    site.take_up("acme", &alone).await;

    let mut tool = site.tool_of("acme:mia", &["deals"]).await;
    let picture = tool.json("/api/v1/picture").await;

    let rows = picture["by_stage"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{picture}");
    assert_eq!(rows[0]["name"], "Proposal");
    assert_eq!(picture["hidden"], 1, "{picture}");
}

#[tokio::test]
async fn the_board_leads_to_its_filters_counts_and_says_what_is_over() {
    let site = Site::open().await;
    let mut late = plain_deal("sam", "late");
    late.close_on = "2026-11-01".parse().ok();
    site.take_up("acme", &late).await;
    site.deal("sue", "other").await;
    let mut mia = site.browser_of("mia").await;

    let board = mia.get("/board").await.body;
    let filtered = mia.get("/board?seller=sam").await.body;
    let deal = mia.get("/deals/acme/late").await.body;

    assert!(
        board.contains("<a href=\"#all\">Filter deals</a>"),
        "{board}"
    );
    assert!(board.contains("id=\"all\""), "{board}");
    assert!(board.contains("was to close 16 days ago"), "{board}");
    assert!(!board.contains("closes 16 days ago"), "{board}");
    assert!(board.contains("in the deal’s own currency"), "{board}");
    assert!(filtered.contains("1 deal fits"), "{filtered}");
    assert!(deal.contains("<dt>Was to close</dt>"), "{deal}");
}
