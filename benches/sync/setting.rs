//! What every case of a run has in common: where the stand-in and the database are, and a
//! connection that is already set up, so that a case measures what it is about.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;
use latitude::crm::settings::Settings;
use latitude::crm::setup::{FieldMap, Place};
use latitude::crm::{self, Crm};
use latitude::domain::deal::{Pipeline, Stage, Standing};
use latitude::domain::field::Field;
use latitude::domain::framework::Framework;
use latitude::domain::ids::ConnectionId;
use latitude::domain::people::Person;
use latitude::env::Env;
use latitude::http::{self, Deadline};
use latitude::store::Store;
use latitude::store::sealed::Seal;
use latitude::sync::work::{LEASE, Tally, Work, calls_may_last};
use latitude::sync::worker::Engine;
use reqwest::{Method, Request};

use super::clock::Shifted;

/// The one connection.
pub const CONNECTION: &str = "acme";
/// Deals of a seller, as the stand-in tells them.
const DEALS_A_SELLER: usize = 20;

/// Where a case finds everything.
pub struct Setting {
    /// The stand-in's address, without a slash at the end.
    pub crm: String,
    /// The database's address.
    pub database: String,
    /// The clock of the run.
    pub clock: Shifted,
}

impl Setting {
    /// The connector that the stand-in answers to.
    pub fn connector() -> anyhow::Result<&'static dyn Crm> {
        crm::by_id("salesforce").context("salesforce")
    }

    /// Our fields there, by name.
    pub fn fields(read: bool) -> anyhow::Result<BTreeMap<Field, String>> {
        let connector = Self::connector()?;
        let all = Field::ALL.into_iter().filter(|it| !read || it.is_read());
        Ok(all
            .map(|field| (field, connector.field_name("latitude_", field)))
            .collect())
    }

    /// Our fields that a pull reads, by plain name.
    pub fn names() -> anyhow::Result<BTreeMap<String, String>> {
        let ours = Self::fields(true)?.into_iter();
        Ok(ours
            .map(|(field, name)| (field.name().to_owned(), name))
            .collect())
    }

    /// What the stand-in has counted.
    pub async fn stats(&self) -> anyhow::Result<serde_json::Value> {
        self.ask("stats").await
    }

    /// Asks or tells the stand-in something.
    pub async fn ask(&self, what: &str) -> anyhow::Result<serde_json::Value> {
        let address = format!("{}/__standin/{what}", self.crm).parse()?;
        let request = Request::new(Method::GET, address);
        let answer = http::client().execute(request).await?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    /// The database, its schema up to date.
    pub async fn store(&self, env: &Env) -> anyhow::Result<Store> {
        let seal = Seal::new(&[vec![7; 32]], env.clone()).map_err(anyhow::Error::msg)?;
        let store = Store::open(&self.database, seal).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// An engine with the one connection taken up.
    pub async fn engine(&self) -> anyhow::Result<Engine> {
        let env = self.clock.env();
        let mut engine = Engine::new(
            self.store(&env).await?,
            env,
            Arc::new(Framework::standard()),
            "https://latitude.acme.test",
            TimeDelta::hours(1),
        );
        let settings = Settings {
            crm: Self::connector()?.profile().id.to_owned(),
            base_url: Some(self.crm.parse()?),
            login_url: Some(self.crm.parse()?),
            client_id: Some("bench".to_owned()),
            client_secret: Some("bench".to_owned().into()),
            allow_private: true,
            quota_percent: Some(100),
            ..Settings::default()
        };
        let id = ConnectionId::from(CONNECTION);
        engine.add(id, settings).map_err(anyhow::Error::msg)?;
        engine.enrol().await?;
        Ok(engine)
    }

    /// Sets the connection up as a first sign-in would have: fields, stages and people are known.
    pub async fn found(&self, deals: usize) -> anyhow::Result<()> {
        let engine = self.engine().await?;
        let (id, now) = (ConnectionId::from(CONNECTION), self.clock.now());
        let places = Self::fields(false)?.into_iter().map(|(field, name)| {
            let place = Place {
                name,
                ..Place::default()
            };
            (field, place)
        });
        let fields = serde_json::to_value(FieldMap(places.collect()))?;
        let stages = ["Prospecting", "Qualification", "Needs Analysis"];
        let more = [
            "Value Proposition",
            "Proposal/Price Quote",
            "Negotiation/Review",
        ];
        let pipeline = Pipeline {
            id: "default".into(),
            name: "Opportunities".to_owned(),
            stages: stages
                .into_iter()
                .chain(more)
                .map(|name| Stage {
                    id: name.into(),
                    name: name.to_owned(),
                    standing: Standing::Open,
                })
                .collect(),
        };
        let people: Vec<Person> = (0..deals.div_ceil(DEALS_A_SELLER))
            .map(|n| Person {
                id: super::standin::id("005", n).into(),
                name: format!("Seller {n}"),
                email: Some(format!("seller{n}@acme.test")),
                active: true,
                manager: None,
                time_zone: Some("Europe/Berlin".to_owned()),
            })
            .collect();
        let mut tx = engine.store.write().await?;
        tx.save_setup(
            &id,
            ("00D000000000001", "005000000000001"),
            "",
            &fields,
            now,
        )
        .await?;
        tx.save_stages(&id, &[pipeline], now).await?;
        for some in people.chunks(1000) {
            tx.save_people(&id, some).await?;
        }
        tx.people_read(&id, now).await?;
        tx.commit().await?;
        engine.store.close().await;
        Ok(())
    }
}

/// The connection being worked, its lease held.
pub async fn work(engine: &Engine) -> anyhow::Result<Work<'_>> {
    let id = ConnectionId::from(CONNECTION);
    let now = engine.env.now();
    let mut tx = engine.store.write().await?;
    tx.break_lease(&id, now).await?;
    let lease = tx.claim(&[CONNECTION], now, now + LEASE).await?;
    tx.commit().await?;
    Ok(Work {
        store: &engine.store,
        env: &engine.env,
        crm: Setting::connector()?,
        session: engine.session(&id).await.map_err(|it| fault(&it))?,
        framework: engine.framework.clone(),
        public_url: &engine.public_url,
        lease: lease.context("nothing is due")?,
        lease_for: LEASE,
        calls_until: engine.env.elapsed() + calls_may_last(LEASE),
        deadline: Deadline::default(),
        around: None,
        backlog: VecDeque::new(),
        busy: std::collections::HashSet::new(),
        tally: Tally::default(),
    })
}

/// A fault as an error.
fn fault(fault: &http::fault::Fault) -> anyhow::Error {
    anyhow::anyhow!("{fault}: {}", fault.cause())
}
