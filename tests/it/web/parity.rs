//! What a page shows, a tool can have: page by page, under the same rules.

use chrono::TimeDelta;
use latitude::domain::grade::Grade;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::site::{Site, plain_deal, strategy};
use super::tool::ALL;

fn ids(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|it| it["deal"].as_str().or(it["id"].as_str()))
        .map(|it| it.unwrap())
        .collect()
}

#[tokio::test]
async fn the_table_of_a_tool_is_the_table_of_the_board() {
    let site = Site::open().await;
    let mut hostile = plain_deal("sam", "h1");
    hostile.name = "=HYPERLINK(\"https://evil.test\")".to_owned();
    site.take_up("acme", &hostile).await;
    site.deal("sue", "other").await;
    site.deal("xia", "theirs").await;
    let mut tool = site.tool_of("acme:mia", &["deals"]).await;

    for filter in ["", "?seller=sam", "?grade=Strong", "?amount_from=1"] {
        let mut mia = site.browser_of("mia").await;
        let page = mia.get(&format!("/board.csv{filter}")).await;
        let table = tool.get(&format!("/api/v1/deals.csv{filter}")).await;
        assert_eq!(table.status, StatusCode::OK, "{}", table.body);
        assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(table.body, page.body, "{filter}");
    }
    for unfit in ["limit=10", "after=~x", "grade=Great"] {
        let answer = tool.get(&format!("/api/v1/deals.csv?{unfit}")).await;
        assert_eq!(answer.status.as_u16(), 422, "{unfit}");
    }
}

#[tokio::test]
async fn the_lists_of_the_board_compare_no_amounts_of_different_currencies() {
    let site = Site::open().await;
    let mut yen = plain_deal("sam", "yen");
    yen.amount = Some(40_000_000.0);
    yen.currency = Some("JPY".to_owned());
    yen.close_on = "2027-02-20".parse().ok();
    site.take_up("acme", &yen).await;
    let mut euro = plain_deal("sue", "euro");
    euro.amount = Some(400_000.0);
    euro.close_on = "2026-11-20".parse().ok();
    site.take_up("acme", &euro).await;
    let good = site.deal("sid", "good").await;
    site.write(&good, 1, &strategy(), Grade::Strong).await;
    let mut tool = site.tool_of("acme:mia", &["deals"]).await;

    let board = tool.json("/api/v1/board").await;

    let talks = board["talks"].as_array().unwrap();
    let order: Vec<&str> = talks
        .iter()
        .map(|it| it["deal"]["id"].as_str().unwrap())
        .filter(|it| *it != "good")
        .collect();
    assert_eq!(order, ["euro", "yen"], "the closer one first");
    assert_eq!(talks[0]["because"], "there is no plan yet");
    assert_eq!(ids(&board["worth_learning_from"]), ["good"]);
    assert_eq!(board["past_check_date"], json!([]));
    let page = site.browser_of("mia").await.get("/board").await.body;
    let at = |name: &str| page.find(name).unwrap();
    assert!(at(">Deal euro</a>") < at(">Deal yen</a>"));
    for nobody in ["acme:sam", "acme:eva", "acme:pat"] {
        let answer = site.tool_of(nobody, &ALL).await.get("/api/v1/board").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nobody}");
    }
}

#[tokio::test]
async fn a_tool_of_the_seller_reads_the_next_conversations_as_home_shows_them() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    site.deal("sam", "blank").await;
    site.deal("sue", "hers").await;
    site.clock.advance(TimeDelta::minutes(1));
    let question = [("text", "Who besides Ines would notice?")];
    let mut mia = site.browser_of("mia").await;
    mia.get("/deals/acme/one").await;
    mia.post("/deals/acme/one/question", &question).await;

    let mut tool = site.tool_of("acme:sam", &["deals"]).await;
    let told = tool.json("/api/v1/conversations").await;

    assert_eq!(ids(&told["next"]), ["one", "blank"]);
    assert_eq!(told["next"][0]["check_on"], "2026-11-24");
    assert_eq!(told["next"][0]["past"], false);
    assert_eq!(told["next"][1]["check_on"], Value::Null);
    assert_eq!(ids(&told["asked"]), ["one"]);
    assert_eq!(told["asked"][0]["question"], question[0].1);
    assert_eq!(told["ended"], json!([]));
    let link = format!("{}/panel/acme/one", site.base);
    assert_eq!(told["asked"][0]["link"], link.as_str());
    let home = site.browser_of("sam").await.get("/").await.body;
    assert!(home.contains(question[0].1) && home.contains("Mia Manager asks:"));
}

