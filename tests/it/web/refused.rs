//! A form that was not taken: what the person wrote into it comes back with the reason.

use chrono::TimeDelta;
use latitude::domain::grade::Grade;
use reqwest::{Method, StatusCode};

use super::pyramid::send_up;
use super::site::{Site, strategy};

const WORDS: &str = "Think about <b>who else</b> decides there & by when";

#[tokio::test]
async fn words_that_were_refused_come_back_with_the_reason() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    let mut mia = site.browser_of("mia").await;
    mia.get("/deals/acme/one").await;
    let (csrf, origin) = (mia.csrf.clone(), site.base.clone());
    let page = format!("{origin}/deals/acme/one");
    let headers = [("origin", origin.as_str()), ("referer", page.as_str())];
    let form = [("csrf", csrf.as_str()), ("text", WORDS)];

    let path = "/deals/acme/one/question";
    let answer = mia.send(Method::POST, path, Some(&form), &headers).await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("end it with a question mark"));
    let shown = "Think about &#60;b&#62;who else&#60;/b&#62; decides there &#38; by when";
    assert!(answer.body.contains(shown), "{}", answer.body);
    assert!(answer.body.contains("href=\"/deals/acme/one\""));
    assert!(!answer.body.contains(&csrf), "only words come back");
    assert!(
        answer.body.contains("href=\"/board\""),
        "and there is a way on"
    );
    // The same form, under the words of its page, to be put right and sent again.
    let form = answer
        .body
        .split("<form")
        .find(|it| it.contains("class=\"stacked\""))
        .unwrap();
    assert!(
        form.contains("action=\"/deals/acme/one/question\""),
        "{form}"
    );
    assert!(form.contains(">Ask one question</label>"), "{form}");
    let right = format!("{WORDS}?");
    let again = mia.post(path, &[("text", &right)]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.body);
}

#[tokio::test]
async fn an_obstacle_that_was_not_sent_up_keeps_every_field_under_its_own_words() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let begun = sam.post("/obstacles", &[("text", "Legal is slow")]).await;
    let card = begun.header("location").to_owned();
    let page = sam.get(&card).await.body;
    assert!(
        !page.contains("With my own options"),
        "there is none yet: {page}"
    );

    let form = [
        ("ground", "own_option"),
        ("what", "Two hours of a lawyer"),
        ("whom", "Legal"),
        ("by", "2026-11-30"),
    ];
    let refused = sam.post(&format!("{card}/send"), &form).await;

    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for shown in [
        "at least one option of your own",
        "name=\"ground\" value=\"think_with_me\"",
        "Think with me",
        ">From whom?</label>",
        "value=\"Legal\"",
        "Two hours of a lawyer</textarea>",
        "type=\"date\"",
        "value=\"2026-11-30\"",
    ] {
        assert!(refused.body.contains(shown), "{shown}: {}", refused.body);
    }
    for raw in ["Ground", "Whom", ">By<"] {
        assert!(!refused.body.contains(raw), "{raw}: {}", refused.body);
    }
}

#[tokio::test]
async fn whoever_was_signed_out_while_writing_keeps_the_words() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    sam.get("/week/2026-11-16").await;
    site.clock.advance(TimeDelta::days(3));

    let plan = [("what_0", WORDS), ("how_0", "Ask Ada")];
    let answer = sam.post("/week/2026-11-16", &plan).await;
    let nothing = sam.post("/week/2026-11-16", &[("what_0", "")]).await;

    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.body);
    assert!(answer.body.contains("signed out meanwhile"));
    assert!(answer.body.contains("Ask Ada") && answer.body.contains("who else"));
    assert_eq!(nothing.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_another_site_sent_is_not_shown() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let headers = [
        ("origin", "https://evil.test"),
        ("referer", "https://evil.test/trap"),
    ];
    let form = [("text", "Call this number now")];

    let path = "/obstacles";
    let answer = sam.send(Method::POST, path, Some(&form), &headers).await;

    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(!answer.body.contains("Call this number") && !answer.body.contains("evil.test"));
}

#[tokio::test]
async fn words_of_every_script_come_back_by_the_name_of_their_field() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    sam.get("/obstacles").await;
    let stale = sam.csrf.replace(|it: char| it.is_ascii_hexdigit(), "0");
    let origin = site.base.clone();
    let text = "先方の法務部が契約書をまだ見ていない";
    let form = [
        ("csrf", stale.as_str()),
        ("text", text),
        ("how_0", "Anrufen"),
    ];

    let headers = [("origin", origin.as_str())];
    let answer = sam
        .send(Method::POST, "/obstacles", Some(&form), &headers)
        .await;

    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    // The page was too old to be taken; this one is not, and nothing has to be loaded again.
    assert!(!answer.body.contains("Reload"), "{}", answer.body);
    for shown in [
        text,
        "Anrufen",
        ">What stands in the way?</label>",
        ">How 1</label>",
    ] {
        assert!(answer.body.contains(shown), "{shown}: {}", answer.body);
    }
    assert!(!answer.body.contains(&stale) && !answer.body.contains("Csrf"));
}

