//! What a manager sees first, and does about a deal.

use chrono::TimeDelta;
use latitude::domain::grade::Grade;
use latitude::domain::ids::ConnectionId;
use latitude::domain::people::Person;
use reqwest::StatusCode;

use super::site::{Site, plain_deal, strategy};

#[tokio::test]
async fn a_manager_promises_before_the_board_opens() {
    let site = Site::open().await;
    site.found("other").await;
    let mut browser = site.browser();
    browser.sign_in("other:mia").await;

    let answer = browser.get("/board").await;
    assert_eq!(answer.header("location"), "/promise?connection=other");
    browser.get("/promise?connection=other").await;
    let form = [("connection", "other"), ("days", "2"), ("text", "Ask me.")];
    let made = browser.post("/promise", &form).await;

    let next = "/board?connection=other&done=promised";
    assert_eq!(made.header("location"), next);
    let told = browser.get(next).await.body;
    let sentence = "Your promise is published: clocks run by it from now on.";
    assert!(told.contains(sentence), "{told}");
    assert_eq!(browser.get("/board").await.status, StatusCode::OK);
    let mut seller = site.browser();
    seller.sign_in("other:sam").await;
    assert_eq!(seller.get("/board").await.status, StatusCode::OK);
    assert_eq!(seller.get("/promise").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_board_opens_with_where_a_talk_would_help_and_why() {
    let site = Site::open().await;
    let large = {
        let mut deal = plain_deal("sam", "large");
        deal.amount = Some(300_000.0);
        site.take_up("acme", &deal).await;
        deal
    };
    let strong = site.deal("sue", "strong").await;
    site.write(&large, 1, &strategy(), Grade::Thin).await;
    site.write(&strong, 1, &strategy(), Grade::Strong).await;
    site.deal("xia", "theirs").await;

    let page = site.browser_of("mia").await.get("/board").await;

    let talks = page.body.split("id=\"talks\"").nth(1).unwrap();
    let (talks, rest) = talks.split_once("</section>").unwrap();
    assert!(
        talks.contains("EUR 300,000, closes in 23 days, the plan is Thin, weakest in Ownership."),
        "{talks}"
    );
    assert!(!talks.contains("Deal strong") && !talks.contains("Deal theirs"));
    let learn = rest.split("id=\"learn\"").nth(1).unwrap();
    assert!(
        learn
            .split("</section>")
            .next()
            .unwrap()
            .contains("Deal strong")
    );
}

#[tokio::test]
async fn one_question_at_a_time_joins_the_thread() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    site.clock.advance(TimeDelta::hours(1));
    let mut mia = site.browser_of("mia").await;
    let path = "/deals/acme/one/question";

    let statement = mia.post(path, &[("text", "Do it.")]).await;
    let first = mia.post(path, &[("text", "Who else must agree?")]).await;
    let second = mia.post(path, &[("text", "And why?")]).await;

    assert_eq!(statement.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    let told = mia.get(first.header("location")).await.body;
    assert!(
        told.contains("role=\"status\">Your question is on its way to Sam Seller."),
        "{told}"
    );
    // The address carries a word out of a list; any other says nothing.
    let none = mia.get("/deals/acme/one?done=You+are+fired").await.body;
    assert!(
        !none.contains("fired") && !none.contains("role=\"status\""),
        "{none}"
    );
    let spoke = mia.post("/deals/acme/one/talked", &[]).await;
    let told = mia.get(spoke.header("location")).await.body;
    assert!(told.contains("Noted: you spoke today."), "{told}");
    assert_eq!(second.status, StatusCode::CONFLICT);
    let seller = site.browser_of("sam").await.get("/deals/acme/one").await;
    assert!(seller.body.contains("Mia Manager asked, 17 Nov 2026"));
    assert!(seller.body.contains("Who else must agree?"));
    let id = ConnectionId::from("acme");
    let mut tx = site.store.read().await.unwrap();
    let due = tx.due(&id, site.env.now()).await.unwrap();
    assert!(due.iter().any(|it| it.step == "ask"));
    drop(tx);
    site.clock.advance(TimeDelta::hours(1));
    site.write(&deal, 2, &strategy(), Grade::Solid).await;
    let third = mia.post(path, &[("text", "And why?")]).await;
    assert_eq!(third.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn help_and_another_view_reach_the_seller_in_the_panel_and_at_home() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    let mut mia = site.browser_of("mia").await;
    mia.post("/deals/acme/one/help", &[("text", "I know her peer")])
        .await;
    site.clock.advance(TimeDelta::minutes(1));
    let view = [("text", "Their controller told me otherwise")];
    mia.post("/deals/acme/one/view", &view).await;

    let mut sam = site.browser_of("sam").await;
    for path in ["/panel/acme/one", "/"] {
        let page = sam.get(path).await.body;
        for told in [
            "Mia Manager offers help",
            "I know her peer",
            "Mia Manager sees it differently",
            "Their controller told me otherwise",
        ] {
            assert!(page.contains(told), "{path}, {told}: {page}");
        }
    }
    let panel = sam.get("/panel/acme/one").await.body;
    assert!(panel.contains("href=\"/deals/acme/one\""), "{panel}");
    site.clock.advance(TimeDelta::days(8));
    let home = site.browser_of("sam").await.get("/").await.body;
    assert!(
        !home.contains("offers help"),
        "it is no news any more: {home}"
    );
}

#[tokio::test]
async fn only_whoever_leads_the_seller_asks_helps_or_sees_it_differently() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    for (person, status) in [
        ("max", StatusCode::NOT_FOUND),
        ("eva", StatusCode::NOT_FOUND),
        ("sue", StatusCode::NOT_FOUND),
        ("sam", StatusCode::FORBIDDEN),
    ] {
        let mut browser = site.browser_of(person).await;
        for action in ["question", "help", "view", "talked"] {
            let form = [("text", "Is this long enough to count?")];
            let answer = browser
                .post(&format!("/deals/acme/one/{action}"), &form)
                .await;
            assert_eq!(answer.status, status, "{person} {action}");
        }
    }
}

#[tokio::test]
async fn the_deal_shows_what_changed_since_they_last_spoke() {
    let site = Site::open().await;
    let mut deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    let mut mia = site.browser_of("mia").await;
    let before = mia.get("/deals/acme/one").await;
    mia.post("/deals/acme/one/talked", &[]).await;

    deal.stage = "s3".into();
    deal.amount = Some(15_000.0);
    site.take_up("acme", &deal).await;
    let mut answers = strategy();
    answers.conversation_goal = "Ines names who signs and by when.".to_owned();
    site.write(&deal, 2, &answers, Grade::Solid).await;
    let page = mia.get("/deals/acme/one").await;
    let card = mia.get("/deals/acme/one/card").await;

    assert!(!before.body.contains("Since you last spoke"));
    for body in [&page.body, &card.body] {
        assert!(
            body.contains("<del>Proposal</del> <ins>Negotiation</ins>"),
            "{body}"
        );
        assert!(body.contains("<del>EUR 12,500</del> <ins>EUR 15,000</ins>"));
        assert!(body.contains("<del>Thin</del> <ins>Solid</ins>"));
        assert!(body.contains("<ins>signs and by when.</ins>"));
    }
    let own = site.browser_of("sam").await.get("/deals/acme/one").await;
    assert!(!own.body.contains("Since you last spoke"));
}

#[tokio::test]
async fn the_seller_sees_who_opened_the_strategy_but_not_how_often() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut mia = site.browser_of("mia").await;
    for _ in 0..3 {
        mia.get("/deals/acme/one").await;
    }

    let own = site.browser_of("sam").await.get("/deals/acme/one").await;
    let manager = mia.get("/deals/acme/one").await;

    assert_eq!(own.body.matches("Mia Manager").count(), 1, "{}", own.body);
    assert!(own.body.contains("last on 17 Nov 2026"));
    assert!(!manager.body.contains("Who opened it"));
}

#[tokio::test]
async fn whichever_way_a_strategy_is_read_its_seller_sees_who_opened_it() {
    let site = Site::open().await;
    let card = site.deal("sam", "card").await;
    site.write(&card, 1, &strategy(), Grade::Thin).await;
    site.deal("sam", "tool").await;
    site.deal("sam", "unread").await;

    let mut mia = site.browser_of("mia").await;
    let read = mia.get("/deals/acme/card/card").await;
    assert!(read.body.contains("she trusts peers"), "{}", read.body);
    let mut tool = site.tool_of("acme:mia", &["deals"]).await;
    tool.json("/api/v1/deals/tool").await;
    tool.json("/api/v1/deals").await;

    let mut sam = site.browser_of("sam").await;
    // One's own reading leaves no trace.
    sam.get("/deals/acme/unread/card").await;
    for (deal, opened) in [("card", true), ("tool", true), ("unread", false)] {
        let page = sam.get(&format!("/deals/acme/{deal}")).await.body;
        assert_eq!(page.contains("Mia Manager"), opened, "{deal}: {page}");
        assert_eq!(page.contains("last on 17 Nov 2026"), opened, "{deal}");
        let panel = sam.get(&format!("/panel/acme/{deal}")).await.body;
        assert_eq!(panel.contains("last on 17 Nov 2026"), opened, "{deal}");
    }
}

#[tokio::test]
async fn a_picture_shows_groups_of_five_or_more_and_takes_no_filter() {
    let site = Site::open().await;
    for (n, seller) in ["sam", "sue", "sid", "sol", "sky"].iter().enumerate() {
        let deal = site.deal(seller, &format!("p{n}")).await;
        let grade = if n == 0 { Grade::Strong } else { Grade::Thin };
        site.write(&deal, 1, &strategy(), grade).await;
    }
    let mut alone = plain_deal("sam", "alone");
    alone.stage = "s3".into();
    site.take_up("acme", &alone).await;
    let mut mia = site.browser_of("mia").await;

    let page = mia.get("/board/picture").await;
    let narrowed = mia
        .get("/board/picture?seller=sam&grade=Strong&stage=Negotiation")
        .await;
    let few = site.browser_of("max").await.get("/board/picture").await;

    assert!(page.body.contains("Proposal") && page.body.contains("Strong 20 %, Thin 80 %"));
    assert!(
        !page.body.contains("<dt>Negotiation"),
        "a group of one is shown"
    );
    let (first, _) = page.body.split_once("<dl").unwrap();
    assert!(first.contains("fewer than five people: Negotiation."));
    let drawn = |body: &str| {
        body.split("<dl")
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(drawn(&page.body), drawn(&narrowed.body));
    assert!(drawn(&few.body).iter().all(|it| !it.contains("<rect")));
    let seller = site.browser_of("sam").await.get("/board/picture").await;
    assert_eq!(seller.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_week_of_the_picture_begins_on_monday_where_the_reader_is() {
    let site = Site::open().await;
    // Sunday noon in London is Monday morning in Auckland.
    site.clock.advance(TimeDelta::days(5) + TimeDelta::hours(3));
    for (n, seller) in ["sam", "sue", "sid", "sol", "sky"].iter().enumerate() {
        let deal = site.deal(seller, &format!("p{n}")).await;
        site.write(&deal, 1, &strategy(), Grade::Thin).await;
    }
    for (zone, monday, other) in [
        ("Europe/Berlin", "16 Nov 2026", "23 Nov 2026"),
        ("Pacific/Auckland", "23 Nov 2026", "16 Nov 2026"),
    ] {
        let mia = Person {
            id: "mia".into(),
            name: "Mia Manager".to_owned(),
            email: Some("mia@acme.test".to_owned()),
            active: true,
            manager: Some("dan".into()),
            time_zone: Some(zone.to_owned()),
        };
        let mut tx = site.store.write().await.unwrap();
        let acme = ConnectionId::from("acme");
        tx.save_people(&acme, &[mia]).await.unwrap();
        tx.commit().await.unwrap();

        let page = site.browser_of("mia").await.get("/board/picture").await;
        let mut tool = site.tool_of("acme:mia", &["deals"]).await;
        let told = tool.json("/api/v1/picture").await;

        assert!(page.body.contains(monday), "{zone}: {}", page.body);
        assert!(!page.body.contains(other), "{zone}: {}", page.body);
        assert_eq!(told["by_week"][0]["name"], monday, "{zone}");
    }
}

#[tokio::test]
async fn every_bar_of_the_picture_is_drawn_whole_its_edge_included() {
    let site = Site::open().await;
    for (n, seller) in ["sam", "sue", "sid", "sol", "sky"].iter().enumerate() {
        let deal = site.deal(seller, &format!("p{n}")).await;
        let grade = match n {
            0 => Grade::Strong,
            _ => Grade::NotAssessedLanguage,
        };
        site.write(&deal, 1, &strategy(), grade).await;
    }

    let page = site.browser_of("mia").await.get("/board/picture").await;

    let boxes: Vec<&str> = page.body.split("<svg").skip(1).collect();
    let dashed = |it: &&&str| it.contains("g-other");
    assert!(boxes.iter().filter(dashed).count() > 1, "{}", page.body);
    for drawing in boxes.iter().filter(dashed) {
        let of = |text: &str, name: &str| -> Option<f64> {
            let value = text.split(&format!(" {name}=\"")).nth(1)?;
            value.split('"').next()?.parse().ok()
        };
        let view = drawing.split("viewBox=\"0 0 ").nth(1).unwrap();
        let view: Vec<f64> = view
            .split('"')
            .next()
            .unwrap()
            .split(' ')
            .map(|it| it.parse().unwrap())
            .collect();
        let bar = drawing.split("<rect").find(|it| it.contains("g-other"));
        let bar = bar.unwrap();
        // Half of the edge lies outside of a shape.
        for (at, long, room) in [("x", "width", view[0]), ("y", "height", view[1])] {
            let from = of(bar, at).unwrap_or(0.0);
            assert!(from >= 0.5, "{bar}");
            assert!(from + of(bar, long).unwrap() <= room - 0.5, "{bar}");
        }
    }
}

#[tokio::test]
async fn a_talk_card_fits_on_one_sheet_however_much_was_written() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    let mut long = strategy();
    let sentence = "Ask Ada first, because she signs. ";
    for (times, class, cut) in [(0, "", false), (40, "close", false), (200, "closest", true)] {
        long.approach = format!("{}{}", strategy().approach, sentence.repeat(times));
        let version = times as i64 + 1;
        site.write(&deal, version, &long, Grade::Solid).await;

        let mut mia = site.browser_of("mia").await;
        let card = mia.get("/deals/acme/one/card").await.body;

        assert!(card.contains(&format!("class=\"talk {class}\"")), "{card}");
        assert_eq!(card.contains("Cut to fit on one page"), cut);
        assert_eq!(card.contains(long.approach.trim()), !cut);
        assert!(card.matches(sentence).count() >= times.min(10));
    }
}

#[tokio::test]
async fn a_mark_alone_is_no_question_and_stands_in_nobodys_way() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    site.clock.advance(TimeDelta::hours(1));
    let mut mia = site.browser_of("mia").await;
    let path = "/deals/acme/one/question";

    for none in ["?", "?? ?", " ？", "-?"] {
        let refused = mia.post(path, &[("text", none)]).await;

        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{none}");
        assert!(refused.body.contains("is no question"), "{}", refused.body);
        assert!(refused.body.contains(none.trim()), "{}", refused.body);
    }
    let asked = mia.post(path, &[("text", "誰が決めますか？")]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
}

#[tokio::test]
async fn what_a_manager_said_is_put_away_by_the_seller_once_it_is_read() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    let mut mia = site.browser_of("mia").await;
    for text in ["I know her peer", "I can call their controller"] {
        mia.post("/deals/acme/one/help", &[("text", text)]).await;
        site.clock.advance(TimeDelta::minutes(1));
    }
    let mut sam = site.browser_of("sam").await;
    let home = sam.get("/").await.body;
    let panel = sam.get("/panel/acme/one").await.body;
    let form = panel.split("I know her peer").nth(1).unwrap();
    let field = |name: &str| {
        let value = form.split(&format!("name=\"{name}\" value=\"")).nth(1);
        value.unwrap().split('"').next().unwrap().to_owned()
    };
    let at = field("at");

    let other = site
        .browser_of("sue")
        .await
        .post("/panel/acme/one/said", &[("at", &at)])
        .await;
    let away = sam.post("/panel/acme/one/said", &[("at", &at)]).await;

    let news = home
        .split("From my manager")
        .nth(1)
        .unwrap_or_else(|| panic!("{home}"));
    assert!(news.contains("I know her peer"), "{home}");
    assert_eq!(other.status, StatusCode::NOT_FOUND, "{}", other.body);
    assert_eq!(away.status, StatusCode::SEE_OTHER, "{}", away.body);
    for path in ["/", "/panel/acme/one"] {
        let page = sam.get(path).await.body;
        assert!(!page.contains("I know her peer"), "{path}: {page}");
        assert!(
            page.contains("I can call their controller"),
            "{path}: {page}"
        );
    }
    // It was said: on the deal's page it stands for both.
    for person in ["sam", "mia"] {
        let page = site
            .browser_of(person)
            .await
            .get("/deals/acme/one")
            .await
            .body;
        assert!(page.contains("I know her peer"), "{person}: {page}");
    }
}
