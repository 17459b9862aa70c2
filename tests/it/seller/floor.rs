//! A sandbox CRM, Latitude's worker and its pages, one clock for all: what stories are played on.

use std::sync::Arc;

use chrono::TimeDelta;
use latitude::crm::Crm;
use latitude::domain::hours::Hours;
use latitude::domain::people::Person;
use latitude::domain::role::Role;
use latitude::sync::worker::Engine;
use latitude::web::settings::Settings;
use latitude::web::{self, App};

use crate::stage::{Stage, sqlite};
use crate::web::site::Browser;

/// The floor: a stage with pages.
pub struct Floor {
    pub stage: Stage,
    pub base: String,
    /// A seller's open deal, by its place in the world and by the CRM's id.
    pub place: usize,
    pub deal: String,
    pub seller: Person,
    pub manager: Person,
    pub director: Person,
    pub executive: Person,
    pub product: Person,
}

impl Floor {
    /// A company that was pulled once, and the pages for it.
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings of the pages.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(Stage::set(&sqlite(), 20).await, change).await
    }

    /// The same behind any CRM.
    pub async fn behind(crm: &'static dyn Crm, change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(Stage::of(crm, 20).await, change).await
    }

    /// The same on a stage of one's own.
    pub async fn on(stage: Stage, change: impl FnOnce(&mut Settings)) -> Self {
        stage.reconcile().await;
        let engine = &stage.engine;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut for_pages = Engine::new(
            engine.store.clone(),
            stage.env.clone(),
            engine.framework.clone(),
            &base,
            TimeDelta::hours(1),
        );
        for_pages
            .add(stage.id.clone(), stage.served.settings.clone())
            .unwrap();
        let people = engine
            .store
            .read()
            .await
            .unwrap()
            .people(&stage.id)
            .await
            .unwrap();
        let above = |person: &Person| {
            let id = person.manager.clone()?;
            people.iter().find(|it| it.id == id).cloned()
        };
        let world = stage.served.world.state();
        let mut open = world
            .deals
            .iter()
            .enumerate()
            .filter(|(_, deal)| deal.stage < 6)
            .filter_map(|(n, deal)| {
                let owner = &world.people[deal.owner].id;
                let seller = people.iter().find(|it| it.id.as_str() == owner)?;
                Some((n, seller.clone()))
            });
        let led = open.clone().find_map(|(n, seller)| {
            let manager = above(&seller)?;
            let director = above(&manager)?;
            Some((n, seller, manager, director))
        });
        // Not every CRM says who leads whom.
        let (place, seller, manager, director) = led.unwrap_or_else(|| {
            let (n, seller) = open.find(|(_, it)| it.active).unwrap();
            let other = people.iter().find(|it| it.active && it.id != seller.id);
            let other = other.unwrap().clone();
            (n, seller, other.clone(), other)
        });
        let deal = world.deals[place].id.clone();
        drop(world);
        let mut executive = director.clone();
        while let Some(person) = above(&executive) {
            executive = person;
        }
        let none =
            |it: &&Person| it.active && people.iter().all(|one| one.manager != Some(it.id.clone()));
        let mut others = people
            .iter()
            .rev()
            .filter(none)
            .filter(|it| it.id != seller.id);
        let led_too = others.clone().find(|it| it.manager.is_some());
        let product = led_too.or_else(|| others.next()).unwrap().clone();
        let mut settings = Settings::demo(&base);
        let key = format!("{}:{}", stage.id, product.id);
        settings.roles.insert(key, Role::Product);
        change(&mut settings);
        let app = App::new(Arc::new(for_pages), settings);
        let (keep, stop) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            let _keep = keep;
            web::serve(app, listener, stop).await;
        });
        Self {
            stage,
            base,
            place,
            deal,
            seller,
            manager,
            director,
            executive,
            product,
        }
    }

    /// A browser in which someone has signed in just now.
    pub async fn browser_of(&self, person: &Person) -> Browser {
        let mut browser = Browser::on(&self.base);
        browser
            .sign_in(&format!("{}:{}", self.stage.id, person.id))
            .await;
        browser
    }

    /// The address of the deal's panel.
    pub fn panel(&self) -> String {
        format!("/panel/{}/{}", self.stage.id, self.deal)
    }

    /// Works what is due.
    pub async fn settle(&self) {
        self.stage.reconcile().await;
    }

    /// The hours of someone.
    pub fn hours(&self, person: &Person) -> Hours {
        Hours::default().within(person.time_zone.as_deref())
    }

    /// Moves the clock on to a moment; never back.
    pub fn move_to(&self, at: latitude::domain::Time) {
        let by = at - self.stage.env.now();
        assert!(by >= TimeDelta::zero());
        self.stage.clock.advance(by);
    }
}
