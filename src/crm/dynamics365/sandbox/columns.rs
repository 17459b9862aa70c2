//! The opportunity's columns: what each holds, and how it is shown.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use super::filter::Cell;
use super::query::{Query, Table};
use super::tables::{account_id, currency_id, guid};
use crate::domain::deal::Standing;
use crate::sandbox::world::{CANARY, Deal, State};

/// Name, kind and longest text of the columns that every organisation has.
pub const STANDARD: &[(&str, &str, usize)] = &[
    ("opportunityid", "Uniqueidentifier", 0),
    ("name", "String", 300),
    ("stepname", "String", 200),
    ("salesstage", "Picklist", 0),
    ("statecode", "State", 0),
    ("statuscode", "Status", 0),
    ("estimatedvalue", "Money", 0),
    ("estimatedvalue_base", "Money", 0),
    ("estimatedclosedate", "DateTime", 0),
    ("actualclosedate", "DateTime", 0),
    ("actualvalue", "Money", 0),
    ("closeprobability", "Integer", 0),
    ("createdon", "DateTime", 0),
    ("modifiedon", "DateTime", 0),
    ("versionnumber", "BigInt", 0),
    ("description", "Memo", 2_000),
    ("exchangerate", "Decimal", 0),
    ("timespentbymeonemailandmeetings", "String", 1_250),
    ("ownerid", "Owner", 0),
    ("owninguser", "Lookup", 0),
    ("parentaccountid", "Lookup", 0),
    ("parentcontactid", "Lookup", 0),
    ("customerid", "Customer", 0),
    ("transactioncurrencyid", "Lookup", 0),
    ("modifiedby", "Lookup", 0),
    ("createdby", "Lookup", 0),
];

/// Lookups, with the table they point to.
const LOOKUPS: &[(&str, &str)] = &[
    ("_ownerid_value", "systemuser"),
    ("_owninguser_value", "systemuser"),
    ("_parentaccountid_value", "account"),
    ("_parentcontactid_value", "contact"),
    ("_customerid_value", "account"),
    ("_transactioncurrencyid_value", "transactioncurrency"),
    ("_modifiedby_value", "systemuser"),
    ("_createdby_value", "systemuser"),
];

/// Opportunities in JSON: names of columns as they stand there.
pub struct Opportunities<'a> {
    pub state: &'a State,
}

impl Opportunities<'_> {
    fn deal(&self, row: usize) -> &Deal {
        &self.state.deals[row]
    }

    fn standing(&self, row: usize) -> Standing {
        self.state.stages[self.deal(row).stage].standing
    }

    /// The sales stage, by position; closed deals keep the last one.
    fn sales_stage(&self, row: usize) -> usize {
        let open = open_stages(self.state);
        self.deal(row).stage.min(open.saturating_sub(1))
    }

    fn lookup(&self, row: usize, column: &str) -> Option<(String, String)> {
        let deal = self.deal(row);
        let person = |n: usize| (self.state.people[n].id.clone(), self.state.people[n].name());
        Some(match column {
            "_ownerid_value" | "_owninguser_value" | "_createdby_value" => person(deal.owner),
            "_modifiedby_value" => person(deal.changed_by),
            "_parentaccountid_value" | "_customerid_value" => {
                (account_id(&deal.account), deal.account.clone())
            }
            "_transactioncurrencyid_value" => (
                currency_id(deal.currency),
                currency_name(deal.currency).to_owned(),
            ),
            _ => return None,
        })
    }

    fn label(&self, row: usize, column: &str) -> Option<String> {
        let deal = self.deal(row);
        Some(match column {
            "statecode" => state_label(self.state, state_code(self.standing(row))),
            "salesstage" => self.state.stages[self.sales_stage(row)].name.to_owned(),
            "estimatedvalue" => format!("{} {:.2}", deal.currency, deal.amount?),
            "modifiedon" => deal.changed_at.format("%-m/%-d/%Y %-I:%M %p").to_string(),
            "estimatedclosedate" => deal.close_on.format("%-m/%-d/%Y").to_string(),
            custom => {
                let held = deal.custom.get(custom)?;
                let options = self.state.fields.get(custom)?["OptionSet"]["Options"].as_array();
                let option = options?.iter().find(|option| option["Value"] == *held)?;
                option["Label"]["LocalizedLabels"][0]["Label"]
                    .as_str()?
                    .to_owned()
            }
        })
    }

    /// The row's mark of its version.
    pub fn etag(&self, row: usize) -> String {
        format!("W/\"{}\"", version(self.deal(row)))
    }

    fn expanded(&self, row: usize, name: &str, columns: &[String]) -> Json {
        let (column, key) = match name {
            "transactioncurrencyid" => ("_transactioncurrencyid_value", "transactioncurrencyid"),
            "owninguser" => ("_owninguser_value", "systemuserid"),
            "parentaccountid" | "customerid_account" => ("_parentaccountid_value", "accountid"),
            _ => return Json::Null,
        };
        let Some((id, title)) = self.lookup(row, column) else {
            return Json::Null;
        };
        let owner = &self.state.people[self.deal(row).owner];
        let mut shown = Map::new();
        for wanted in columns {
            let held = match wanted.as_str() {
                "isocurrencycode" => json!(self.deal(row).currency),
                "currencyname" | "fullname" | "name" => json!(title),
                "currencyprecision" => json!(2),
                "internalemailaddress" => json!(owner.email),
                _ => Json::Null,
            };
            shown.insert(wanted.clone(), held);
        }
        shown.insert(key.to_owned(), Json::from(id));
        Json::Object(shown)
    }
}

