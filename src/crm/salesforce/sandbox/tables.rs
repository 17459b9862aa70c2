//! The objects that are made of the world's people, deals and stages.

use std::borrow::Cow;

use super::ids;
use super::schema::{Cell, Column, Get, Hop, Kind, Table};
use crate::domain::deal::Standing;
use crate::sandbox::world::{CANARY, Deal, Person, Stage, State};

/// Objects made of people, deals and stages.
pub static TABLES: [&Table; 6] = [
    &OPPORTUNITIES,
    &USERS,
    &ACCOUNTS,
    &STAGES,
    &ORGANIZATIONS,
    &TASKS,
];

/// The organisation's name.
pub const ORGANIZATION: &str = "Meridian";

const fn column(name: &'static str, kind: Kind, get: Get) -> Column {
    Column {
        name,
        kind,
        writable: false,
        get,
    }
}

const fn writable(name: &'static str, kind: Kind, get: Get) -> Column {
    Column {
        name,
        kind,
        writable: true,
        get,
    }
}

fn text(text: &str) -> Cell<'_> {
    Cell::Text(Cow::Borrowed(text))
}

fn made(text: String) -> Cell<'static> {
    Cell::Text(Cow::Owned(text))
}

fn deal(state: &State, n: usize) -> &Deal {
    &state.deals[n]
}

fn stage(state: &State, n: usize) -> &Stage {
    &state.stages[state.deals[n].stage]
}

fn person(state: &State, n: usize) -> &Person {
    &state.people[n]
}

/// The stamp of a deal's last change: whole seconds, as every stamp of the CRM.
pub fn stamp(deal: &Deal) -> i64 {
    deal.deleted_at
        .unwrap_or(deal.changed_at)
        .max(deal.changed_at)
        .timestamp()
}

/// The forecast category of a stage, by API name and by label.
pub fn forecast(stage: &Stage) -> (&'static str, &'static str) {
    match (stage.standing, stage.probability) {
        (Standing::Won, _) => ("Closed", "Closed"),
        (Standing::Lost, _) => ("Omitted", "Omitted"),
        (_, 80..) => ("Forecast", "Commit"),
        (_, 50..) => ("BestCase", "Best Case"),
        _ => ("Pipeline", "Pipeline"),
    }
}