#[tokio::test]
async fn a_tool_reads_what_the_page_and_the_panel_of_a_deal_show() {
    let site = Site::open().await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    let mut mia = site.browser_of("mia").await;
    mia.get("/deals/acme/one").await;
    mia.post("/deals/acme/one/talked", &[]).await;
    let mut changed = strategy();
    changed.approach = "Ask Ada first, because she signs.".to_owned();
    site.write(&deal, 2, &changed, Grade::Solid).await;
    site.clock.advance(TimeDelta::minutes(1));
    let question = [("text", "Who besides Ines would notice?")];
    mia.post("/deals/acme/one/question", &question).await;

    let mut hers = site.tool_of("acme:mia", &["deals"]).await;
    let hers = hers.json("/api/v1/deals/one").await;
    let mut his = site.tool_of("acme:sam", &["deals"]).await;
    let his = his.json("/api/v1/deals/one").await;

    let since = &hers["since_last_talk"];
    assert_eq!(since["on"], "2026-11-17");
    let change = |what: &str| {
        let all = since["changes"].as_array().unwrap();
        all.iter().find(|it| it["what"] == what).cloned()
    };
    assert_eq!(
        change("Grade").unwrap(),
        json!({"what": "Grade", "before": "Thin", "now": "Solid"})
    );
    let approach = change("Approach").unwrap();
    assert_eq!(approach["before"], strategy().approach.as_str());
    assert_eq!(approach["now"], changed.approach.as_str());
    assert_eq!(change("Customer outcome"), None);
    assert_eq!(hers["in_the_crm"], Value::Null);
    assert_eq!(his["since_last_talk"], Value::Null);
    assert_eq!(his["in_the_crm"]["version"], 2);
    for told in [&hers, &his] {
        assert!(told["question_open_since"].is_string());
        let prompts = told["guide"]["prompts"].as_object().unwrap();
        assert_eq!(prompts.len(), 5);
        let page = site.browser_of("sam").await.get("/panel/acme/one").await;
        let page = page.body.replace("&#39;", "'").replace("&#34;", "\"");
        for prompt in prompts.values() {
            assert!(page.contains(prompt.as_str().unwrap()), "{prompt}");
        }
        let guardrail = &told["guide"]["guardrails"][0];
        assert_eq!(guardrail["review_on"], "2027-06-30", "{told}");
        assert!(page.contains(guardrail["line"].as_str().unwrap()));
        assert!(page.contains("Review date: 30 Jun 2027"), "{page}");
        for line in told["guide"]["evidence"].as_array().unwrap() {
            assert!(page.contains(line.as_str().unwrap()), "{line}");
        }
    }
}

#[tokio::test]
async fn a_tool_finds_the_other_weeks_and_a_leaders_own_promises() {
    let site = Site::open().await;
    let mut sam = site.browser_of("sam").await;
    sam.get("/week/2026-11-16").await;
    for monday in ["2026-11-09", "2026-11-16"] {
        let plan = [("what_0", "Agree the proof")];
        sam.post(&format!("/week/{monday}"), &plan).await;
    }

    let mut his = site.tool_of("acme:sam", &["week"]).await;
    let week = his.json("/api/v1/week/2026-11-16").await;
    let mut eva = site.tool_of("acme:eva", &["pyramid"]).await;
    let pyramid = eva.json("/api/v1/pyramid").await;

    assert_eq!(week["others"], json!(["2026-11-09"]));
    assert_eq!(pyramid["own_promises"], json!({"kept": 0, "due": 0}));
}

/// Every description and summary in a document.
fn told_in<'a>(document: &'a Value, told: &mut Vec<&'a str>) {
    match document {
        Value::Object(members) => {
            for (name, it) in members {
                match it {
                    Value::String(text) if ["description", "summary"].contains(&&**name) => {
                        told.push(text);
                    }
                    it => told_in(it, told),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|it| told_in(it, told)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_speaks_in_words_and_not_in_names_of_the_code() {
    let site = Site::open().await;
    let mut tool = site.tool_of("acme:mia", &ALL).await;
    let document = tool.json("/api/v1/openapi.json").await;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let capitals = |name: &&String| name.matches(char::is_uppercase).count() > 1;
    let names: Vec<&String> = schemas.keys().filter(capitals).collect();
    assert!(names.contains(&&"ShareWon".to_owned()), "{names:?}");
    let mut told = Vec::new();
    told_in(&document, &mut told);
    assert!(told.len() > 100);

    for text in told {
        let mut words = text.split(|it: char| !it.is_alphanumeric());
        let name = words.find(|word| names.iter().any(|it| it == word));
        assert_eq!(name, None, "{text}");
    }
}
