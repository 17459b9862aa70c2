//! What people do: they publish on a deal's panel, and CRMs tell of changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use latitude::env::Env;
use latitude::http;
use reqwest::header::{self, HeaderValue};
use reqwest::{Method, Request, Response};
use secrecy::ExposeSecret;
use sha2::Sha256;

use super::company::Company;

/// A browser waits so long for an answer.
const PATIENCE: Duration = Duration::from_secs(12);

/// What people were told, or not told.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// What was published, and whether the seller was told "saved"; in this order.
    pub published: Vec<(String, bool)>,
    /// What was typed in the CRM, in this order.
    pub typed: Vec<String>,
    /// Whether a publish is under way.
    pub busy: bool,
}

/// Everything people said, by company and deal.
#[derive(Clone, Default)]
pub struct Words(Arc<Mutex<BTreeMap<(usize, usize), Said>>>);

impl Words {
    /// All of it; held only between awaits.
    pub fn all(&self) -> MutexGuard<'_, BTreeMap<(usize, usize), Said>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A browser in front of the pages.
pub struct Browser {
    client: reqwest::Client,
    port: u16,
    base: String,
}

impl Browser {
    /// In front of the pages of this port.
    pub fn at(port: u16) -> Self {
        Self {
            client: http::client(),
            port,
            base: format!("http://127.0.0.1:{port}"),
        }
    }

    /// Where the pages are.
    pub fn port(&self) -> u16 {
        self.port
    }

    async fn asks(&self, request: Request) -> anyhow::Result<Response> {
        let answer = tokio::time::timeout(PATIENCE, self.client.execute(request));
        Ok(answer.await??)
    }

    fn form(
        &self,
        path: &str,
        cookie: Option<&HeaderValue>,
        form: String,
    ) -> anyhow::Result<Request> {
        let mut request = Request::new(Method::POST, format!("{}{path}", self.base).parse()?);
        let headers = request.headers_mut();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::ORIGIN, HeaderValue::from_str(&self.base)?);
        if let Some(cookie) = cookie {
            headers.insert(header::COOKIE, cookie.clone());
        }
        *request.body_mut() = Some(form.into());
        Ok(request)
    }

    /// The owner of a deal signs in, opens its panel, writes an approach and publishes it. Answers
    /// whether it was saved; where someone else was faster it is a draft, and the page says so. An
    /// error means that they were told neither.
    ///
    /// # Errors
    /// Whatever stood in the way.
    pub async fn publishes(
        &self,
        company: &Company,
        deal: usize,
        text: &str,
    ) -> anyhow::Result<bool> {
        let (id, person) = {
            let state = company.served.world.state();
            let deal = &state.deals[deal];
            (deal.id.clone(), state.people[deal.owner].id.clone())
        };
        let form = format!("person={}", encoded(&format!("{}:{person}", company.id)));
        let answer = self.asks(self.form("/sign-in", None, form)?).await?;
        let set = answer
            .headers()
            .get(header::SET_COOKIE)
            .context("no cookie")?;
        let pair = set.to_str()?.split(';').next().unwrap_or_default();
        let cookie = HeaderValue::from_str(pair)?;
        let path = format!("/panel/{}/{}", company.id, encoded(&id));
        let page = self.reads(&path, &cookie).await?;
        let held = |name: &str| {
            let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
            rest.split('"').next().map(str::to_owned)
        };
        let csrf = held("csrf").context("no panel")?;
        let base = held("base").context("no version on the panel")?;
        let form = format!(
            "csrf={}&base={base}&approach={}",
            encoded(&csrf),
            encoded(text)
        );
        let status = self
            .asks(self.form(&path, Some(&cookie), form)?)
            .await?
            .status();
        ensure!(status.is_redirection(), "answered with {status}");
        let page = self.reads(&path, &cookie).await?;
        Ok(!page.contains("Your draft is kept"))
    }

    async fn reads(&self, path: &str, cookie: &HeaderValue) -> anyhow::Result<String> {
        let mut request = Request::new(Method::GET, format!("{}{path}", self.base).parse()?);
        request.headers_mut().insert(header::COOKIE, cookie.clone());
        let answer = self.asks(request).await?;
        ensure!(answer.status().is_success(), "no page: {}", answer.status());
        Ok(tokio::time::timeout(PATIENCE, answer.text()).await??)
    }

    /// A CRM tells of a change, signed as it signs; nothing where it does not push, or the sandbox
    /// shares no secret for it.
    ///
    /// # Errors
    /// Whatever stood in the way.
    pub async fn pushes(&self, company: &Company, deal: usize) -> anyhow::Result<()> {
        let id = company.deal_id(deal);
        let settings = &company.settings;
        let secret = settings
            .push_secret
            .as_ref()
            .or(settings.client_secret.as_ref());
        let (Some(secret), Ok(number)) = (secret, id.parse::<u64>()) else {
            return Ok(());
        };
        let secret = secret.expose_secret();
        let url = format!("{}/push/{}", self.base, company.id);
        let (body, signed) = match company.crm.profile().id {
            "hubspot" => {
                let body = serde_json::json!([{
                    "subscriptionType": "object.propertyChange",
                    "objectTypeId": "0-3",
                    "objectId": number,
                }]);
                let body = body.to_string();
                let stamp = Env::system().now().timestamp_millis().to_string();
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
                mac.update(format!("POST{url}{body}{stamp}").as_bytes());
                let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
                let signed = vec![
                    ("x-hubspot-signature-v3", signature),
                    ("x-hubspot-request-timestamp", stamp),
                ];
                (body, signed)
            }
            "pipedrive" => {
                let body = serde_json::json!({"meta": {"entity": "deal", "entity_id": number}});
                let proof = BASE64_STANDARD.encode(format!("latitude:{secret}"));
                (
                    body.to_string(),
                    vec![("authorization", format!("Basic {proof}"))],
                )
            }
            "zoho" => {
                let body = serde_json::json!({"module": "Deals", "ids": [id], "token": secret});
                (body.to_string(), Vec::new())
            }
            _ => return Ok(()),
        };
        let mut request = Request::new(Method::POST, url.parse()?);
        for (name, value) in signed {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_str(&value)?);
        }
        *request.body_mut() = Some(body.into());
        let status = self.asks(request).await?.status();
        ensure!(
            status.is_success() || status.is_server_error(),
            "a push was answered with {status}"
        );
        Ok(())
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
