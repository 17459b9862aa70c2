//! What pages withstand.

use latitude::domain::deal::{Pipeline, Stage, Standing};
use latitude::domain::grade::Grade;
use latitude::domain::ids::ConnectionId;
use latitude::domain::people::Person;
use latitude::web::table::For;
use reqwest::{Method, StatusCode};

use super::site::{Browser, PEOPLE, Site, plain_deal, strategy};

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_browsers_in_check() {
    let site = Site::open().await;
    let mut browser = site.browser_of("mia").await;
    for path in [
        "/board",
        "/sign-in",
        "/live",
        "/nothing",
        "/deals/acme/none",
        "/assets/x.css",
    ] {
        let answer = browser.get(path).await;

        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn nothing_changes_without_proof_that_our_own_page_sent_it() {
    let site = Site::open().await;
    let mut browser = site.browser_of("mia").await;
    browser.get("/board").await;
    let (origin, csrf) = (site.base.clone(), browser.csrf.clone());
    let other_session = {
        let mut other = site.browser_of("mia").await;
        other.get("/board").await;
        other.csrf.clone()
    };
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[], &csrf),
        (&[("origin", "https://evil.test")], &csrf),
        (&[("origin", "null")], &csrf),
        (
            &[("origin", &origin), ("sec-fetch-site", "cross-site")],
            &csrf,
        ),
        (&[("origin", &origin)], ""),
        (&[("origin", &origin)], &other_session),
    ];
    for (headers, csrf) in cases {
        let form = [("csrf", csrf)];
        let answer = browser
            .send(Method::POST, "/sign-out", Some(&form), headers)
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?} {csrf}");
    }
    assert_eq!(browser.get("/board").await.status, StatusCode::OK);
}

/// What people and CRMs may call things, and no page may take for more than text.
const HOSTILE: &str =
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>{{7*7}}";

