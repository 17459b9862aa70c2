//! Who sees what: every route, for everyone. A route that this table does not know fails it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use latitude::domain::grade::Grade;
use latitude::web::table;
use latitude::web::table::{For, Route};
use reqwest::Method;

use super::site::{Answer, Browser, Site, strategy};
use super::tool::ALL;

/// Everyone: nobody signed in; the deal's seller, manager and director; a colleague, another
/// manager, the executive, the product owner; and the same manager in another connection.
const EVERYONE: [&str; 9] = [
    "nobody",
    "acme:sam",
    "acme:mia",
    "acme:dan",
    "acme:sue",
    "acme:max",
    "acme:eva",
    "acme:pat",
    "other:mia",
];
const SIGNED_IN: &[&str] = &[
    "acme:sam",
    "acme:mia",
    "acme:dan",
    "acme:sue",
    "acme:max",
    "acme:eva",
    "acme:pat",
    "other:mia",
];

/// Who may come in by a route about sam's deal, obstacle or nothing in particular.
fn may(route: &Route) -> &'static [&'static str] {
    match (route.whom, route.path) {
        // Numbers without a name in them; whoever keeps them closed gives a token (see `ops`).
        (For::Machines, "/metrics") => &EVERYONE,
        (For::Machines, _) => &[],
        (
            For::Tools,
            "/api/v1/me"
            | "/api/v1/deals"
            | "/api/v1/deals.csv"
            | "/api/v1/conversations"
            | "/api/v1/obstacles"
            | "/api/v1/answers"
            | "/api/v1/library"
            | "/api/v1/week/{monday}"
            | "/api/v1/promise",
        ) => SIGNED_IN,
        (For::Tools, "/api/v1/board" | "/api/v1/picture") => {
            &["acme:mia", "acme:dan", "acme:max", "other:mia"]
        }
        (For::Tools, "/api/v1/deals/{deal}") => &["acme:sam", "acme:mia", "acme:dan"],
        (For::Tools, "/api/v1/obstacles/{id}") => &["acme:sam"],
        (For::Tools, "/api/v1/queue") | (For::People, "/queue") => &["acme:pat"],
        (For::Tools, "/api/v1/pyramid") | (For::People, "/pyramid") => &["acme:eva"],
        (
            For::Anyone,
            "/live"
            | "/ready"
            | "/sign-in"
            | "/sign-in/openid"
            | "/sign-in/openid/back"
            | "/sign-in/crm/{connection}"
            | "/sign-in/crm/{connection}/back"
            | "/assets/{name}"
            | "/api"
            | "/api/v1/openapi.json",
        ) => &EVERYONE,
        (
            For::People,
            "/"
            | "/board"
            | "/board.csv"
            | "/week"
            | "/week/{monday}"
            | "/obstacles"
            | "/answers"
            | "/library"
            | "/tokens"
            | "/mine"
            | "/mine.json"
            | "/mine/private"
            | "/sign-out"
            | "/sign-out-everywhere",
        ) => SIGNED_IN,
        (For::People, "/promise") => &[
            "acme:mia",
            "acme:dan",
            "acme:max",
            "acme:eva",
            "acme:pat",
            "other:mia",
        ],
        (For::People, "/board/picture") => &["acme:mia", "acme:dan", "acme:max", "other:mia"],
        (For::People, "/deals/{connection}/{deal}" | "/deals/{connection}/{deal}/card") => {
            &["acme:sam", "acme:mia", "acme:dan"]
        }
        (
            For::People,
            "/deals/{connection}/{deal}/question"
            | "/deals/{connection}/{deal}/help"
            | "/deals/{connection}/{deal}/view"
            | "/deals/{connection}/{deal}/talked",
        ) => &["acme:mia", "acme:dan"],
        // Those who run Latitude, whom this site does not name; see `ops/pages.rs`.
        (For::Anyone, "/connect/enter") => &EVERYONE,
        // Whoever holds the link of a nudge; nobody does here.
        (For::Anyone, "/unsubscribe/{id}") => &[],
        // Nobody's token has that id; see `tokens`.
        (For::People, "/tokens/{id}/revoke") => &[],
        // Nobody says here that they are sure; see `mine`.
        (For::People, "/mine/all") => &[],
        (For::People, path) if path.starts_with("/ledger") || path.starts_with("/connect") => &[],
        (For::People, path) if path.starts_with("/panel/") => &["acme:sam"],
        (For::People, path) if path.starts_with("/obstacles/{connection}/") => &["acme:sam"],
        (_, path) => panic!("{path}: say in this table who may come in"),
    }
}