/// What can be expanded.
pub const NAVIGATION: &[&str] = &[
    "transactioncurrencyid",
    "owninguser",
    "parentaccountid",
    "customerid_account",
];

/// A number that grows with each change of the row.
fn version(deal: &Deal) -> u64 {
    4_372_000 + deal.revision
}

/// How many stages are open.
pub fn open_stages(state: &State) -> usize {
    let open = |stage: &&crate::sandbox::world::Stage| stage.standing == Standing::Open;
    state.stages.iter().filter(open).count()
}

/// The number of a state.
pub fn state_code(standing: Standing) -> i64 {
    match standing {
        Standing::Open => 0,
        Standing::Won => 1,
        Standing::Lost => 2,
    }
}

/// What this organisation calls a state.
pub fn state_label(state: &State, code: i64) -> String {
    let stage = state
        .stages
        .iter()
        .find(|stage| code != 0 && state_code(stage.standing) == code);
    stage.map_or("Open", |stage| stage.name).to_owned()
}

fn currency_name(code: &str) -> &'static str {
    match code {
        "EUR" => "Euro",
        "USD" => "US Dollar",
        "GBP" => "Pound Sterling",
        _ => "Indian Rupee",
    }
}

fn custom_cell(json: &Json) -> Cell<'_> {
    match json {
        Json::Null => Cell::Null,
        Json::Bool(it) => Cell::Bool(*it),
        Json::Number(it) => it.as_f64().map_or(Cell::Null, Cell::Number),
        Json::String(it) => Cell::text(it),
        _ => Cell::Null,
    }
}

