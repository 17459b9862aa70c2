//! Founds a small company from a seed: who works there, and what they are trying to sell.

use chrono::{Datelike, TimeDelta, Timelike, Weekday};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

use super::sellers;
use super::world::{Deal, Person, Role, Stage, State, day};
use crate::domain::Time;
use crate::domain::deal::Standing;

/// First names, of the company's people and of its customers'.
pub const FIRST: [&str; 32] = [
    "Amara", "Björn", "Chidi", "Dana", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kavya",
    "Luca", "Mei", "Nadia", "Oscar", "Priya", "Quinn", "Rosa", "Samir", "Tove", "Uma", "Viktor",
    "Wanjiru", "Ximena", "Yusuf", "Zoe", "Anouk", "Bilal", "Carmen", "Dmitri", "Esi", "Finn",
];
const LAST: [&str; 32] = [
    "Okafor",
    "Lindqvist",
    "Mwangi",
    "Poe",
    "Yılmaz",
    "Haddad",
    "Adeyemi",
    "Tanaka",
    "Ferreira",
    "Weber",
    "Rao",
    "Moretti",
    "Chen",
    "Petrova",
    "Hansen",
    "Nair",
    "Walsh",
    "Delgado",
    "Khan",
    "Berg",
    "Iyer",
    "Novak",
    "Kamau",
    "Torres",
    "Demir",
    "Clarke",
    "Dubois",
    "Aziz",
    "Ruiz",
    "Sokolov",
    "Mensah",
    "O'Brien",
];
const ZONES: [&str; 6] = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Africa/Lagos",
    "America/Sao_Paulo",
    "Asia/Tokyo",
];
/// Customers.
pub const ACCOUNT: [&str; 24] = [
    "Northwind Ceramics",
    "Harbour & Vale",
    "Kestrel Freight",
    "Lumen Clinics",
    "Oakline Foods",
    "Pioneer Water",
    "Sable Optics",
    "Tern Airways",
    "Umbra Textiles",
    "Verdant Farms",
    "Wexford Mills",
    "Aster Hotels",
    "Bramble Schools",
    "Cobalt Mining",
    "Dunmore Print",
    "Elmwood Credit Union",
    "Fjord Marine",
    "Granite Labs",
    "Heron Publishing",
    "Ivory Dental",
    "Juniper Retail",
    "Kiln Brewing",
    "Larch Logistics",
    "Meridian Power",
];
/// What they are sold.
pub const THING: [&str; 12] = [
    "renewal",
    "rollout",
    "pilot",
    "second site",
    "replacement",
    "expansion",
    "service contract",
    "migration",
    "framework agreement",
    "upgrade",
    "first order",
    "support plan",
];
const CURRENCY: [&str; 4] = ["EUR", "USD", "GBP", "INR"];

/// How a company is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Deals per seller.
    pub deals: usize,
    /// Sellers who report to one manager.
    pub sellers: usize,
    /// Managers who report to one director.
    pub managers: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            deals: 10,
            sellers: 6,
            managers: 4,
        }
    }
}

impl Shape {
    /// With few deals each, and more people who lead: what an executive sees of groups of five and
    /// more takes so many of them.
    pub const TALL: Self = Self {
        deals: 5,
        sellers: 6,
        managers: 2,
    };
}

/// One in so many deals is already closed.
const CLOSED_ONE_IN: usize = 12;

/// The company as it is at `now`.
pub fn found(now: Time, seed: u64, (deals, shape): (usize, Shape)) -> State {
    let mut dice = ChaCha12Rng::seed_from_u64(seed);
    let mut state = State::empty(seed);
    state.stages = stages();
    state.people = people(now, (deals, shape), &mut dice);
    let sellers: Vec<usize> = (0..state.people.len())
        .filter(|n| state.people[*n].role == Role::Seller)
        .collect();
    let mut fresh = vec![Vec::new(); sellers.len()];
    state.deals = (0..deals)
        .map(|n| {
            let of_seller = n % sellers.len();
            let owner = (sellers[of_seller], &mut fresh[of_seller]);
            deal(n, now, owner, &state, &mut dice)
        })
        .collect();
    state
}

fn stages() -> Vec<Stage> {
    let open = |name, probability| Stage {
        name,
        probability,
        standing: Standing::Open,
    };
    vec![
        open("Qualification", 10),
        open("Discovery", 20),
        open("Solution", 40),
        open("Evaluation", 60),
        open("Proposal", 75),
        open("Negotiation", 90),
        Stage {
            name: "Closed Won",
            probability: 100,
            standing: Standing::Won,
        },
        Stage {
            name: "Closed Lost",
            probability: 0,
            standing: Standing::Lost,
        },
    ]
}

