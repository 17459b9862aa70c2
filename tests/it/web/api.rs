//! The JSON API: what pages show, under the same rules.

use chrono::TimeDelta;
use latitude::domain::grade::Grade;
use latitude::domain::ids::ConnectionId;
use latitude::domain::obstacle::Obstacle;
use latitude::ops::token::{Wish, make, revoke};
use latitude::store::drafts::Draft;
use latitude::store::obstacles::Card;
use latitude::web::table::For;
use latitude::web::{api, table};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::site::{Site, plain_deal, strategy};
use super::tool::{ALL, Tool};

fn problem(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|_| panic!("no problem: {body}"))
}

#[tokio::test]
async fn a_tool_reads_the_deals_of_the_board_page_by_page_under_the_same_filters() {
    let site = Site::open().await;
    for (n, seller) in ["sam", "sue", "sam", "sid", "xia"].iter().enumerate() {
        let mut deal = plain_deal(seller, &format!("d{n}"));
        deal.close_on = (n != 2).then(|| format!("2026-12-0{}", 5 - n).parse().unwrap());
        site.take_up("acme", &deal).await;
        if n < 2 {
            site.write(&deal, 1, &strategy(), Grade::Thin).await;
        }
    }
    let mut tool = site.tool_of("acme:mia", &["deals"]).await;

    let (mut seen, mut path) = (Vec::new(), "/api/v1/deals?limit=2".to_owned());
    loop {
        let page = tool.json(&path).await;
        for deal in page["deals"].as_array().unwrap() {
            seen.push(deal["id"].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/api/v1/deals?limit=2&after={next}"),
            None => break,
        }
    }
    let thin = tool.json("/api/v1/deals?grade=Thin&seller=sue").await;

    // Soonest first, those without a date last; xia sells for another manager.
    assert_eq!(seen, ["d3", "d1", "d0", "d2"]);
    assert_eq!(thin["deals"].as_array().unwrap().len(), 1);
    assert_eq!(thin["deals"][0]["id"], "d1");
    assert_eq!(thin["deals"][0]["seller_name"], "Sue Seller");
    let link = format!("{}/deals/acme/d1", site.base);
    assert_eq!(thin["deals"][0]["link"], link.as_str());
}

#[tokio::test]
async fn what_a_tool_asks_wrongly_is_told_and_not_guessed() {
    let site = Site::open().await;
    let mut tool = site.tool_of("acme:mia", &["deals"]).await;
    for (path, status, said) in [
        (
            "/api/v1/deals?grade=Great",
            422,
            "There is no grade `Great`. There are: Strong",
        ),
        (
            "/api/v1/deals?stage=Nowhere",
            422,
            "There is no stage `Nowhere`",
        ),
        ("/api/v1/deals?limit=0", 422, "1 to 200"),
        ("/api/v1/deals?limit=201", 422, "1 to 200"),
        ("/api/v1/deals?after=nonsense", 422, "send `next`"),
        ("/api/v1/deals?sort=seller", 400, "/api/v1/openapi.json"),
        ("/api/v1/deals?close_from=soon", 422, "“soon” is no day"),
        ("/api/v1/deals?amount_to=nan", 422, "no amount"),
        ("/api/v1/deals/none", 404, "not yours to see"),
        ("/api/v1/nothing", 404, "not yours to see"),
    ] {
        let answer = tool.get(path).await;

        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = problem(&answer.body);
        assert_eq!(problem["status"], status, "{path}");
        assert!(problem["title"].is_string() && problem["type"] == "about:blank");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(said), "{path}: {detail}");
    }
}