impl Table for Opportunities<'_> {
    fn has(&self, column: &str) -> bool {
        let lookup = |name: &str| LOOKUPS.iter().any(|(known, _)| *known == name);
        let plain = |name: &str| {
            STANDARD.iter().any(|(known, kind, _)| {
                *known == name && !matches!(*kind, "Lookup" | "Owner" | "Customer")
            })
        };
        plain(column) || lookup(column) || self.state.fields.contains_key(column)
    }

    fn cell(&self, row: usize, column: &str) -> Option<Cell<'_>> {
        let deal = self.deal(row);
        let number = |it: Option<f64>| it.map_or(Cell::Null, Cell::Number);
        let stage = &self.state.stages[deal.stage];
        let closed = stage.standing != Standing::Open;
        Some(match column {
            "opportunityid" => Cell::text(&deal.id),
            "name" => Cell::text(&deal.name),
            "salesstage" => Cell::Number(self.sales_stage(row) as f64),
            "stepname" => {
                let stage = self.sales_stage(row);
                Cell::Text(Cow::Owned(format!(
                    "{}-{}",
                    stage + 1,
                    self.state.stages[stage].name
                )))
            }
            "statecode" => Cell::Number(state_code(stage.standing) as f64),
            "statuscode" => Cell::Number(match stage.standing {
                Standing::Open => 1.0,
                Standing::Won => 3.0,
                Standing::Lost => 4.0,
            }),
            "estimatedvalue" | "estimatedvalue_base" => number(deal.amount),
            "actualvalue" => number(deal.amount.filter(|_| closed)),
            "estimatedclosedate" => Cell::Text(Cow::Owned(deal.close_on.to_string())),
            "actualclosedate" if closed => Cell::Text(Cow::Owned(deal.close_on.to_string())),
            "closeprobability" => Cell::Number(f64::from(stage.probability)),
            "createdon" => Cell::Time(deal.created_at.timestamp()),
            "modifiedon" => Cell::Time(deal.changed_at.timestamp()),
            "versionnumber" => Cell::Number(version(deal) as f64),
            "exchangerate" => Cell::Number(1.0),
            "timespentbymeonemailandmeetings" => Cell::text(CANARY),
            _ if LOOKUPS.iter().any(|(known, _)| *known == column) => self
                .lookup(row, column)
                .map_or(Cell::Null, |(id, _)| Cell::Text(Cow::Owned(id))),
            _ if self.state.fields.contains_key(column) => {
                deal.custom.get(column).map_or(Cell::Null, custom_cell)
            }
            _ if self.has(column) => Cell::Null,
            _ => return None,
        })
    }

    fn shown(&self, row: usize, query: &Query) -> Map<String, Json> {
        let mut shown = Map::new();
        shown.insert("@odata.etag".to_owned(), Json::from(self.etag(row)));
        let every: Vec<String>;
        let columns: &[String] = if query.select.is_empty() {
            every = STANDARD
                .iter()
                .map(|(name, ..)| *name)
                .chain(LOOKUPS.iter().map(|(name, _)| *name))
                .filter(|name| self.has(name))
                .map(str::to_owned)
                .chain(self.state.fields.keys().cloned())
                .collect();
            &every
        } else {
            &query.select
        };
        for column in columns {
            if query.formatted() {
                let name = self.lookup(row, column).map(|(_, name)| name);
                if let Some(label) = name.or_else(|| self.label(row, column)) {
                    let member = format!("{column}@OData.Community.Display.V1.FormattedValue");
                    shown.insert(member, Json::from(label));
                }
            }
            if query.kinds()
                && let Some((_, kind)) = LOOKUPS.iter().find(|(known, _)| known == column)
            {
                let member = format!("{column}@Microsoft.Dynamics.CRM.lookuplogicalname");
                shown.insert(member, Json::from(*kind));
            }
            let held = match self.cell(row, column).unwrap_or(Cell::Null) {
                Cell::Null => Json::Null,
                Cell::Bool(it) => Json::from(it),
                Cell::Number(_) if self.state.fields.contains_key(column) => {
                    self.deal(row).custom[column].clone()
                }
                Cell::Number(it) if column.contains("value") || column == "exchangerate" => {
                    Json::from(it)
                }
                Cell::Number(it) => Json::from(it as i64),
                Cell::Time(it) => Json::from(
                    chrono::DateTime::from_timestamp(it, 0)
                        .map(|it| it.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
                ),
                Cell::Text(it) => Json::from(it.into_owned()),
            };
            shown.insert(column.clone(), held);
        }
        // The key always comes along.
        shown.insert(
            "opportunityid".to_owned(),
            Json::from(self.deal(row).id.clone()),
        );
        for (name, columns) in &query.expand {
            shown.insert(name.clone(), self.expanded(row, name, columns));
        }
        shown
    }

    fn set(&self) -> &'static str {
        "opportunities"
    }

    fn name(&self) -> &'static str {
        "opportunity"
    }
}

/// The position of the opportunity of that id.
pub fn position(state: &State, id: &str) -> Option<usize> {
    let id = id.to_ascii_lowercase();
    // Ids that this sandbox gave end in the position.
    let told = id
        .rsplit('-')
        .next()
        .and_then(|end| usize::from_str_radix(end, 16).ok());
    let told = told.filter(|n| state.deals.get(*n).is_some_and(|deal| deal.id == id));
    told.or_else(|| state.deals.iter().rposition(|deal| deal.id == id))
        .filter(|n| state.deals[*n].deleted_at.is_none())
}

/// A fresh id for the next opportunity.
pub fn next_id(state: &State) -> String {
    let n = state.deals.len();
    guid(0x6d81_0000 ^ (state.seed() as u32), n)
}