fn people(now: Time, (deals, shape): (usize, Shape), dice: &mut ChaCha12Rng) -> Vec<Person> {
    let sellers = deals.div_ceil(shape.deals).clamp(2, 2000);
    let managers = sellers.div_ceil(shape.sellers);
    let directors = managers.div_ceil(shape.managers);
    let mut people = Vec::new();
    let mut hire = |role, manager: Option<usize>, dice: &mut ChaCha12Rng| {
        let zone = ZONES[dice.random_range(0..ZONES.len())];
        let n = people.len();
        people.push(person(n, role, (manager, zone), now));
        n
    };
    hire(Role::Integration, None, dice);
    let executive = hire(Role::Executive, None, dice);
    let directors: Vec<usize> = (0..directors)
        .map(|_| hire(Role::Director, Some(executive), dice))
        .collect();
    let managers: Vec<usize> = (0..managers)
        .map(|n| hire(Role::Manager, Some(directors[n / shape.managers]), dice))
        .collect();
    for n in 0..sellers {
        hire(Role::Seller, Some(managers[n / shape.sellers]), dice);
    }
    // Last, and with no throw of the dice: everyone and everything else is the same without.
    let owner = person(
        people.len(),
        Role::Product,
        (Some(executive), ZONES[0]),
        now,
    );
    people.push(owner);
    people
}

fn person(
    n: usize,
    role: Role,
    (manager, time_zone): (Option<usize>, &'static str),
    now: Time,
) -> Person {
    let (first, last) = match role {
        Role::Integration => ("Latitude", "Integration"),
        // Walks through all pairs of names before any comes twice.
        _ => (FIRST[n % 32], LAST[(n + n / 32 * 5) % 32]),
    };
    let ascii = |name: &str| -> String {
        name.to_lowercase()
            .chars()
            .filter(char::is_ascii_alphabetic)
            .collect()
    };
    let again = if n < 1024 {
        String::new()
    } else {
        (n / 1024).to_string()
    };
    Person {
        id: String::new(),
        first,
        last,
        email: format!("{}.{}{again}@meridian.test", ascii(first), ascii(last)),
        manager,
        active: true,
        time_zone,
        role,
        changed_at: now - TimeDelta::days(200),
    }
}

fn deal(
    n: usize,
    now: Time,
    (owner, fresh): (usize, &mut Vec<usize>),
    state: &State,
    dice: &mut ChaCha12Rng,
) -> Deal {
    let account = ACCOUNT[dice.random_range(0..ACCOUNT.len())];
    let thing = THING[dice.random_range(0..THING.len())];
    let closed = n % CLOSED_ONE_IN == CLOSED_ONE_IN - 1;
    let stage = if closed {
        6 + dice.random_range(0..2)
    } else {
        dice.random_range(0..6)
    };
    let created = now - TimeDelta::days(dice.random_range(20..180));
    let changed = (created + TimeDelta::minutes(dice.random_range(1..20_000)))
        .min(now - TimeDelta::hours(1))
        .with_nanosecond(0)
        .unwrap_or(created);
    let close_on = weekday(day(
        now,
        if closed {
            -20
        } else {
            dice.random_range(5..120)
        },
    ));
    let amount = f64::from(dice.random_range(8u32..900)) * 500.0;
    let mind = if closed {
        std::collections::BTreeMap::new()
    } else {
        sellers::mind(n, fresh, account, now, dice)
    };
    debug_assert!(owner < state.people.len());
    Deal {
        id: String::new(),
        name: format!("{account} {thing}"),
        account: account.to_owned(),
        stage,
        amount: (n % 17 != 16).then_some(amount),
        currency: CURRENCY[n % CURRENCY.len()],
        close_on,
        owner,
        created_at: created,
        changed_at: changed,
        changed_by: owner,
        visible_at: changed,
        deleted_at: None,
        revision: 1,
        custom: std::collections::BTreeMap::new(),
        mind,
        trouble: None,
    }
}

fn weekday(date: chrono::NaiveDate) -> chrono::NaiveDate {
    match date.weekday() {
        Weekday::Sat => date + TimeDelta::days(2),
        Weekday::Sun => date + TimeDelta::days(1),
        _ => date,
    }
}