fn path(route: &Route, obstacle: &str) -> String {
    route
        .path
        .replace("{connection}", "acme")
        .replace("{deal}", "one")
        .replace("{id}", obstacle)
        .replace("{deed}", "option")
        .replace("{monday}", "2026-11-16")
        .replace("{name}", "none.css")
        .replace("{code}", "none")
}

fn came_in(answer: &Answer) -> bool {
    let to_sign_in = answer.header("location").starts_with("/sign-in");
    (answer.status.is_success() || answer.status.is_redirection()) && !to_sign_in
}

async fn browser(site: &Site, who: &str) -> Browser {
    let mut browser = site.browser();
    if who != "nobody" {
        browser.sign_in(who).await;
        browser.get("/library").await;
    }
    browser
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let site = Site::open().await;
    site.found("other").await;
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    let mut sam = browser(&site, "acme:sam").await;
    let form = [
        ("text", "Their audit blocks new connections."),
        ("deal", "acme/one"),
    ];
    let obstacle = sam.post("/obstacles", &form).await;
    let obstacle = obstacle
        .header("location")
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let mut wrong = Vec::new();
    let mut seats: HashMap<&str, Browser> = HashMap::new();
    for route in table().routes() {
        let may = may(route);
        for who in EVERYONE {
            // What changes something may end the session with it.
            let browser = match seats.entry(who) {
                Entry::Occupied(mut seat) if route.method != "GET" => {
                    seat.insert(browser(&site, who).await);
                    seat.into_mut()
                }
                Entry::Occupied(seat) => seat.into_mut(),
                Entry::Vacant(seat) => seat.insert(browser(&site, who).await),
            };
            let path = path(route, &obstacle);
            let answer = match route.method {
                "GET" if route.whom == For::Tools => {
                    // A cookie opens nothing here, whoever's it is.
                    let by_cookie = browser.get(&path).await;
                    assert_eq!(by_cookie.status, 401, "{path} took {who}'s cookie");
                    match who {
                        "nobody" => by_cookie,
                        who => site.tool_of(who, &ALL).await.get(&path).await,
                    }
                }
                "GET" => browser.get(&path).await,
                _ => {
                    let text = "Which of these would you try first, and why that one?";
                    let day = "2026-11-30";
                    let form = [
                        ("text", text),
                        ("days", "1"),
                        ("connection", "acme"),
                        ("by", day),
                    ];
                    browser.post(&path, &form).await
                }
            };
            if came_in(&answer) && !may.contains(&who) {
                wrong.push(format!(
                    "{} {path} let {who} in: {}",
                    route.method, answer.status
                ));
            }
            let hidden = answer.status == 404 && !path.starts_with("/assets");
            let reads = route.method == "GET" && !route.path.starts_with("/sign-in/");
            if reads && may.contains(&who) && (hidden || !came_in(&answer) && who == "nobody") {
                let asset = path.starts_with("/assets");
                if !asset {
                    wrong.push(format!("GET {path} kept {who} out: {}", answer.status));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn what_reads_changes_nothing_and_what_changes_asks_for_proof() {
    let site = Site::open().await;
    for route in table().routes() {
        let mut browser = browser(&site, "acme:mia").await;
        let path = path(route, "none");
        if route.method == "POST" && route.whom != For::Machines && path != "/sign-in" {
            let origin = site.base.clone();
            let headers = [("origin", origin.as_str())];
            let answer = browser.send(Method::POST, &path, Some(&[]), &headers).await;
            assert_eq!(answer.status, 403, "{path} asks for no token");
            let headers = [("origin", "https://evil.test")];
            let csrf = browser.csrf.clone();
            let form = [("csrf", csrf.as_str())];
            let answer = browser
                .send(Method::POST, &path, Some(&form), &headers)
                .await;
            assert_eq!(answer.status, 403, "{path} takes orders from elsewhere");
        }
    }
}
