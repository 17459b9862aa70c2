//! A company behind a sandbox CRM, reached over a line of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use chrono::TimeDelta;
use latitude::crm::session::Session;
use latitude::crm::settings::Settings;
use latitude::crm::setup::Blueprint;
use latitude::crm::{self, Crm};
use latitude::domain::deal::{Deal, Standing};
use latitude::domain::field::{Field, Owner};
use latitude::domain::framework::Framework;
use latitude::domain::ids::{ConnectionId, DealId};
use latitude::env::Env;
use latitude::ops::provision::{Way, carry_out, plan};
use latitude::sandbox::serve::{Served, serve};
use latitude::sandbox::world::World;
use latitude::store::Store;
use latitude::store::sealed::Seal;
use latitude::sync::worker::Engine;
use serde_json::Value;

use super::line::Line;

/// The company.
pub struct Company {
    /// The connection.
    pub id: ConnectionId,
    /// Its CRM.
    pub served: Served,
    /// The connector.
    pub crm: &'static dyn Crm,
    /// The way to the CRM.
    pub line: Line,
    /// How to connect to it over that line.
    pub settings: Settings,
    /// What the deals held when the story began, by position.
    pub before: Vec<BTreeMap<String, Value>>,
    /// Reads what is there, past the line.
    reader: Session,
}

impl Company {
    /// Founds one, and sets our fields up in its CRM.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn found(
        crm: &str,
        n: usize,
        seed: u64,
        deals: usize,
        store: &Store,
    ) -> anyhow::Result<Self> {
        let crm = crm::by_id(crm).with_context(|| format!("there is no CRM {crm}"))?;
        let env = Env::system();
        let world = World::new(env.clone(), seed + n as u64, deals);
        let served = serve(crm, world, 0, std::future::pending()).await?;
        let id = ConnectionId::from(format!("company{n}").as_str());
        let framework = Arc::new(Framework::standard());
        let hour = TimeDelta::hours(1);
        let mut reader = Engine::new(store.clone(), env, framework, "http://x.test", hour);
        let added = reader.add(id.clone(), served.settings.clone());
        added.map_err(anyhow::Error::msg)?;
        reader.enrol().await?;
        let session = reader.session(&id).await.map_err(anyhow::Error::new)?;
        let steps = plan(crm, &session, Way::Apply)
            .await
            .map_err(anyhow::Error::new)?;
        let done = carry_out(crm, &session, &steps, |_| {}).await;
        done.map_err(|(_, fault)| anyhow::Error::new(fault))?;
        let wanted = Blueprint {
            prefix: "latitude_".to_owned(),
            mapped: BTreeMap::new(),
            views: &[],
        };
        let mut session = session;
        let found = crm
            .setup(&session, &wanted)
            .await
            .map_err(anyhow::Error::new)?;
        session.fields = found.field_map();
        let port = served.base.port().context("a port")?;
        let line = Line::to(port).await?;
        let settings = over(&served.settings, port, line.port)?;
        let before = {
            let mut state = served.world.state();
            state.history = Some(Vec::new());
            state.deals.iter().map(|deal| deal.custom.clone()).collect()
        };
        Ok(Self {
            id,
            served,
            crm,
            line,
            settings,
            before,
            reader: session,
        })
    }

    /// The CRM's name of a field.
    pub fn field(&self, field: Field) -> String {
        let name = self.reader.fields.name(field);
        name.map_or_else(|| field.name().to_owned(), str::to_owned)
    }

    /// The CRM's names of the fields that are the sellers' own.
    pub fn sellers_fields(&self) -> Vec<String> {
        let all = Field::ALL.into_iter();
        let theirs = all.filter(|field| field.owner() == Owner::Seller);
        theirs.map(|field| self.field(field)).collect()
    }

    /// Types into a field of a deal, as its owner would in the CRM.
    pub fn types(&self, deal: usize, field: Field, text: &str) {
        let world = &self.served.world;
        let mut state = world.state();
        state.deals[deal]
            .custom
            .insert(self.field(field), text.into());
        let owner = state.deals[deal].owner;
        world.touch(&mut state, deal, owner);
    }

    /// The open deals, by position.
    pub fn open(&self) -> Vec<usize> {
        let state = self.served.world.state();
        let open = |n: &usize| state.stages[state.deals[*n].stage].standing == Standing::Open;
        (0..state.deals.len()).filter(open).collect()
    }

    /// The CRM's id of a deal.
    pub fn deal_id(&self, deal: usize) -> String {
        self.served.world.state().deals[deal].id.clone()
    }

    /// Deals as the CRM tells them now.
    ///
    /// # Errors
    /// The CRM's.
    pub async fn now(&self, deals: &[usize]) -> anyhow::Result<Vec<Option<Deal>>> {
        let ids: Vec<DealId> = deals
            .iter()
            .map(|n| self.deal_id(*n).as_str().into())
            .collect();
        let told = self.crm.deals_now(&self.reader, &ids).await;
        told.map_err(anyhow::Error::new)
    }
}

/// A place for what the readers of all companies remember.
///
/// # Errors
/// The disk's.
pub async fn scratch(folder: &std::path::Path) -> anyhow::Result<Store> {
    let address = format!("sqlite://{}/reader.db", folder.display());
    let store = Store::open(&address, Seal::random(&Env::system())).await?;
    store.migrate().await?;
    Ok(store)
}

/// The same settings, where every address of one port is of another.
fn over(settings: &Settings, from: u16, to: u16) -> anyhow::Result<Settings> {
    let mut over = settings.clone();
    for url in [&mut over.base_url, &mut over.login_url, &mut over.token_url] {
        if let Some(url) = url.as_mut().filter(|url| url.port() == Some(from)) {
            let set = url.set_port(Some(to));
            anyhow::ensure!(set.is_ok(), "an address that has no port");
        }
    }
    Ok(over)
}