/// Opportunity; rows are positions in the world's deals.
pub static OPPORTUNITIES: Table = Table {
    name: "Opportunity",
    prefix: ids::OPPORTUNITY,
    columns: &[
        column("Id", Kind::Id, |s, n| text(&deal(s, n).id)),
        column("IsDeleted", Kind::Truth, |s, n| {
            Cell::Truth(deal(s, n).deleted_at.is_some())
        }),
        column("AccountId", Kind::Reference("Account"), |s, n| {
            made(account_id(deal(s, n)))
        }),
        writable("Name", Kind::Text(120), |s, n| text(&deal(s, n).name)),
        writable("StageName", Kind::Picklist, |s, n| text(stage(s, n).name)),
        writable("Amount", Kind::Currency, |s, n| {
            deal(s, n).amount.map_or(Cell::Null, Cell::Number)
        }),
        column("Probability", Kind::Percent, |s, n| {
            Cell::Number(f64::from(stage(s, n).probability))
        }),
        writable("CloseDate", Kind::Date, |s, n| {
            Cell::Date(deal(s, n).close_on)
        }),
        column("IsClosed", Kind::Truth, |s, n| {
            Cell::Truth(stage(s, n).standing != Standing::Open)
        }),
        column("IsWon", Kind::Truth, |s, n| {
            Cell::Truth(stage(s, n).standing == Standing::Won)
        }),
        column("ForecastCategory", Kind::Picklist, |s, n| {
            text(forecast(stage(s, n)).0)
        }),
        column("ForecastCategoryName", Kind::Picklist, |s, n| {
            text(forecast(stage(s, n)).1)
        }),
        column("CurrencyIsoCode", Kind::Picklist, |s, n| {
            text(deal(s, n).currency)
        }),
        writable("OwnerId", Kind::Reference("User"), |s, n| {
            text(&person(s, deal(s, n).owner).id)
        }),
        column("CreatedDate", Kind::Moment, |s, n| {
            Cell::Stamp(deal(s, n).created_at.timestamp())
        }),
        column("CreatedById", Kind::Reference("User"), |s, n| {
            text(&person(s, deal(s, n).owner).id)
        }),
        column("LastModifiedDate", Kind::Moment, |s, n| {
            Cell::Stamp(stamp(deal(s, n)))
        }),
        column("LastModifiedById", Kind::Reference("User"), |s, n| {
            text(&person(s, deal(s, n).changed_by).id)
        }),
        column("SystemModstamp", Kind::Moment, |s, n| {
            Cell::Stamp(stamp(deal(s, n)))
        }),
        column("HasOpenActivity", Kind::Truth, |_, _| Cell::Truth(true)),
        column("LastActivityDate", Kind::Date, |s, n| {
            Cell::Date(deal(s, n).close_on)
        }),
        // A field the customer made to roll up calls; full records bring it uninvited.
        column("Last_Call_Summary__c", Kind::Text(255), |_, _| {
            made(format!("{CANARY} calls logged"))
        }),
    ],
    hops: &[
        Hop {
            name: "Owner",
            to: &USERS,
            row: |s, n| Some(deal(s, n).owner),
        },
        Hop {
            name: "Account",
            to: &ACCOUNTS,
            row: |s, n| Some(n).filter(|n| !deal(s, *n).account.is_empty()),
        },
        Hop {
            name: "LastModifiedBy",
            to: &USERS,
            row: |s, n| Some(deal(s, n).changed_by),
        },
        Hop {
            name: "CreatedBy",
            to: &USERS,
            row: |s, n| Some(deal(s, n).owner),
        },
    ],
    rows: |state| (0..state.deals.len()).collect(),
};

fn account_id(deal: &Deal) -> String {
    ids::id(ids::ACCOUNT, ids::number_of(&deal.account))
}

/// Account; a row is the position of a deal of that account.
pub static ACCOUNTS: Table = Table {
    name: "Account",
    prefix: ids::ACCOUNT,
    columns: &[
        column("Id", Kind::Id, |s, n| made(account_id(deal(s, n)))),
        column("Name", Kind::Text(255), |s, n| text(&deal(s, n).account)),
        column("CreatedDate", Kind::Moment, |s, n| {
            Cell::Stamp(deal(s, n).created_at.timestamp())
        }),
        column("SystemModstamp", Kind::Moment, |s, n| {
            Cell::Stamp(deal(s, n).created_at.timestamp())
        }),
    ],
    hops: &[],
    rows: |state| {
        let mut seen = std::collections::BTreeSet::new();
        (0..state.deals.len())
            .filter(|n| seen.insert(&state.deals[*n].account))
            .collect()
    },
};

/// User; rows are positions in the world's people.
pub static USERS: Table = Table {
    name: "User",
    prefix: ids::USER,
    columns: &[
        column("Id", Kind::Id, |s, n| text(&person(s, n).id)),
        column("Username", Kind::Text(80), |s, n| text(&person(s, n).email)),
        column("Name", Kind::Text(121), |s, n| made(person(s, n).name())),
        column("FirstName", Kind::Text(40), |s, n| text(person(s, n).first)),
        column("LastName", Kind::Text(80), |s, n| text(person(s, n).last)),
        column("Alias", Kind::Text(8), |s, n| {
            made(person(s, n).last.chars().take(8).collect())
        }),
        column("Email", Kind::Email, |s, n| text(&person(s, n).email)),
        column("IsActive", Kind::Truth, |s, n| {
            Cell::Truth(person(s, n).active)
        }),
        column("UserType", Kind::Picklist, |_, _| text("Standard")),
        column("ManagerId", Kind::Reference("User"), |s, n| {
            person(s, n)
                .manager
                .map_or(Cell::Null, |m| text(&person(s, m).id))
        }),
        column("UserRoleId", Kind::Reference("UserRole"), |_, _| Cell::Null),
        column("ProfileId", Kind::Reference("Profile"), |_, _| {
            made(ids::id("00e", 1))
        }),
        column("TimeZoneSidKey", Kind::Picklist, |s, n| {
            text(person(s, n).time_zone)
        }),
        column("LanguageLocaleKey", Kind::Picklist, |_, _| text("en_US")),
        column("SystemModstamp", Kind::Moment, |s, n| {
            Cell::Stamp(person(s, n).changed_at.timestamp())
        }),
    ],
    hops: &[Hop {
        name: "Manager",
        to: &USERS,
        row: |s, n| person(s, n).manager,
    }],
    rows: |state| (0..state.people.len()).collect(),
};

