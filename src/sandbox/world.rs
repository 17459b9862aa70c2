//! The world a sandbox tells: people, stages and deals, and what is written into the fields.
//!
//! It knows no CRM. A sandbox names the people and deals in its own way ([`State::name_all`]),
//! stores custom values in its own wire form, and asks the world who may see what when.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{NaiveDate, TimeDelta};
use serde_json::Value;

use super::company::{self, Shape};
use super::weather::Weather;
use crate::domain::Time;
use crate::domain::deal::Standing;
use crate::domain::field::Field;
use crate::domain::similarity::Print;
use crate::env::Env;

/// A world; clones are the same world.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    env: Env,
    weather: Weather,
    state: Mutex<State>,
}

/// Everything that exists in a world.
pub struct State {
    /// Everyone with an account; the first is Latitude's own integration user.
    pub people: Vec<Person>,
    /// The stages of the one pipeline, in order.
    pub stages: Vec<Stage>,
    /// The deals, by position; deleted ones stay, marked.
    pub deals: Vec<Deal>,
    /// Custom fields on the deal: API name to the sandbox's own definition.
    pub fields: BTreeMap<String, Value>,
    /// Whatever else a sandbox keeps (views, permission sets), by a name of its choice.
    pub things: BTreeMap<String, Value>,
    /// The requests that came in, newest last; at most [`CALLS_KEPT`].
    pub calls: VecDeque<CallSeen>,
    /// Every change of a deal since someone asked for it, oldest first, as a CRM's field history
    /// keeps it; none where nobody did.
    pub history: Option<Vec<Change>>,
    /// Plans for deals that were over before anything here is told of, by their sellers' ids.
    pub over: Vec<(String, Print)>,
    asks: BTreeMap<String, &'static str>,
    seed: u64,
}

/// How many requests are remembered.
pub const CALLS_KEPT: usize = 20_000;

/// A request as it came in.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CallSeen {
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The body as text, cut at 64 KiB.
    pub body: String,
    /// The status answered.
    pub status: u16,
}

/// A deal after a change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its position.
    pub deal: usize,
    /// When.
    pub at: Time,
    /// Position of who changed it.
    pub by: usize,
    /// Its custom field values from then on.
    pub custom: BTreeMap<String, Value>,
}

/// Someone with an account in the CRM.
#[derive(Clone, Debug)]
pub struct Person {
    /// The CRM's id; set by the sandbox.
    pub id: String,
    /// First name.
    pub first: &'static str,
    /// Last name.
    pub last: &'static str,
    /// Work address.
    pub email: String,
    /// Position of whom they report to.
    pub manager: Option<usize>,
    /// Whether they may sign in.
    pub active: bool,
    /// IANA name.
    pub time_zone: &'static str,
    /// What they do.
    pub role: Role,
    /// When the account last changed.
    pub changed_at: Time,
}

/// What someone does in the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Latitude's own account.
    Integration,
    /// Leads the company.
    Executive,
    /// Leads managers.
    Director,
    /// Leads sellers.
    Manager,
    /// Owns deals.
    Seller,
    /// Owns the product.
    Product,
}

impl Person {
    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }
}

/// A step of the pipeline.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What people call it.
    pub name: &'static str,
    /// The usual chance of winning, in percent.
    pub probability: u8,
    /// What a deal in it counts as.
    pub standing: Standing,
}

/// A deal.
#[derive(Clone, Debug)]
pub struct Deal {
    /// The CRM's id; set by the sandbox.
    pub id: String,
    /// What the seller calls it.
    pub name: String,
    /// The customer.
    pub account: String,
    /// Position of the stage.
    pub stage: usize,
    /// Value.
    pub amount: Option<f64>,
    /// ISO 4217 code.
    pub currency: &'static str,
    /// The day it is expected to close.
    pub close_on: NaiveDate,
    /// Position of the owner.
    pub owner: usize,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub changed_at: Time,
    /// Position of who changed it last.
    pub changed_by: usize,
    /// From when on queries by change find the last change; later than `changed_at` in bad weather.
    pub visible_at: Time,
    /// When it was deleted.
    pub deleted_at: Option<Time>,
    /// Counts up with every change.
    pub revision: u64,
    /// Custom field values in the sandbox's own wire form, by API name.
    pub custom: BTreeMap<String, Value>,
    /// What the seller has in mind: plain part name (`approach`, `check_on`) to text.
    pub mind: BTreeMap<&'static str, String>,
    /// What stands in the way of writing to it.
    pub trouble: Option<Trouble>,
}

/// What stands in the way of writing to a record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// A rule of the customer refuses every change, with this message.
    Refused(String),
    /// Another transaction holds it for so many more attempts.
    Busy(u32),
    /// It is locked for everyone but its approver.
    Locked,
    /// The signed-in user may see but not change it.
    ReadOnly,
}

/// A number that no activity field of this world ever loses: it must appear nowhere in Latitude.
pub const CANARY: &str = "7349281650";

