//! The executive's page and the product queue: what was passed up, and figures of groups alone.

use chrono::TimeDelta;
use latitude::domain::deal::Standing;
use latitude::domain::grade::Grade;
use latitude::domain::ids::ConnectionId;
use latitude::domain::people::Person;

use super::site::{Site, plain_deal, strategy};
use super::tool::ALL;

/// Teams of one below Dan: m1 leads s1, and so on.
async fn teams(site: &Site, many: usize) {
    let person = |id: String, manager: &str| Person {
        name: format!("Person {id}"),
        email: None,
        active: true,
        manager: Some(manager.into()),
        time_zone: Some("Europe/Berlin".to_owned()),
        id: id.into(),
    };
    let mut people = Vec::new();
    for n in 1..=many {
        people.push(person(format!("m{n}"), "dan"));
        people.push(person(format!("s{n}"), &format!("m{n}")));
    }
    for (id, name, manager) in super::site::PEOPLE {
        people.push(Person {
            id: id.into(),
            name: name.to_owned(),
            email: Some(format!("{id}@acme.test")),
            active: true,
            manager: manager.map(Into::into),
            time_zone: Some("Europe/Berlin".to_owned()),
        });
    }
    let mut tx = site.store.write().await.unwrap();
    let acme = ConnectionId::from("acme");
    tx.save_people(&acme, &people).await.unwrap();
    tx.commit().await.unwrap();
}

/// A seller sends something up; the address of the card.
pub(super) async fn send_up(site: &Site, seller: &str, text: &str, gap: bool) -> String {
    let mut browser = site.browser_of(seller).await;
    let made = browser.post("/obstacles", &[("text", text)]).await;
    let card = made.header("location").to_owned();
    if gap {
        let option = [
            ("kind", "partner"),
            ("text", "Northgate has a gateway for it"),
        ];
        browser.post(&format!("{card}/option"), &option).await;
    }
    let ground = if gap { "own_option" } else { "think_with_me" };
    let mut form = vec![
        ("ground", ground),
        ("what", "Two days of an engineer"),
        ("whom", "Engineering"),
        ("by", "2027-01-30"),
    ];
    if gap {
        form.push(("gap", "yes"));
    }
    let sent = browser.post(&format!("{card}/send"), &form).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    card
}

#[tokio::test]
async fn figures_stand_for_five_people_or_more_and_for_nobody_below() {
    let site = Site::open().await;
    teams(&site, 5).await;
    for n in 1..=4 {
        send_up(&site, &format!("s{n}"), "Their audit blocks us", false).await;
    }
    let mut eva = site.browser_of("eva").await;
    let mut tool = site.tool_of("acme:eva", &ALL).await;

    let page = eva.get("/pyramid").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("Fewer than five people so far."));
    assert!(!page.body.contains("needs wait"), "{}", page.body);
    assert!(!page.body.contains("Where we are in the way"));
    let four = tool.json("/api/v1/pyramid").await;
    assert!(four["bands"][1]["figures"].is_null(), "{four}");

    send_up(&site, "s5", "Their audit blocks us", false).await;
    let five = tool.json("/api/v1/pyramid").await;
    assert_eq!(five["bands"][1]["figures"][0]["count"], 5, "{five}");
    assert_eq!(five["bands"][1]["figures"][1]["count"], 0);
    // Above the managers nobody was asked: no group, no figure.
    assert!(five["bands"][2]["figures"].is_null(), "{five}");
    site.clock.advance(TimeDelta::days(3));
    let later = tool.json("/api/v1/pyramid").await;
    assert_eq!(later["bands"][1]["figures"][1]["count"], 5, "{later}");
    let mut eva = site.browser_of("eva").await;
    let page = eva.get("/pyramid").await;
    assert!(page.body.contains("<strong>5</strong> answers are overdue"));
    let (_, way) = page.body.split_once("Where we are in the way").unwrap();
    assert!(way.contains("Front line: 5 answers are overdue, owed by managers."));
    // What was not passed up to her is a figure and nothing more.
    assert!(!page.body.contains("Their audit blocks us"));
}