#[tokio::test]
async fn a_form_that_is_too_large_comes_back_whole() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let long = format!("{} and that is all", "Ask Ada. ".repeat(130_000));

    let answer = sam.post("/obstacles", &[("text", &long)]).await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("1 MB at most"));
    assert!(answer.body.contains(&long), "{} bytes", answer.body.len());
}

#[tokio::test]
async fn whoever_publishes_without_a_session_reads_that_nothing_was_and_is_led_back() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut sam = site.browser_of("sam").await;
    sam.get("/panel/acme/one").await;
    sam.cookies.clear();
    let origin = site.base.clone();
    let page = format!("{origin}/panel/acme/one");
    let headers = [("origin", origin.as_str()), ("referer", page.as_str())];
    let (path, back) = ("/panel/acme/one", "/sign-in?next=%2Fpanel%2Facme%2Fone");

    let form = [("approach", WORDS), ("base", "0")];
    let answer = sam.send(Method::POST, path, Some(&form), &headers).await;
    let nothing = [("approach", ""), ("base", "0")];
    let nothing = sam.send(Method::POST, path, Some(&nothing), &headers).await;

    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.body);
    for told in [
        "You were signed out meanwhile",
        "Not published: sign in, then publish it again.",
        "data-drafts=\"latitude-draft:acme/one/\"",
        "who else",
        &format!("href=\"{back}\""),
    ] {
        assert!(answer.body.contains(told), "{told}: {}", answer.body);
    }
    assert_eq!(nothing.header("location"), back);
}

#[tokio::test]
async fn a_token_that_opens_nothing_comes_back_with_its_boxes_and_days() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    let form = |answer: &str| {
        let form = answer
            .split("<form")
            .find(|it| it.contains("class=\"stacked\""));
        form.unwrap().to_owned()
    };

    let none = [("name", "Weekly report"), ("days", "30")];
    let none = sam.post("/tokens", &none).await;
    let unnamed = [("name", ""), ("opens_week", "yes"), ("days", "90")];
    let unnamed = sam.post("/tokens", &unnamed).await;

    let none = form(&none.body);
    for shown in [
        ">What is it for?</label>",
        "<legend>What does it open?</legend>",
        "name=\"opens_deals\" value=\"yes\" aria-describedby=\"why\"> Deals with their strategies",
        "<legend>How long?</legend>",
        "name=\"days\" value=\"30\" checked",
        "> 365 days",
    ] {
        assert!(none.contains(shown), "{shown}: {none}");
    }
    let at = |words: &str| none.find(words).unwrap();
    assert!(at("What is it for?") < at("What does it open?"), "{none}");
    assert!(at("What does it open?") < at("How long?"), "{none}");
    let unnamed = form(&unnamed.body);
    assert!(
        unnamed.contains("name=\"opens_week\" value=\"yes\" checked"),
        "{unnamed}"
    );
    assert!(
        unnamed.contains("name=\"opens_deals\" value=\"yes\" aria"),
        "{unnamed}"
    );
    let right = [
        ("name", "Weekly report"),
        ("days", "30"),
        ("opens_deals", "yes"),
    ];
    assert_eq!(sam.post("/tokens", &right).await.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_mistypes_the_word_reads_again_what_it_is() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;

    let answer = sam.post("/mine/all", &[("sure", "forget")]).await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains(">To go on, type “forget me”</label>"),
        "{}",
        answer.body
    );
    assert!(!answer.body.contains(">Sure<"), "{}", answer.body);
}

#[tokio::test]
async fn a_closing_that_was_not_taken_asks_again_whether_the_answer_helped() {
    let site = Site::open().await;
    let card = send_up(&site, "sam", "Legal is slow", false).await;
    let no = [
        ("kind", "no"),
        ("text", "We have no lawyer for this until the spring"),
        ("more", "A second lawyer"),
    ];
    let mut mia = site.browser_of("mia").await;
    mia.post(&format!("{card}/answer"), &no).await;
    let mut sam = site.browser_of("sam").await;
    let page = sam.get(&card).await.body;
    assert!(page.contains("name=\"answered\" value=\"yes\""), "{page}");

    let form = [
        ("answered", "yes"),
        ("outcome", "worked_around"),
        ("text", ""),
    ];
    let refused = sam.post(&format!("{card}/close"), &form).await;

    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let body = &refused.body;
    let at = |words: &str| {
        body.find(words)
            .unwrap_or_else(|| panic!("{words}: {body}"))
    };
    assert!(
        at("What became of it") < at("Did the answer help?"),
        "{body}"
    );
    assert!(
        at("Did the answer help?") < at("What made the difference?"),
        "{body}"
    );
}