#[tokio::test]
async fn a_token_opens_what_its_scopes_say_until_it_ends() {
    let site = Site::open().await;
    site.deal("sam", "one").await;
    let mut week = site.tool_of("acme:sam", &["week"]).await;
    let mut deals = site.tool_of("acme:sam", &["deals"]).await;

    let refused = week.get("/api/v1/deals").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(
        refused
            .header("www-authenticate")
            .contains("scope=\"deals\"")
    );
    assert!(
        problem(&refused.body)["detail"]
            .as_str()
            .unwrap()
            .contains("`deals`")
    );
    for route in table().routes().iter().filter(|it| it.whom == For::Tools) {
        let path = route.path.replace("{deal}", "one").replace("{id}", "none");
        let path = path.replace("{monday}", "2026-11-16");
        let free = ["/api/v1/me", "/api/v1/week/2026-11-16"];
        let answer = week.get(&path).await;
        assert_eq!(answer.status.is_success(), free.contains(&&*path), "{path}");
    }
    assert_eq!(week.json("/api/v1/me").await["scopes"], json!(["week"]));
    assert_eq!(deals.get("/api/v1/deals/one").await.status, StatusCode::OK);
    site.clock.advance(TimeDelta::days(30));
    let over = deals.get("/api/v1/deals/one").await;
    assert_eq!(over.status, StatusCode::UNAUTHORIZED);
    assert!(over.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let site = Site::open().await;
    let tool = site.tool_of("acme:mia", &ALL).await;
    let good = tool.token().to_owned();
    for bad in [
        "",
        "latitude_",
        "latitude_00",
        good.trim_start_matches("latitude_"),
        &good.to_uppercase(),
        &latitude::web::session::mark(&good),
    ] {
        let answer = site.tool_with(bad).get("/api/v1/me").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{bad}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    // A session's cookie is no token, nor a token a cookie.
    let mut mia = site.browser_of("mia").await;
    assert_eq!(mia.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);
    mia.cookies.insert("latitude".to_owned(), good.clone());
    assert_eq!(mia.get("/board").await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        site.tool_with(&good).get("/board").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_token_is_made_listed_and_ended_and_kept_only_as_a_mark() {
    let site = Site::open().await;
    let mut tool = site.tool_of("acme:mia", &["deals"]).await;
    let mut other = site.tool_of("acme:sam", &["week", "deals"]).await;
    let now = site.env.now();

    let listed = site
        .store
        .read()
        .await
        .unwrap()
        .api_tokens(now)
        .await
        .unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1].scopes, "deals week");
    assert!(listed.iter().all(|it| !tool.token().contains(&it.mark)));
    assert!(listed.iter().all(|it| {
        !it.mark
            .contains(tool.token().trim_start_matches("latitude_"))
    }));
    let mias = listed.iter().find(|it| it.person == "mia").unwrap();
    assert!(revoke(&site.store, "%").await.is_err());
    assert!(revoke(&site.store, "").await.is_err());
    revoke(&site.store, &mias.id()).await.unwrap();
    assert!(revoke(&site.store, &mias.id()).await.is_err());

    assert_eq!(
        tool.get("/api/v1/me").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(other.get("/api/v1/me").await.status, StatusCode::OK);
    site.browser_of("sam")
        .await
        .post("/sign-out-everywhere", &[])
        .await;
    assert_eq!(
        other.get("/api/v1/me").await.status,
        StatusCode::UNAUTHORIZED
    );
    for (person, scope, days, said) in [
        ("acme:nobody", "deals", 30, "--person"),
        ("mia", "deals", 30, "CONNECTION:ID"),
        ("acme:mia", "everything", 30, "there are: deals"),
        ("acme:mia", "deals", 0, "--days"),
    ] {
        let scopes = [scope.to_owned()];
        let wish = Wish {
            person,
            name: "x",
            scopes: &scopes,
            days,
        };
        let error = make(&site.store, &site.env, &wish).await.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_manager_promises_before_a_tool_reads_the_teams_plans() {
    let site = Site::open().await;
    site.found("other").await;
    let mut tool = site.tool_of("other:mia", &ALL).await;
    for path in [
        "/api/v1/deals",
        "/api/v1/deals.csv",
        "/api/v1/board",
        "/api/v1/picture",
    ] {
        let answer = tool.get(path).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{path}");
        assert!(
            answer.body.contains("/promise?connection=other"),
            "{}",
            answer.body
        );
    }
    let mut browser = site.browser();
    browser.sign_in("other:mia").await;
    for path in ["/board", "/board.csv", "/board/picture"] {
        let answer = browser.get(path).await;
        assert_eq!(
            answer.header("location"),
            "/promise?connection=other",
            "{path}"
        );
    }
}

/// A deal with everything that is for its seller alone.
async fn with_secrets(site: &Site) {
    let deal = site.deal("sam", "one").await;
    site.write(&deal, 1, &strategy(), Grade::Thin).await;
    let acme = ConnectionId::from("acme");
    let mut draft = Draft {
        answers: sqlx::types::Json(strategy()),
        confidence: Some(37),
        base_version: 1,
        saved_at: site.env.now(),
        window: String::new(),
    };
    draft.answers.0.approach = "My secret draft".to_owned();
    let mut tx = site.store.write().await.unwrap();
    tx.save_draft(&acme, &deal.id, &"sam".into(), &draft)
        .await
        .unwrap();
    let card = Card {
        id: "0a".to_owned(),
        deal: Some("one".to_owned()),
        seller: "sam".to_owned(),
        began_at: site.env.now(),
        changed_at: site.env.now(),
        revision: 0,
        obstacle: Obstacle::new("Their audit blocks new connections").unwrap(),
        said: Vec::new(),
    };
    tx.add_card(&acme, &card).await.unwrap();
    tx.commit().await.unwrap();
}

fn paths() -> Vec<String> {
    table()
        .routes()
        .iter()
        .filter(|it| it.whom == For::Tools)
        .map(|it| {
            let path = it.path.replace("{deal}", "one").replace("{id}", "0a");
            path.replace("{monday}", "2026-11-16")
        })
        .collect()
}

#[tokio::test]
async fn drafts_confidence_and_private_notes_never_leave_not_even_for_the_seller() {
    let site = Site::open().await;
    with_secrets(&site).await;
    for person in ["acme:sam", "acme:mia", "acme:dan", "acme:eva", "acme:pat"] {
        let mut tool = site.tool_of(person, &ALL).await;
        for path in paths() {
            let body = tool.get(&path).await.body;
            for secret in [
                "My secret draft",
                "Which part of this can you move",
                "confidence",
                "not_mine",
            ] {
                assert!(
                    !body.contains(secret),
                    "{path} tells {person} {secret}: {body}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_seller_sees_that_a_tool_of_the_manager_opened_the_strategy() {
    let site = Site::open().await;
    with_secrets(&site).await;
    let mut mia = site.tool_of("acme:mia", &ALL).await;
    let mut sam = site.tool_of("acme:sam", &ALL).await;

    let hers = mia.json("/api/v1/deals/one").await;
    let his = sam.json("/api/v1/deals/one").await;

    assert_eq!(hers["opened_by"], Value::Null);
    assert_eq!(
        his["opened_by"],
        json!([{"name": "Mia Manager", "on": "2026-11-17"}])
    );
    assert_eq!(hers["assessment"]["grade"], "Thin");
    assert_eq!(
        hers["assessment"]["findings"][0]["quote"],
        "because she trusts peers."
    );
    assert_eq!(hers["strategy"]["check_on"], "2026-11-24");
    assert_eq!(hers["versions"][0]["version"], 1);
}

#[tokio::test]
async fn nothing_in_the_api_ranks_people_or_sums_them_up() {
    let document = serde_json::to_string(&api::document())
        .unwrap()
        .to_lowercase();
    for word in [
        "rank",
        "average",
        "leaderboard",
        "sort",
        "per_seller",
        "views",
        "logins",
    ] {
        assert!(!document.contains(&format!("\"{word}")), "{word}");
    }
}

#[tokio::test]
async fn the_document_names_every_route_and_describes_every_answer() {
    let site = Site::open().await;
    with_secrets(&site).await;
    let document = site.browser().get("/api/v1/openapi.json").await;
    assert_eq!(document.status, StatusCode::OK);
    let document: Value = serde_json::from_str(&document.body).unwrap();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    let routes = table();
    let mut routes: Vec<&str> = routes
        .routes()
        .iter()
        .filter(|it| it.whom == For::Tools)
        .map(|it| it.path)
        .collect();
    routes.sort_unstable();
    assert_eq!(paths, routes);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));

    let mut told = 0;
    for person in ["acme:sam", "acme:mia", "acme:eva", "acme:pat"] {
        let mut tool: Tool = site.tool_of(person, &ALL).await;
        for route in &routes {
            let path = route.replace("{deal}", "one").replace("{id}", "0a");
            let answer = tool.get(&path.replace("{monday}", "2026-11-16")).await;
            let answers = &document["paths"][*route]["get"]["responses"];
            if answer.status == StatusCode::OK {
                let kind = answer.header("content-type").split(';').next().unwrap();
                let schema = &answers["200"]["content"][kind]["schema"];
                let value = match kind {
                    "text/csv" => Value::String(answer.body.clone()),
                    _ => serde_json::from_str(&answer.body).unwrap(),
                };
                fits(&document, schema, &value, route);
                told += 1;
            } else {
                let schema = &answers["4XX"]["content"]["application/problem+json"]["schema"];
                fits(&document, schema, &problem(&answer.body), route);
            }
        }
    }
    assert!(told > 30, "only {told} answers were looked at");
}

#[tokio::test]
async fn the_scope_that_the_document_names_is_the_one_that_opens_the_route() {
    let site = Site::open().await;
    with_secrets(&site).await;
    let document = serde_json::to_value(api::document()).unwrap();
    let page = site.browser().get("/api").await;
    assert_eq!(page.status, StatusCode::OK);
    for (path, what) in document["paths"].as_object().unwrap() {
        assert!(page.body.contains(&format!("GET {path}</code>")), "{path}");
        let named = what["get"]["security"][0]["token"][0].as_str();
        let asked = path.replace("{deal}", "one").replace("{id}", "0a");
        let asked = asked.replace("{monday}", "2026-11-16");
        for scope in ALL {
            let mut tool = site.tool_of("acme:mia", &[scope]).await;
            let refused = tool.get(&asked).await.status == StatusCode::FORBIDDEN;
            let opens = named.is_none_or(|it| it == scope);
            assert_eq!(refused, !opens, "{path} with {scope}");
        }
    }
}

/// Whether a value is what the schema says: every field described, none missing.
fn fits(document: &Value, schema: &Value, value: &Value, at: &str) {
    assert!(schema.is_object(), "{at}: nothing is said about {value}");
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        let schema = document
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{at}: {name}"));
        return fits(document, schema, value, &format!("{at} {name}"));
    }
    if let Some(any) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let plain = any
            .iter()
            .find(|it| (it["type"] == "null") == value.is_null());
        return fits(document, plain.unwrap(), value, at);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => panic!("{at}: no type in {schema}"),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let close = kind == "integer" && kinds.contains(&"number");
    assert!(
        kinds.contains(&kind) || close,
        "{at}: {value} is no {kinds:?}"
    );
    for item in value.as_array().into_iter().flatten() {
        fits(document, &schema["items"], item, at);
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let of_any = &schema["additionalProperties"];
        let described = schema["properties"].get(name).unwrap_or(of_any);
        fits(document, described, field, &format!("{at}.{name}"));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(
            value.get(name.as_str().unwrap()).is_some(),
            "{at}: no {name}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_what_writes_is_told_that_nothing_does() {
    let site = Site::open().await;
    let mut tool = site.tool_of("acme:sam", &["deals"]).await;
    let bearer = format!("Bearer {}", tool.token());
    let proof = [("authorization", bearer.as_str())];

    let limit = tool.get("/api/v1/deals?limit=many").await;
    let post = site
        .browser()
        .send(Method::POST, "/api/v1/deals", None, &proof)
        .await;

    assert!(limit.status.is_client_error());
    assert!(limit.body.contains("limit"), "{}", limit.body);
    assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(post.body.contains("only GET"), "{}", post.body);
}
