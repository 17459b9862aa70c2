//! Another tool, with a token that stands for someone.

use latitude::ops::token::{Wish, make};
use reqwest::Method;
use serde_json::Value;

use super::site::{Answer, Browser, Site};

/// Everything a token can open.
pub const ALL: [&str; 5] = ["deals", "obstacles", "week", "promise", "pyramid"];

/// A tool.
pub struct Tool {
    browser: Browser,
    token: String,
}

impl Site {
    /// A tool with a token that stands for a person (`connection:id`) and opens these.
    pub async fn tool_of(&self, person: &str, scopes: &[&str]) -> Tool {
        let scopes: Vec<String> = scopes.iter().map(|it| (*it).to_owned()).collect();
        let wish = Wish {
            person,
            name: "a test",
            scopes: &scopes,
            days: 30,
        };
        let token = make(&self.store, &self.env, &wish).await.unwrap();
        self.tool_with(&token)
    }

    /// A tool that sends this as its token.
    pub fn tool_with(&self, token: &str) -> Tool {
        Tool {
            browser: self.browser(),
            token: token.to_owned(),
        }
    }
}

impl Tool {
    /// What it was given.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Asks.
    pub async fn get(&mut self, path: &str) -> Answer {
        let proof = format!("Bearer {}", self.token);
        let headers = [("authorization", proof.as_str())];
        self.browser.send(Method::GET, path, None, &headers).await
    }

    /// Asks for something that is there.
    pub async fn json(&mut self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }
}
