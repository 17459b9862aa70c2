//! A sandbox CRM, Latitude's worker and its pages, one clock for all: what stories are played on.

use std::sync::Arc;

use chrono::TimeDelta;
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
        let stage = Stage::set(&sqlite(), 20).await;
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
        let (place, seller, manager, director) = world
            .deals
            .iter()
            .enumerate()
            .filter(|(_, deal)| deal.stage < 6)
            .find_map(|(n, deal)| {
                let owner = &world.people[deal.owner].id;
                let seller = people.iter().find(|it| it.id.as_str() == owner)?.clone();
                let manager = above(&seller)?;
                let director = above(&manager)?;
                Some((n, seller, manager, director))
            })
            .unwrap();
        let deal = world.deals[place].id.clone();
        drop(world);
        let mut executive = director.clone();
        while let Some(person) = above(&executive) {
            executive = person;
        }
        let none =
            |it: &&Person| it.active && people.iter().all(|one| one.manager != Some(it.id.clone()));
        let product = people
            .iter()
            .rev()
            .filter(none)
            .find(|it| it.id != seller.id && it.manager.is_some());
        let product = product.unwrap().clone();
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
