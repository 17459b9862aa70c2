//! The sandbox's own screens: what a person does there travels through Latitude and back.

use latitude::crm;
use latitude::http;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request};

use crate::stage::Stage;

async fn page(stage: &Stage, path: &str, form: Option<&str>) -> String {
    let url = stage.served.base.join(path).unwrap();
    let method = form.map_or(Method::GET, |_| Method::POST);
    let mut request = Request::new(method, url);
    if let Some(form) = form {
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        *request.body_mut() = Some(form.to_owned().into());
    }
    let reply = http::client().execute(request).await.unwrap();
    let status = reply.status();
    let text = reply.text().await.unwrap();
    assert!(
        !status.is_client_error() && !status.is_server_error(),
        "{path}: {status} {text}"
    );
    text
}

/// The words that stand beside a label on a record's page.
fn beside<'a>(page: &'a str, label: &str) -> &'a str {
    let after = page.split_once(&format!("<label>{label}</label>"));
    let value = after.unwrap_or_else(|| panic!("no {label} in {page}")).1;
    let value = value.split_once("<p class=\"value\">").unwrap().1;
    value.split_once("</p>").unwrap().0
}

#[tokio::test]
async fn what_is_typed_on_a_sandbox_s_screen_is_graded_and_shown_there_in_every_crm() {
    for crm in crm::ALL {
        let stage = Stage::of(*crm, 12).await;
        stage.reconcile().await;
        let id = stage.served.world.state().deals[3].id.clone();
        let path = format!("/__sandbox/record/{id}");
        let list = page(&stage, "/__sandbox/?grade=Thin", None).await;
        let before = page(&stage, &path, None).await;

        let name = before.split_once("\">Conversation goal</label>").unwrap().0;
        let name = name.rsplit_once("<label for=\"").unwrap().1;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(name, "asdf")
            .append_pair("stage", "Negotiation")
            .finish();
        page(&stage, &path, Some(&form)).await;
        stage.clock.advance(chrono::TimeDelta::minutes(5));
        stage.reconcile().await;
        let after = page(&stage, &path, None).await;

        let crm = crm.profile().id;
        assert!(
            list.contains("<option selected>Thin</option>"),
            "{crm}: {list}"
        );
        assert!(
            after.contains("<option selected>Negotiation</option>"),
            "{crm}"
        );
        let strategy = beside(&after, "Deal strategy");
        assert!(strategy.contains("asdf"), "{crm}: {strategy}");
        assert!(!beside(&before, "Deal strategy").contains("asdf"), "{crm}");
        let (old, new) = (
            beside(&before, "Strategy grade"),
            beside(&after, "Strategy grade"),
        );
        assert!(
            latitude::domain::grade::Grade::labelled(old).is_some(),
            "{crm}: {old}"
        );
        assert!(
            latitude::domain::grade::Grade::labelled(new).is_some(),
            "{crm}: {new}"
        );
    }
}

#[tokio::test]
async fn the_address_of_a_deal_in_the_crm_leads_to_its_screen() {
    let mut led = Vec::new();
    for crm in crm::ALL {
        let stage = Stage::of(*crm, 4).await;
        stage.reconcile().await;
        let mut tx = stage.engine.store.read().await.unwrap();
        let known = tx.connection(&stage.id).await.unwrap().unwrap();
        let pages = known.pages.unwrap().parse().unwrap();
        let id = stage.deal_id(2);
        let url: url::Url = crm.deal_url(&pages, &id).unwrap().parse().unwrap();
        // Behind a `#`, of which no server is told.
        if url.fragment().is_some() {
            continue;
        }

        let request = Request::new(Method::GET, url);
        let reply = http::client().execute(request).await.unwrap();

        let to = reply.headers().get("location").unwrap().to_str().unwrap();
        assert_eq!(
            to,
            format!("/__sandbox/record/{id}"),
            "{}",
            crm.profile().id
        );
        led.push(crm.profile().id);
    }
    let all = [
        "dynamics365",
        "hubspot",
        "odoo",
        "pipedrive",
        "salesforce",
        "zoho",
    ];
    assert_eq!(led, all);
}