/// `OpportunityStage`; rows are positions in the world's stages.
static STAGES: Table = Table {
    name: "OpportunityStage",
    prefix: ids::STAGE,
    columns: &[
        column("Id", Kind::Id, |_, n| made(ids::id(ids::STAGE, n))),
        column("ApiName", Kind::Text(255), |s, n| text(s.stages[n].name)),
        column("MasterLabel", Kind::Text(255), |s, n| {
            text(s.stages[n].name)
        }),
        column("IsActive", Kind::Truth, |_, _| Cell::Truth(true)),
        column("SortOrder", Kind::Whole, |_, n| {
            Cell::Whole(i64::try_from(n + 1).unwrap_or(0))
        }),
        column("IsClosed", Kind::Truth, |s, n| {
            Cell::Truth(s.stages[n].standing != Standing::Open)
        }),
        column("IsWon", Kind::Truth, |s, n| {
            Cell::Truth(s.stages[n].standing == Standing::Won)
        }),
        column("ForecastCategory", Kind::Picklist, |s, n| {
            text(forecast(&s.stages[n]).0)
        }),
        column("ForecastCategoryName", Kind::Picklist, |s, n| {
            text(forecast(&s.stages[n]).1)
        }),
        column("DefaultProbability", Kind::Percent, |s, n| {
            Cell::Number(f64::from(s.stages[n].probability))
        }),
        column("Description", Kind::Text(255), |_, _| Cell::Null),
    ],
    hops: &[],
    rows: |state| (0..state.stages.len()).collect(),
};

/// The one organisation.
static ORGANIZATIONS: Table = Table {
    name: "Organization",
    prefix: ids::ORGANIZATION,
    columns: &[
        column("Id", Kind::Id, |_, _| made(ids::id(ids::ORGANIZATION, 1))),
        column("Name", Kind::Text(80), |_, _| text(ORGANIZATION)),
        column("OrganizationType", Kind::Picklist, |_, _| {
            text("Enterprise Edition")
        }),
        column("IsSandbox", Kind::Truth, |_, _| Cell::Truth(true)),
    ],
    hops: &[],
    rows: |_| vec![0],
};

/// Task: one per deal, with the number that must be read by nobody.
static TASKS: Table = Table {
    name: "Task",
    prefix: "00T",
    columns: &[
        column("Id", Kind::Id, |_, n| made(ids::id("00T", n))),
        column("Subject", Kind::Text(255), |_, _| {
            made(format!("Call {CANARY}"))
        }),
        column("Description", Kind::LongText(32_000), |_, _| {
            made(format!("Said {CANARY}."))
        }),
        column("WhatId", Kind::Reference("Opportunity"), |s, n| {
            text(&deal(s, n).id)
        }),
        column("OwnerId", Kind::Reference("User"), |s, n| {
            text(&person(s, deal(s, n).owner).id)
        }),
        column("Status", Kind::Picklist, |_, _| text("Completed")),
        column("SystemModstamp", Kind::Moment, |s, n| {
            Cell::Stamp(deal(s, n).created_at.timestamp())
        }),
    ],
    hops: &[],
    rows: |state| (0..state.deals.len()).collect(),
};
