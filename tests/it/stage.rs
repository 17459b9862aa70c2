//! Latitude and one sandbox CRM on a fresh database: what the journeys are played on.

use std::sync::Arc;

use chrono::{NaiveTime, TimeDelta};
use latitude::crm::setup::FieldMap;
use latitude::crm::{self, Crm};
use latitude::domain::field::Field;
use latitude::domain::framework::Framework;
use latitude::domain::ids::{ConnectionId, DealId, PersonId};
use latitude::domain::strategy::{Answers, Part};
use latitude::env::{Env, Frozen};
use latitude::ops::provision::{Way, carry_out, plan};
use latitude::sandbox::company::Shape;
use latitude::sandbox::serve::{Served, serve};
use latitude::sandbox::world::World;
use latitude::store::Store;
use latitude::store::deals::Dossier;
use latitude::store::sealed::Seal;
use latitude::store::strategies::Version;
use latitude::sync::publish::{Published, publish};
use latitude::sync::report::Report;
use latitude::sync::worker::Engine;
use latitude::sync::{PULL, WRITE_BACK};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::bench::MORNING;
pub use crate::scratch::{databases, postgres, sqlite};

/// Latitude, a sandbox CRM with our fields in it, and a database between them.
pub struct Stage {
    pub crm: &'static dyn Crm,
    pub clock: Arc<Frozen>,
    pub env: Env,
    pub served: Served,
    pub engine: Engine,
    pub id: ConnectionId,
}

impl Stage {
    /// A company of so many deals behind the preferred CRM; the clock stands still.
    pub async fn set(database: &str, deals: usize) -> Self {
        let clock = Frozen::at(MORNING.parse().unwrap());
        let env = Env::seeded(clock.clone(), 7);
        Self::with(env, clock, database, deals).await
    }

    /// The same with the real clock, for weather that says "come back in a second".
    pub async fn in_real_time(database: &str, deals: usize) -> Self {
        let unused = Frozen::at(MORNING.parse().unwrap());
        Self::with(Env::system(), unused, database, deals).await
    }

    async fn with(env: Env, clock: Arc<Frozen>, database: &str, deals: usize) -> Self {
        Self::behind(
            crm::by_id(crm::PREFERRED).unwrap(),
            env,
            clock,
            database,
            (deals, Shape::default()),
        )
        .await
    }

    /// A company behind any CRM; the clock stands still.
    pub async fn of(crm: &'static dyn Crm, deals: usize) -> Self {
        Self::shaped(crm, (deals, Shape::default())).await
    }

    /// The same, of a company that is built otherwise.
    pub async fn shaped(crm: &'static dyn Crm, size: (usize, Shape)) -> Self {
        let clock = Frozen::at(MORNING.parse().unwrap());
        let env = Env::seeded(clock.clone(), 7);
        Self::behind(crm, env, clock, &sqlite(), size).await
    }

    /// The same with the real clock, for weather that says "come back in a second".
    pub async fn of_in_real_time(crm: &'static dyn Crm, deals: usize) -> Self {
        let unused = Frozen::at(MORNING.parse().unwrap());
        let size = (deals, Shape::default());
        Self::behind(crm, Env::system(), unused, &sqlite(), size).await
    }

    async fn behind(
        crm: &'static dyn Crm,
        env: Env,
        clock: Arc<Frozen>,
        database: &str,
        size: (usize, Shape),
    ) -> Self {
        let world = World::shaped(env.clone(), 7, size);
        let served = serve(crm, world, 0, std::future::pending()).await.unwrap();
        let seal = Seal::new(&[vec![7; 32]], env.clone()).unwrap();
        let store = Store::open(database, seal).await.unwrap();
        store.migrate().await.unwrap();
        let mut framework = Framework::standard();
        framework.cadence.weekends = true;
        framework.cadence.quiet_from = NaiveTime::MIN;
        framework.cadence.quiet_until = NaiveTime::MIN;
        framework.cadence.asks_per_seller_and_day = 1000;
        let poll = TimeDelta::hours(1);
        let mut engine = Engine::new(
            store,
            env.clone(),
            Arc::new(framework),
            "https://latitude.test",
            poll,
        );
        let id = ConnectionId::from("acme");
        engine.add(id.clone(), served.settings.clone()).unwrap();
        engine.enrol().await.unwrap();
        let stage = Self {
            crm,
            clock,
            env,
            served,
            engine,
            id,
        };
        stage.set_up_fields().await;
        stage.clock.advance(TimeDelta::minutes(30));
        stage
    }

    /// A process of its own on the same database.
    pub fn another_engine(&self, env: Env) -> Engine {
        let mut engine = Engine::new(
            self.engine.store.clone(),
            env,
            self.engine.framework.clone(),
            "https://latitude.test",
            TimeDelta::hours(1),
        );
        engine
            .add(self.id.clone(), self.served.settings.clone())
            .unwrap();
        engine
    }

    async fn set_up_fields(&self) {
        let session = self.engine.session(&self.id).await.unwrap();
        let plan = plan(self.crm, &session, Way::Apply).await.unwrap();
        let done = carry_out(self.crm, &session, &plan, |_| {}).await;
        assert!(done.is_ok());
    }