/// A company in which everything that has a name has a hostile one.
async fn hostile_company(site: &Site) -> String {
    let acme = ConnectionId::from("acme");
    let people: Vec<Person> = PEOPLE
        .iter()
        .map(|(id, name, manager)| Person {
            id: (*id).into(),
            name: format!("{name} {HOSTILE}"),
            email: Some(format!("{id}@acme.test")),
            active: true,
            manager: manager.map(Into::into),
            time_zone: Some(HOSTILE.to_owned()),
        })
        .collect();
    let pipeline = Pipeline {
        id: "sales".into(),
        name: HOSTILE.to_owned(),
        stages: vec![Stage {
            id: "s2".into(),
            name: HOSTILE.to_owned(),
            standing: Standing::Open,
        }],
    };
    let mut tx = site.store.write().await.unwrap();
    tx.save_people(&acme, &people).await.unwrap();
    tx.save_stages(&acme, &[pipeline], site.env.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut deal = plain_deal("sam", "x\"><script>");
    deal.name = HOSTILE.to_owned();
    deal.account = Some(HOSTILE.to_owned());
    deal.currency = Some(HOSTILE.to_owned());
    site.take_up("acme", &deal).await;
    for version in [1, 2] {
        let mut answers = strategy();
        answers.approach = format!("{HOSTILE} because {HOSTILE} {version}");
        answers.need = HOSTILE.to_owned();
        site.write(&deal, version, &answers, Grade::Thin).await;
    }
    let path = "/deals/acme/x%22%3E%3Cscript%3E";
    let mut mia = site.browser_of("mia").await;
    let (question, promise) = (
        format!("{HOSTILE}?"),
        [("connection", "acme"), ("days", "1"), ("text", HOSTILE)],
    );
    mia.post("/promise", &promise).await;
    for (deed, text) in [
        ("question", &*question),
        ("help", HOSTILE),
        ("view", HOSTILE),
        ("talked", ""),
    ] {
        let done = mia.post(&format!("{path}/{deed}"), &[("text", text)]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{deed}: {}", done.body);
    }
    let mut sam = site.browser_of("sam").await;
    let week = [
        ("what_0", HOSTILE),
        ("how_0", HOSTILE),
        ("need", HOSTILE),
        ("proud", HOSTILE),
    ];
    sam.post("/week/2026-11-16", &week).await;
    let closed = obstacle(&mut sam).await;
    let close = [
        ("outcome", "worked_around"),
        ("helped", "yes"),
        ("text", HOSTILE),
    ];
    sam.post(&format!("{closed}/close"), &close).await;
    let gap = obstacle(&mut sam).await;
    let up = [("kind", "passed_up"), ("text", HOSTILE)];
    let passed = mia.post(&format!("{gap}/answer"), &up).await;
    assert_eq!(passed.status, StatusCode::SEE_OTHER, "{}", passed.body);
    gap.rsplit('/').next().unwrap().to_owned()
}

async fn obstacle(sam: &mut Browser) -> String {
    let begun = [
        ("text", HOSTILE),
        ("deal", "acme/x\"><script>"),
        ("anyway", "yes"),
    ];
    let card = sam
        .post("/obstacles", &begun)
        .await
        .header("location")
        .to_owned();
    sam.post(
        &format!("{card}/option"),
        &[("kind", "partner"), ("text", HOSTILE)],
    )
    .await;
    let need = [
        ("ground", "own_option"),
        ("what", HOSTILE),
        ("whom", HOSTILE),
        ("by", "2026-12-18"),
        ("gap", "yes"),
    ];
    let sent = sam.post(&format!("{card}/send"), &need).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    card
}

#[tokio::test]
async fn text_from_the_crm_and_from_people_is_text_on_every_page() {
    let site = Site::open().await;
    let obstacle = hostile_company(&site).await;
    let mut showed = std::collections::BTreeSet::new();
    for who in ["sam", "mia", "dan", "eva", "pat"] {
        let mut browser = site.browser_of(who).await;
        for route in latitude::web::table().routes() {
            if route.method != "GET" || route.whom == For::Machines {
                continue;
            }
            let path = route
                .path
                .replace("{connection}", "acme")
                .replace("{deal}", "x%22%3E%3Cscript%3E")
                .replace("{id}", &obstacle)
                .replace("{monday}", "2026-11-16")
                .replace("{name}", "none.css");
            let query = url::form_urlencoded::byte_serialize(HOSTILE.as_bytes());
            let query: String = query.collect();
            let said =
                format!("{path}?q={query}&text={query}&grade={query}&seller={query}&next={query}");
            for path in [path, said] {
                let page = browser.get(&path).await;
                if !page.header("content-type").starts_with("text/html") {
                    continue;
                }
                if page.body.contains("alert(1)") {
                    showed.insert(route.path);
                }
                for raw in [
                    "<script>alert",
                    "<img src=x",
                    "<svg/onload",
                    "=x onerror=alert(2)>\"",
                ] {
                    assert!(!page.body.contains(raw), "{who} {path}: {raw}");
                }
            }
        }
    }
    // The test would be worth nothing if the words were on no page.
    for path in [
        "/",
        "/board",
        "/sign-in",
        "/deals/{connection}/{deal}",
        "/deals/{connection}/{deal}/card",
        "/panel/{connection}/{deal}",
        "/week/{monday}",
        "/obstacles",
        "/obstacles/{connection}/{id}",
        "/answers",
        "/library",
        "/queue",
    ] {
        assert!(showed.contains(path), "{path} is not among {showed:?}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let site = Site::open().await;
    let mut browser = site.browser_of("mia").await;
    let large = "x".repeat(2 * 1024 * 1024);

    let answer = browser.post("/sign-out", &[("text", &large)]).await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(browser.get("/board").await.status, StatusCode::OK);
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_an_address_of_their_content() {
    let site = Site::open().await;
    let mut browser = site.browser();
    let page = browser.get("/sign-in").await;
    let style = page
        .body
        .split("rel=\"stylesheet\" href=\"")
        .nth(1)
        .unwrap();
    let style = style.split('"').next().unwrap();

    let answer = browser.get(style).await;

    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header("cache-control").contains("immutable"));
    let first = page.body.len() + answer.body.len();
    assert!(first < 100 * 1024, "the first page weighs {first} bytes");
}