#[tokio::test]
async fn a_promise_kept_stays_kept_when_the_seller_closes_the_card() {
    let site = Site::open().await;
    teams(&site, 6).await;
    let mut cards = Vec::new();
    for n in 1..=6 {
        let card = send_up(&site, &format!("s{n}"), "Their audit blocks us", false).await;
        let mut manager = site.browser_of(&format!("m{n}")).await;
        manager.get(&card).await;
        let backed = [("kind", "backed"), ("until", "2026-11-20")];
        let done = manager.post(&format!("{card}/answer"), &backed).await;
        assert_eq!(done.status, 303, "{}", done.body);
        cards.push(card);
    }
    let does = async |n: usize, deed: &str| {
        let mut seller = site.browser_of(&format!("s{n}")).await;
        let card = &cards[n - 1];
        let form = [("outcome", "removed"), ("helped", "yes")];
        let done = seller.post(&format!("{card}/{deed}"), &form).await;
        assert_eq!(done.status, 303, "{n} {deed}: {}", done.body);
    };
    // Two were kept and the cards closed, one was kept, one is needed no more before its day; two
    // days go by, and one of those cards is closed later.
    for (n, deed) in [(1, "kept"), (1, "close"), (2, "kept"), (2, "close")] {
        does(n, deed).await;
    }
    does(3, "kept").await;
    does(4, "close").await;
    site.clock.advance(TimeDelta::days(5));
    does(5, "close").await;

    let mut tool = site.tool_of("acme:eva", &ALL).await;
    let pyramid = tool.json("/api/v1/pyramid").await;

    assert_eq!(pyramid["promises"][0]["level"], "Manager", "{pyramid}");
    assert_eq!(pyramid["promises"][0]["percent"], 60, "{pyramid}");
    assert_eq!(pyramid["promises"][0]["of"], 5, "{pyramid}");
    let page = site.browser_of("eva").await.get("/pyramid").await.body;
    assert!(
        page.contains("60 % <span class=\"quiet\">of 5</span>"),
        "{page}"
    );
}

#[tokio::test]
async fn no_filter_takes_a_group_apart() {
    let site = Site::open().await;
    teams(&site, 5).await;
    for n in 1..=5 {
        let seller = format!("s{n}");
        site.deal(&seller, &format!("d{n}")).await;
        send_up(&site, &seller, "Their audit blocks us", false).await;
    }
    let mut tool = site.tool_of("acme:eva", &ALL).await;
    let whole = tool.json("/api/v1/pyramid").await;
    assert_eq!(whole["bands"][0]["figures"][0]["count"], 5, "{whole}");
    for filter in [
        "seller=s1",
        "grade=Thin",
        "stage=s2",
        "close_from=2027-01-01",
        "team=m1",
    ] {
        let asked = tool.json(&format!("/api/v1/pyramid?{filter}")).await;
        assert_eq!(asked, whole, "{filter}");
    }
    // Her own part is in no group, so that she cannot take it away from one.
    let cards = send_up(&site, "s1", "Legal has not looked at it", false).await;
    for level in ["manager", "director"] {
        site.clock.advance(TimeDelta::days(6));
        let mut s1 = site.browser_of("s1").await;
        let over = s1.post(&format!("{cards}/over"), &[]).await;
        assert_eq!(over.status, 303, "{level}: {}", over.body);
    }
    let mut tool = site.tool_of("acme:eva", &ALL).await;
    let after = tool.json("/api/v1/pyramid").await;
    assert!(after["bands"][2]["figures"].is_null(), "{after}");
}

#[tokio::test]
async fn the_first_row_is_what_the_executive_owes_and_only_what_was_passed_up() {
    let site = Site::open().await;
    let card = send_up(&site, "sam", "Legal has not looked at it", false).await;
    send_up(&site, "sue", "Their audit blocks us", false).await;
    for _ in 0..2 {
        site.clock.advance(TimeDelta::days(6));
        let mut sam = site.browser_of("sam").await;
        let over = sam.post(&format!("{card}/over"), &[]).await;
        assert_eq!(over.status, 303, "{}", over.body);
    }
    let mut eva = site.browser_of("eva").await;
    let page = eva.get("/pyramid").await;
    assert!(
        page.body.contains("Waiting for me, in time"),
        "{}",
        page.body
    );
    assert!(page.body.contains("Legal has not looked at it"));
    assert!(!page.body.contains("Their audit blocks us"));

    site.clock.advance(TimeDelta::days(7));
    let mut eva = site.browser_of("eva").await;
    let page = eva.get("/pyramid").await;
    let (first, _) = page.body.split_once("What each band is owed").unwrap();
    assert!(first.contains("Legal has not looked at it"));
    assert!(
        first.contains("No answer yet") || first.contains("Overdue"),
        "{first}"
    );
    let answer = [
        ("kind", "no"),
        ("text", "We have no lawyer for this until the spring"),
        ("more", "A second lawyer"),
    ];
    let done = eva.post(&format!("{card}/answer"), &answer).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let page = eva.get("/pyramid").await;
    assert!(page.body.contains("None. Nobody waits for you"));
    let (_, rest) = page.body.split_once("Where we are in the way").unwrap();
    assert!(rest.contains("Legal has not looked at it"));
}