    /// Makes a pull and a write-back due.
    pub async fn hasten(&self) {
        let mut tx = self.engine.store.write().await.unwrap();
        for step in [PULL, WRITE_BACK] {
            tx.hasten_anyway(&self.id, step, self.env.now())
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// One reconcile of everything that is due, a pull and a write-back included.
    pub async fn reconcile(&self) -> Report {
        self.hasten().await;
        let mut reports = self.engine.run_until_quiet(None).await.unwrap();
        reports.pop().expect("a report")
    }

    /// The CRM's name of one of our fields.
    pub fn field(&self, field: Field) -> String {
        self.crm.field_name("latitude_", field)
    }

    /// What a deal's custom field holds in the CRM.
    pub fn shown(&self, deal: usize, field: Field) -> Value {
        let name = self.field(field);
        self.served.world.state().deals[deal]
            .custom
            .get(&name)
            .cloned()
            .unwrap_or_default()
    }

    /// The seller of a deal publishes in the panel.
    pub async fn publishes(&self, deal: usize, part: Part, text: &str) {
        let id = self.deal_id(deal);
        let mut answers = Answers::default();
        text.clone_into(answers.part_mut(part));
        let mut tx = self.engine.store.write().await.unwrap();
        let dossier = tx.dossier(&self.id, &id).await.unwrap().unwrap();
        let (author, at) = (PersonId::from("someone"), (&dossier, dossier.version));
        let (said, framework) = ((&author, &answers), &self.engine.framework);
        let now = self.env.now();
        let done = publish(&mut tx, &self.id, at, said, framework, now);
        assert!(matches!(done.await.unwrap(), Published::Saved(_)));
        tx.commit().await.unwrap();
        self.engine.wake().await;
    }

    /// The CRM's id of a deal.
    pub fn deal_id(&self, deal: usize) -> DealId {
        self.served.world.state().deals[deal].id.as_str().into()
    }

    /// Every version of a deal, newest first.
    pub async fn versions(&self, deal: usize) -> Vec<Version> {
        let mut tx = self.engine.store.read().await.unwrap();
        tx.versions(&self.id, &self.deal_id(deal)).await.unwrap()
    }

    /// What is known of a deal.
    pub async fn dossier(&self, deal: usize) -> Dossier {
        let mut tx = self.engine.store.read().await.unwrap();
        let known = tx.dossier(&self.id, &self.deal_id(deal)).await;
        known.unwrap().unwrap()
    }

    /// The CRM's field for a goal is one that the customer made, and holds so many characters.
    pub async fn goals_hold(&self, characters: usize) {
        let mut tx = self.engine.store.write().await.unwrap();
        let known = tx.connection(&self.id).await.unwrap().unwrap();
        let mut fields: FieldMap = serde_json::from_value(known.fields.unwrap().0).unwrap();
        fields.0.get_mut(&Field::ConversationGoal).unwrap().longest = Some(characters);
        let (organisation, user) = (known.organisation.unwrap(), known.user_id.unwrap());
        let at = (organisation.as_str(), user.as_str());
        let fields = serde_json::to_value(fields).unwrap();
        let now = self.env.now();
        tx.save_setup(&self.id, at, "", &fields, now).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Types into a deal's field, as its owner would.
    pub fn types(&self, deal: usize, field: Field, text: &str) {
        let name = self.field(field);
        let world = &self.served.world;
        let mut state = world.state();
        state.deals[deal]
            .custom
            .insert(name, Value::String(text.to_owned()));
        let owner = state.deals[deal].owner;
        world.touch(&mut state, deal, owner);
    }

    /// Every custom value of every deal, as it stands in the CRM.
    pub fn everything_shown(&self) -> Vec<std::collections::BTreeMap<String, Value>> {
        self.served
            .world
            .state()
            .deals
            .iter()
            .map(|deal| deal.custom.clone())
            .collect()
    }

    /// Lets the lease of a process that was killed run out now.
    pub async fn break_lease(&self) {
        let mut tx = self.engine.store.write().await.unwrap();
        let now = self.env.now();
        tx.break_lease(&self.id, now).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A configuration file that describes all this, for processes of their own.
    pub fn configuration(&self, database: &str) -> std::path::PathBuf {
        let settings = &self.served.settings;
        let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
        let url = |value: &Option<url::Url>| text(value.as_ref().unwrap().as_str());
        let config = format!(
            "[database]\nurl = {}\n[secrets]\nkey = \"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\"\n\
             [connections.acme]\ncrm = {}\nbase_url = {}\nclient_id = {}\nclient_secret = {}\n\
             allow_private = true\n",
            text(database),
            text(&settings.crm),
            url(&settings.base_url),
            text(settings.client_id.as_deref().unwrap()),
            text(settings.client_secret.as_ref().unwrap().expose_secret()),
        );
        let file = crate::scratch::folder().join("latitude.toml");
        std::fs::write(&file, config).unwrap();
        file
    }
}
