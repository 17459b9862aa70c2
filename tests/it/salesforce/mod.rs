//! Salesforce: what the suite for all CRMs does not ask.

mod pulls;
mod sandbox;
mod setup;
mod sign_in;
mod writes;

use latitude::crm::{self, Crm};
use serde_json::{Value, json};

use crate::bench::Bench;

fn salesforce() -> &'static dyn Crm {
    crm::by_id("salesforce").unwrap()
}

/// Changes the organisation's rules.
async fn rule(bench: &Bench, rules: Value) {
    bench
        .control(reqwest::Method::POST, "org", Some(rules))
        .await;
}

/// A plain HTTP client of the sandbox, as a third party would be one.
struct Visitor {
    client: reqwest::Client,
    base: String,
    token: String,
}

/// An answer: status, headers, body as data (null where it is none).
struct Told {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    fn code(&self) -> String {
        self.json()[0]["errorCode"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Visitor {
    /// Signed in with the app's own id and secret.
    async fn arrive(bench: &Bench) -> Self {
        let mut visitor = Self {
            client: latitude::http::client(),
            base: bench.served.base.as_str().trim_end_matches('/').to_owned(),
            token: String::new(),
        };
        let answer = visitor.grant(&[("grant_type", "client_credentials")]).await;
        visitor.token = answer.json()["access_token"].as_str().unwrap().to_owned();
        visitor
    }

    /// Asks the token endpoint, as the app.
    async fn grant(&self, form: &[(&str, &str)]) -> Told {
        let settings = salesforce()
            .sandbox(latitude::sandbox::world::World::new(
                latitude::env::Env::system(),
                1,
                1,
            ))
            .settings;
        let base = self.base.parse().unwrap();
        let settings = settings(&base);
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        body.append_pair("client_id", &settings.client_id.unwrap());
        let secret = settings.client_secret.unwrap();
        body.append_pair(
            "client_secret",
            secrecy::ExposeSecret::expose_secret(&secret),
        );
        let body = body.finish();
        let media_type = "application/x-www-form-urlencoded";
        self.send("POST", "/services/oauth2/token", Some((media_type, body)))
            .await
    }

    async fn get(&self, path: &str) -> Told {
        self.send("GET", path, None).await
    }

    async fn query(&self, soql: &str) -> Told {
        let q: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        self.get(&format!("/services/data/v67.0/query?q={q}")).await
    }

    async fn send_json(&self, method: &str, path: &str, body: &Value) -> Told {
        self.send(method, path, Some(("application/json", body.to_string())))
            .await
    }

    async fn send(&self, method: &str, path: &str, body: Option<(&str, String)>) -> Told {
        let url = format!("{}{path}", self.base).parse().unwrap();
        let mut request = reqwest::Request::new(method.parse().unwrap(), url);
        let headers = request.headers_mut();
        if !self.token.is_empty() {
            let bearer = format!("Bearer {}", self.token);
            headers.insert("authorization", bearer.parse().unwrap());
        }
        if let Some((media_type, body)) = body {
            headers.insert("content-type", media_type.parse().unwrap());
            *request.body_mut() = Some(body.into());
        }
        let reply = self.client.execute(request).await.unwrap();
        Told {
            status: reply.status().as_u16(),
            headers: reply.headers().clone(),
            text: reply.text().await.unwrap(),
        }
    }
}

fn trouble(kind: &str, value: &Value) -> Value {
    json!({"trouble": {kind: value}})
}

/// The id of the world's `n`th deal.
fn id_of(bench: &Bench, n: usize) -> String {
    bench.served.world.state().deals[n].id.clone()
}