impl World {
    /// A company with so many deals, always the same for the same seed.
    pub fn new(env: Env, seed: u64, deals: usize) -> Self {
        Self::shaped(env, seed, (deals, Shape::default()))
    }

    /// The same, built otherwise.
    pub fn shaped(env: Env, seed: u64, size: (usize, Shape)) -> Self {
        let state = company::found(env.now(), seed, size);
        let weather = Weather::new(seed);
        Self(Arc::new(Inner {
            env,
            weather,
            state: Mutex::new(state),
        }))
    }

    /// The world's time.
    pub fn now(&self) -> Time {
        self.0.env.now()
    }

    /// The world's clock and dice.
    pub fn env(&self) -> &Env {
        &self.0.env
    }

    /// What goes wrong.
    pub fn weather(&self) -> &Weather {
        &self.0.weather
    }

    /// Everything in it; held only between awaits.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks a deal as changed now, by someone; in bad weather the change is seen late.
    pub fn touch(&self, state: &mut State, deal: usize, by: usize) {
        let now = self.now();
        let late = self.0.weather.lateness();
        let position = deal;
        let deal = &mut state.deals[position];
        deal.changed_at = now;
        deal.visible_at = now + late;
        deal.changed_by = by;
        deal.revision += 1;
        if let Some(history) = &mut state.history {
            history.push(Change {
                deal: position,
                at: now,
                by,
                custom: deal.custom.clone(),
            });
        }
    }
}

impl State {
    pub(super) fn empty(seed: u64) -> Self {
        Self {
            people: Vec::new(),
            stages: Vec::new(),
            deals: Vec::new(),
            fields: BTreeMap::new(),
            things: BTreeMap::new(),
            calls: VecDeque::new(),
            history: None,
            over: Vec::new(),
            asks: BTreeMap::new(),
            seed,
        }
    }

    /// The part a custom field asks for, where the sellers have something in mind for it.
    pub fn part_of(&self, api_name: &str) -> Option<&'static str> {
        self.asks.get(api_name).copied()
    }

    /// The seed the company was drawn from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Gives every person and deal the id the CRM would.
    pub fn name_all(&mut self, person: impl Fn(usize) -> String, deal: impl Fn(usize) -> String) {
        for (n, one) in self.people.iter_mut().enumerate() {
            one.id = person(n);
        }
        for (n, one) in self.deals.iter_mut().enumerate() {
            one.id = deal(n);
        }
    }

    /// The position of the deal of that id, deleted or not.
    pub fn deal_at(&self, id: &str) -> Option<usize> {
        self.deals.iter().position(|deal| deal.id == id)
    }

    /// The position of the person of that id.
    pub fn person_at(&self, id: &str) -> Option<usize> {
        self.people.iter().position(|person| person.id == id)
    }

    /// Defines a custom field on the deal, and lets the sellers answer it if it asks for something
    /// they have in mind: one whose name or label holds the words of a part, such as "approach".
    ///
    /// Sellers answer when they see the field, so those deals change now.
    pub fn define(&mut self, world: &World, api_name: &str, label: &str, definition: Value) {
        self.fields.insert(api_name.to_owned(), definition);
        if let Some(part) = part_asked(api_name, label) {
            self.asks.insert(api_name.to_owned(), part);
        }
        for n in 0..self.deals.len() {
            let Some(part) = part_asked(api_name, label) else {
                return;
            };
            let deal = &mut self.deals[n];
            if deal.custom.contains_key(api_name) {
                continue;
            }
            if let Some(text) = deal.mind.get(part) {
                deal.custom
                    .insert(api_name.to_owned(), Value::String(text.clone()));
                let owner = deal.owner;
                world.touch(self, n, owner);
            }
        }
    }

    /// Removes a custom field and all it held.
    pub fn remove_field(&mut self, api_name: &str) {
        self.fields.remove(api_name);
        self.asks.remove(api_name);
        for deal in &mut self.deals {
            deal.custom.remove(api_name);
        }
    }

    /// What a seller typing into that field would have to say, by the plain part it asks for.
    pub fn answered_by(api_name: &str, label: &str) -> Option<&'static str> {
        part_asked(api_name, label)
    }
}

/// The parts sellers have something in mind for.
pub const PARTS: [&str; 6] = [
    "customer_outcome",
    "conversation_goal",
    "check_on",
    "approach",
    "obstacles",
    "need",
];

fn part_asked(api_name: &str, label: &str) -> Option<&'static str> {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_lowercase()
    };
    let (name, label) = (plain(api_name), plain(label));
    let name = name
        .strip_suffix('c')
        .filter(|_| api_name.ends_with("__c"))
        .unwrap_or(&name);
    PARTS.into_iter().find(|part| {
        // People know a field by its label, which may go on with a mark of who made it.
        let asks = Field::named(part).is_some_and(|it| label.starts_with(&plain(it.label())));
        let part = plain(part);
        name.ends_with(&part) || label == part || asks
    })
}

/// A day as every CRM of this world writes it.
pub fn day(time: Time, days: i64) -> NaiveDate {
    (time + TimeDelta::days(days)).date_naive()
}
