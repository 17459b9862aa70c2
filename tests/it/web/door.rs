//! What comes in by the door that no page sends: days that are none, NULs, filters nobody knows.

use latitude::domain::grade::Grade;
use reqwest::{Method, StatusCode};

use super::site::{Site, strategy};

const WORDS: &str = "Ask Ada who signs.";

#[tokio::test]
async fn a_day_that_is_none_leads_nowhere() {
    let site = Site::open().await;
    let mut mia = site.browser_of("mia").await;
    let mut tool = site.tool_of("acme:mia", &["week", "deals"]).await;
    for day in [
        "+262142-12-31",
        "-262143-01-01",
        "262142-12-31",
        "2026-13-01",
        "4.12.2026",
        "soon",
    ] {
        let page = mia.get(&format!("/week/{day}")).await;
        let sent = mia
            .post(&format!("/week/{day}"), &[("what_0", WORDS)])
            .await;
        let told = tool.get(&format!("/api/v1/week/{day}")).await;
        let text = day.replace('+', "%2B");
        let listed = tool.get(&format!("/api/v1/deals?close_from={text}")).await;
        let after = tool.get(&format!("/api/v1/deals?after={text}~one")).await;
        let board = mia.get(&format!("/board?close_to={text}")).await;
        let obstacles = mia.get(&format!("/obstacles?week={text}")).await;

        for (status, answer) in [
            (404, page),
            (404, sent),
            (404, told),
            (422, listed),
            (422, after),
            (422, obstacles),
            (200, board),
        ] {
            assert_eq!(answer.status.as_u16(), status, "{day}: {}", answer.body);
        }
    }
    for day in ["9999-12-31", "1000-01-01"] {
        let page = mia.get(&format!("/week/{day}")).await;
        assert_eq!(page.status, StatusCode::OK, "{day}: {}", page.body);
        let page = mia.get(&format!("/obstacles?week={day}")).await;
        assert_eq!(page.status, StatusCode::OK, "{day}: {}", page.body);
    }
}

#[tokio::test]
async fn a_filter_that_is_not_understood_is_said_and_not_shown_as_set() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let strong = site.deal("sue", "two").await;
    site.write(&strong, 1, &strategy(), Grade::Strong).await;
    let mut mia = site.browser_of("mia").await;
    let query = "score_from=abc&grade=Nonsense&grade=Strong&close_to=4.12.2026&amount_to=nan";

    let page = mia.get(&format!("/board?{query}")).await.body;
    let table = mia.get(&format!("/board.csv?{query}")).await;
    let set = mia.get("/board?grade=Strong").await;
    let fine = mia.get("/board.csv?grade=Strong&score_from=1").await;

    for said in [
        "There is no grade “Nonsense”",
        "Score from “abc” filters nothing: write a whole number",
        "Closing by “4.12.2026” filters nothing: write a day such as",
        "Amount to “nan” filters nothing",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(page.contains(">Deal two</a>") && !page.contains(">Deal one</a>"));
    // The one filter that is understood is set, and no other.
    let links = |body: &str| body.matches("href=\"/board").count();
    assert_eq!(links(&page), links(&set.body));
    assert!(!page.contains("score from abc"), "{page}");
    assert_eq!(table.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(table.body.contains("Nonsense"), "{}", table.body);
    assert_eq!(fine.status, StatusCode::OK);
}

#[tokio::test]
async fn a_nul_is_taken_out_of_what_is_sent_and_leads_nowhere_in_an_address() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut sam = site.browser_of("sam").await;
    sam.get("/panel/acme/one").await;
    let with = "Ask\0 Ada who\0 signs.";
    let form = [("approach", with), ("need", "\0"), ("base", "0")];

    let draft = sam.post("/panel/acme/one/draft", &form).await;
    let published = sam.post("/panel/acme/one", &form).await;
    let obstacle = sam.post("/obstacles", &[("text", with)]).await;
    let preview = sam.post("/panel/acme/one/preview", &form).await;

    for answer in [draft, published, obstacle] {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
    let page = sam.get("/panel/acme/one").await.body;
    assert!(page.contains(WORDS) && !page.contains('\0'), "{page}");
    assert!(sam.get("/obstacles").await.body.contains(WORDS));
    let mut tool = site.tool_of("acme:sam", &["deals", "obstacles"]).await;
    for (path, status) in [
        ("/library?q=a%00", 422),
        ("/deals/x/a%00b", 404),
        ("/deals/acme%00/one", 404),
        ("/board?after=2026-12-01~a%00", 422),
        ("/board?seller=%00", 422),
        ("/obstacles?text=%00", 422),
        ("/sign-in?next=%00", 422),
    ] {
        let answer = sam.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
    }
    for (path, status) in [
        ("/api/v1/deals/a%00b", 404),
        ("/api/v1/deals?seller=%00", 422),
        ("/api/v1/library?q=%00", 422),
    ] {
        let answer = tool.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
    }
    let origin = site.base.clone();
    let form = [("text", WORDS)];
    let headers = [("origin", origin.as_str())];
    let odd = sam.send(
        Method::POST,
        "/obstacles/acme/a%00/close",
        Some(&form),
        &headers,
    );
    assert_eq!(odd.await.status, StatusCode::NOT_FOUND);
}
