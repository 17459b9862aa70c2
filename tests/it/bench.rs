//! A connector on the bench: its sandbox on a free port, a session, our fields set up.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use latitude::crm::Crm;
use latitude::crm::page::{Cursor, Next, Seen};
use latitude::crm::session::{self, Means, Session};
use latitude::crm::setup::{Blueprint, FieldMap, VIEWS, steps_to_apply};
use latitude::domain::deal::Deal;
use latitude::env::{Env, Frozen};
use latitude::http;
use latitude::http::fault::Fault;
use latitude::http::token::{Tokens, Vault};
use latitude::sandbox::serve::{Served, serve};
use latitude::sandbox::world::World;

/// A Tuesday morning; every test world starts there.
pub const MORNING: &str = "2026-11-17T09:00:00Z";

/// A vault in memory.
#[derive(Default)]
pub struct Memory(Mutex<Option<Tokens>>);

#[async_trait]
impl Vault for Memory {
    async fn load(&self) -> Result<Option<Tokens>, Fault> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn claim(&self, _: i64) -> Result<bool, Fault> {
        Ok(true)
    }

    async fn save(&self, tokens: Tokens) -> Result<Option<Tokens>, Fault> {
        let saved = Tokens {
            version: tokens.version + 1,
            ..tokens
        };
        *self.0.lock().unwrap() = Some(saved.clone());
        Ok(Some(saved))
    }

    async fn release(&self, _: i64) -> Result<(), Fault> {
        Ok(())
    }
}

/// A connector and its sandbox.
pub struct Bench {
    pub crm: &'static dyn Crm,
    pub clock: Arc<Frozen>,
    pub served: Served,
    pub session: Session,
}

impl Bench {
    /// A company of so many deals, connected, our fields not yet there.
    pub async fn bare(crm: &'static dyn Crm, deals: usize) -> Self {
        let clock = Frozen::at(MORNING.parse().unwrap());
        let env = Env::seeded(clock.clone(), 7);
        let world = World::new(env.clone(), 7, deals);
        let served = serve(crm, world, 0, std::future::pending()).await.unwrap();
        let means = Means {
            client: http::client().into(),
            env,
            vault: Arc::new(Memory::default()),
        };
        let settings = Arc::new(served.settings.clone());
        let mut session = session::open(crm, settings, FieldMap::default(), &means).unwrap();
        session.embed = Some("https://latitude.test/embed/acme".to_owned());
        Self {
            crm,
            clock,
            served,
            session,
        }
    }

    /// The same, with our fields set up and what set-up changed already in the past.
    pub async fn ready(crm: &'static dyn Crm, deals: usize) -> Self {
        let mut bench = Self::bare(crm, deals).await;
        bench.set_up().await;
        bench.clock.advance(chrono::TimeDelta::minutes(30));
        bench
    }

    /// The same sandbox through OAuth, as an app that was installed before.
    pub async fn installed(&self, refresh: &str) -> Session {
        let mut settings = self.served.settings.clone();
        settings.sign_in = Some("authorization_code".to_owned());
        let vault = Arc::new(Memory::default());
        let tokens = Tokens {
            access: "none yet".to_owned().into(),
            refresh: Some(refresh.to_owned().into()),
            expires_at: Some(self.served.world.now()),
            base: None,
            granted: None,
            version: 0,
        };
        vault.save(tokens).await.unwrap();
        let means = Means {
            client: http::client().into(),
            env: self.served.world.env().clone(),
            vault,
        };
        let fields = self.session.fields.clone();
        session::open(self.crm, Arc::new(settings), fields, &means).unwrap()
    }

    pub fn blueprint(&self) -> Blueprint {
        Blueprint {
            prefix: self.session.settings.prefix().to_owned(),
            mapped: self.session.settings.fields.clone(),
            views: VIEWS,
        }
    }

    /// Plans and applies; what must be clicked by hand is left out. Returns the steps taken.
    pub async fn set_up(&mut self) -> usize {
        let wanted = self.blueprint();
        let found = self.crm.setup(&self.session, &wanted).await.unwrap();
        let steps = steps_to_apply(&wanted, &found);
        let mut taken = 0;
        for step in &steps {
            if self.crm.by_hand(&wanted, step).is_none() {
                self.crm.apply(&self.session, &wanted, step).await.unwrap();
                taken += 1;
            }
        }
        let found = self.crm.setup(&self.session, &wanted).await.unwrap();
        assert_eq!(
            found.gaps(),
            Vec::<String>::new(),
            "{}",
            self.crm.profile().id
        );
        self.session.fields = found.field_map();
        taken
    }

    /// Pulls from a place to the end: what was seen, and where the next pull starts.
    pub async fn pull(&self, from: &Cursor) -> (Vec<Seen>, Cursor) {
        let mut seen = Vec::new();
        let mut place = from.clone();
        loop {
            let page = self.crm.deals(&self.session, &place).await.unwrap();
            seen.extend(page.items);
            match page.next {
                Next::More(next) => place = next,
                Next::Done(next) => return (seen, next),
            }
        }
    }

    /// The open deals of a full pull, the newest state of each, by name and id.
    pub async fn deals(&self) -> Vec<Deal> {
        let (seen, _) = self.pull(&Cursor::default()).await;
        let mut deals: Vec<Deal> = Vec::new();
        for one in seen {
            if let Seen::Here(deal) = one {
                deals.retain(|known| known.id != deal.id);
                deals.push(*deal);
            }
        }
        deals.sort_by(|a, b| (&a.name, a.id.as_str()).cmp(&(&b.name, b.id.as_str())));
        deals
    }

    /// Edits a deal in the sandbox as a person would.
    pub async fn edit(&self, id: &str, edit: serde_json::Value) -> serde_json::Value {
        self.control(reqwest::Method::POST, &format!("deals/{id}"), Some(edit))
            .await
    }

    /// Asks the sandbox's control interface.
    pub async fn control(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> serde_json::Value {
        let url = self
            .served
            .base
            .join(&format!("/__sandbox/{path}"))
            .unwrap();
        let mut request = reqwest::Request::new(method, url);
        if let Some(body) = body {
            request.headers_mut().insert(
                reqwest::header::CONTENT_TYPE,
                reqwest::header::HeaderValue::from_static("application/json"),
            );
            *request.body_mut() = Some(body.to_string().into());
        }
        let reply = http::client().execute(request).await.unwrap();
        let status = reply.status();
        let text = reply.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}