#[tokio::test]
async fn plans_and_results_are_shown_from_twenty_closed_deals_of_five_sellers() {
    let site = Site::open().await;
    let sellers = ["sam", "sue", "sid", "sol", "sky"];
    let close = async |n: usize, seller: &str, grade: Grade, won: bool| {
        let mut deal = plain_deal(seller, &format!("c{n}"));
        site.take_up("acme", &deal).await;
        site.write(&deal, 1, &strategy(), grade).await;
        deal.standing = if won { Standing::Won } else { Standing::Lost };
        site.take_up("acme", &deal).await;
    };
    // Nineteen of five sellers, and twenty of four.
    for n in 0..19 {
        close(n, sellers[n % 5], Grade::Solid, n % 2 == 0).await;
    }
    for n in 20..40 {
        close(n, sellers[n % 4], Grade::Thin, n % 2 == 0).await;
    }
    let mut tool = site.tool_of("acme:eva", &ALL).await;
    let before = tool.json("/api/v1/pyramid").await;
    for result in before["results"].as_array().unwrap() {
        assert!(result["won"].is_null(), "{result}");
    }

    close(19, "sky", Grade::Solid, false).await;
    let after = tool.json("/api/v1/pyramid").await;
    assert_eq!(after["results"][1]["grade"], "Solid");
    assert_eq!(after["results"][1]["won"]["from"], 29, "{after}");
    assert_eq!(after["results"][1]["won"]["to"], 71);
    assert!(after["results"][3]["won"].is_null(), "{after}");
    let page = site.browser_of("eva").await.get("/pyramid").await;
    assert!(
        page.body.contains("50 % won, likely 29 to 71 %"),
        "{}",
        page.body
    );
    assert!(page.body.contains("Not enough yet"));
}

#[tokio::test]
async fn a_gap_reaches_the_product_queue_with_options_and_backing() {
    let site = Site::open().await;
    let card = send_up(
        &site,
        "sam",
        "They need single sign-on we do not have",
        true,
    )
    .await;
    let mut pat = site.browser_of("pat").await;
    assert!(
        pat.get("/queue")
            .await
            .body
            .contains("No gap has been passed")
    );
    assert_eq!(pat.get(&card).await.status, 404);
    let mut mia = site.browser_of("mia").await;
    let up = [
        ("kind", "passed_up"),
        ("text", "Three of our customers wait for it"),
    ];
    let passed = mia.post(&format!("{card}/answer"), &up).await;
    assert_eq!(passed.status, 303, "{}", passed.body);

    let page = pat.get("/queue").await;

    for shown in [
        "They need single sign-on we do not have",
        "Northgate has a gateway for it",
        "Mia Manager stands behind it",
        "Three of our customers wait for it",
        "Due from us by",
    ] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    let owed = pat.get("/answers").await.body;
    assert!(owed.contains("They need single sign-on"), "{owed}");
    assert!(!owed.contains("Nobody waits for you"), "{owed}");
    let tool = site
        .tool_of("acme:pat", &ALL)
        .await
        .json("/api/v1/queue")
        .await;
    assert_eq!(tool[0]["options"][0]["kind"], "partner");
    assert_eq!(
        tool[0]["said"][0]["text"],
        "Three of our customers wait for it"
    );
    let until = [("kind", "backed"), ("until", "2026-12-18")];
    let answered = pat.post(&format!("{card}/answer"), &until).await;
    assert_eq!(answered.status, 303, "{}", answered.body);
    assert!(
        pat.get("/queue")
            .await
            .body
            .contains("No gap has been passed")
    );
}
