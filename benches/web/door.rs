//! A client of the pages that keeps its cookie, and takes the time.

use std::time::{Duration, Instant};

use anyhow::Context;
use latitude::http;
use reqwest::header::{self, HeaderValue};
use reqwest::{Method, Response};

/// Someone at a browser.
pub struct Door {
    base: String,
    client: reqwest::Client,
    cookie: Option<HeaderValue>,
    csrf: String,
}

impl Door {
    /// Nobody yet.
    pub fn of(base: String) -> Self {
        Self {
            base,
            client: http::client(),
            cookie: None,
            csrf: String::new(),
        }
    }

    async fn send(&self, method: Method, path: &str, form: &str) -> anyhow::Result<Response> {
        let mut request = reqwest::Request::new(method, format!("{}{path}", self.base).parse()?);
        let headers = request.headers_mut();
        headers.insert(header::ORIGIN, HeaderValue::from_str(&self.base)?);
        headers.insert("x-csrf-token", HeaderValue::from_str(&self.csrf)?);
        if let Some(cookie) = &self.cookie {
            headers.insert(header::COOKIE, cookie.clone());
        }
        if !form.is_empty() {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, kind);
            *request.body_mut() = Some(form.to_owned().into());
        }
        Ok(self.client.execute(request).await?)
    }

    /// Becomes that person.
    pub async fn sign_in(&mut self, person: &str) -> anyhow::Result<()> {
        self.cookie = None;
        let form = format!("person=acme%3A{person}");
        let answer = self.send(Method::POST, "/sign-in", &form).await?;
        let set = answer
            .headers()
            .get(header::SET_COOKIE)
            .context("a cookie")?;
        let pair = set.to_str()?.split(';').next().unwrap_or_default();
        self.cookie = Some(HeaderValue::from_str(pair)?);
        let home = self.send(Method::GET, "/", "").await?.text().await?;
        let token = home.split("name=\"csrf\" value=\"").nth(1);
        let token = token.and_then(|it| it.split('"').next());
        token.context("a form")?.clone_into(&mut self.csrf);
        Ok(())
    }

    /// The time within which 95 of 100 answers came, and how large the last was.
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    pub async fn p95(
        &self,
        times: usize,
        (method, path, form): (Method, &str, &str),
    ) -> anyhow::Result<(Duration, usize)> {
        let mut taken = Vec::with_capacity(times);
        let mut bytes = 0;
        for _ in 0..times {
            let began = Instant::now();
            let answer = self.send(method.clone(), path, form).await?;
            anyhow::ensure!(answer.status().is_success(), "{path}: {}", answer.status());
            bytes = answer.bytes().await?.len();
            taken.push(began.elapsed());
        }
        taken.sort_unstable();
        Ok((taken[times * 95 / 100], bytes))
    }
}
