//! The Web API's shapes, and what they are to Latitude.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::crm::page::Seen;
use crate::crm::setup::FieldMap;
use crate::domain::deal::{Deal, Pipeline, Stage, Standing};
use crate::domain::field::{Field, Kind, Value};
use crate::domain::ids::PersonId;
use crate::domain::people::Person;
use crate::domain::strategy::{Answers, Part};

/// The facts of a deal that are asked for; our own columns come on top.
pub const COLUMNS: &str = "opportunityid,name,salesstage,stepname,statecode,estimatedvalue,\
    estimatedclosedate,modifiedon,_owninguser_value,_parentaccountid_value,_customerid_value";
/// The currency's name comes with the deal, its code only from the currency itself.
pub const CURRENCY: &str = "transactioncurrencyid($select=isocurrencycode)";
/// Won and lost deals keep the stage they closed in; their state is the stage people mean.
const STAGE_OF_STATE: [(i64, &str); 2] = [(1, "won"), (2, "lost")];

/// A page of rows.
#[derive(Debug, Deserialize)]
pub struct Rows<T> {
    /// The rows.
    pub value: Vec<T>,
    /// Where the next page is.
    #[serde(rename = "@odata.nextLink")]
    pub next: Option<String>,
    /// Where the changes after this one are.
    #[serde(rename = "@odata.deltaLink")]
    pub delta: Option<String>,
}

/// An opportunity as asked for by [`COLUMNS`].
#[derive(Debug, Deserialize)]
pub struct Opportunity {
    #[serde(rename = "@odata.etag")]
    etag: Option<String>,
    opportunityid: String,
    name: Option<String>,
    salesstage: Option<i64>,
    stepname: Option<String>,
    #[serde(default)]
    statecode: i64,
    estimatedvalue: Option<f64>,
    estimatedclosedate: Option<String>,
    modifiedon: DateTime<Utc>,
    #[serde(rename = "_owninguser_value")]
    owner: Option<String>,
    #[serde(rename = "_parentaccountid_value@OData.Community.Display.V1.FormattedValue")]
    account: Option<String>,
    #[serde(rename = "_customerid_value@OData.Community.Display.V1.FormattedValue")]
    customer: Option<String>,
    transactioncurrencyid: Option<Currency>,
    #[serde(flatten)]
    rest: Map<String, Json>,
}

#[derive(Debug, Deserialize)]
struct Currency {
    isocurrencycode: Option<String>,
}

/// What a state means.
pub fn standing(state: i64) -> Standing {
    match state {
        1 => Standing::Won,
        2 => Standing::Lost,
        _ => Standing::Open,
    }
}

impl Opportunity {
    /// The deal it is.
    pub fn deal(mut self, fields: &FieldMap) -> Deal {
        let closed = STAGE_OF_STATE
            .iter()
            .find(|(state, _)| *state == self.statecode);
        let stage = match (closed, self.salesstage) {
            (Some((_, stage)), _) => (*stage).to_owned(),
            (None, Some(stage)) => stage.to_string(),
            // A process of the customer's own may fill only the name of the phase.
            (None, None) => self.stepname.take().unwrap_or_default(),
        };
        let mut answers = Answers {
            check_on: self.text(fields, Field::CheckOn).parse().ok(),
            ..Answers::default()
        };
        for part in Part::ALL {
            *answers.part_mut(part) = self.text(fields, part.field());
        }
        Deal {
            answers,
            manager_question: self.text(fields, Field::ManagerQuestion),
            shown: self.shown(fields),
            id: self.opportunityid.to_ascii_lowercase().into(),
            name: self.name.unwrap_or_default(),
            account: self.account.or(self.customer),
            pipeline: None,
            stage: stage.into(),
            amount: self.estimatedvalue,
            currency: self.transactioncurrencyid.and_then(|it| it.isocurrencycode),
            close_on: self.estimatedclosedate.and_then(|day| day.parse().ok()),
            seller: self.owner.map(PersonId::from),
            standing: standing(self.statecode),
            changed_at: self.modifiedon,
            revision: self.etag,
        }
    }

    fn text(&self, fields: &FieldMap, field: Field) -> String {
        let text = fields
            .name(field)
            .and_then(|name| self.rest.get(name)?.as_str());
        text.map(|text| text.replace("\r\n", "\n"))
            .unwrap_or_default()
    }

    fn shown(&self, fields: &FieldMap) -> Vec<(Field, Value)> {
        let facts = fields.read().filter(|(field, _)| field.is_fact());
        facts
            .filter_map(|(field, name)| {
                let held = match (field.kind(), self.rest.get(name)?) {
                    (_, Json::Null) => Value::Empty,
                    (Kind::Number, number) => Value::Number(number.as_f64()?.round() as i64),
                    (_, option) => Value::text(fields.label(field, &option.as_i64()?.to_string())),
                };
                Some((field, held))
            })
            .collect()
    }
}

/// A row of a delta page.
#[derive(Debug, Deserialize)]
pub struct Change {
    id: Option<String>,
    reason: Option<String>,
}

impl Change {
    /// The deal that went, if this says so.
    pub fn gone(self) -> Option<Seen> {
        self.reason.filter(|reason| reason == "deleted")?;
        // Some answers give the id alone, some the address of the row.
        let id = self.id?;
        let bare = id.rsplit('(').next().unwrap_or(&id).trim_end_matches(')');
        Some(Seen::Gone(bare.to_ascii_lowercase().into()))
    }
}

/// A user.
#[derive(Debug, Deserialize)]
pub struct SystemUser {
    systemuserid: String,
    fullname: Option<String>,
    internalemailaddress: Option<String>,
    #[serde(default)]
    isdisabled: bool,
    #[serde(rename = "_parentsystemuserid_value")]
    manager: Option<String>,
}

impl SystemUser {
    /// The columns that are asked for.
    pub const COLUMNS: &str =
        "systemuserid,fullname,internalemailaddress,isdisabled,_parentsystemuserid_value";

    /// The person it is.
    pub fn person(self) -> Person {
        Person {
            id: self.systemuserid.into(),
            name: self.fullname.unwrap_or_default(),
            email: self.internalemailaddress.filter(|email| !email.is_empty()),
            active: !self.isdisabled,
            manager: self.manager.map(PersonId::from),
            time_zone: None,
        }
    }
}

/// Who is signed in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WhoAmI {
    /// The user.
    pub user_id: String,
    /// The organisation.
    pub organization_id: String,
}

/// A column's definition; the members that its kind has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Column {
    /// Its name in JSON.
    pub logical_name: String,
    /// `Memo`, `Picklist` and the like.
    #[serde(default)]
    pub attribute_type: String,
    /// Its id.
    pub metadata_id: Option<String>,
    /// Whether it can be written.
    pub is_valid_for_update: Option<bool>,
    /// The longest text it takes.
    pub max_length: Option<usize>,
    /// A picklist's options.
    pub option_set: Option<OptionSet>,
}

/// The options of a picklist.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OptionSet {
    /// In order.
    #[serde(default)]
    pub options: Vec<Choice>,
}

/// One option.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Choice {
    /// What rows hold.
    pub value: i64,
    label: Label,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Label {
    #[serde(default)]
    localized_labels: Vec<Localized>,
    user_localized_label: Option<Localized>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Localized {
    label: String,
}

impl Choice {
    /// What people see.
    pub fn label(&self) -> &str {
        let label = &self.label;
        let shown = label.user_localized_label.as_ref();
        shown
            .or(label.localized_labels.first())
            .map_or("", |it| it.label.as_str())
    }
}

/// The one pipeline: sales stages in order, then the closed states.
pub fn pipeline(stages: &OptionSet, states: &OptionSet) -> Pipeline {
    let open = stages.options.iter().map(|choice| Stage {
        id: choice.value.to_string().into(),
        name: choice.label().to_owned(),
        standing: Standing::Open,
    });
    let closed = STAGE_OF_STATE.iter().map(|(state, id)| Stage {
        id: (*id).into(),
        name: states
            .options
            .iter()
            .find(|choice| choice.value == *state)
            .map_or(*id, Choice::label)
            .to_owned(),
        standing: standing(*state),
    });
    Pipeline {
        id: "default".into(),
        name: "Sales stages".to_owned(),
        stages: open.chain(closed).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::setup::Place;

    fn fields() -> FieldMap {
        let place = |field: Field| Place {
            name: format!("latitude_{}", field.name()),
            longest: None,
            options: match field {
                Field::Grade => [("Solid".to_owned(), "727000001".to_owned())].into(),
                _ => [].into(),
            },
        };
        let ours = [Field::Approach, Field::CheckOn, Field::Grade, Field::Score];
        FieldMap(ours.map(|field| (field, place(field))).into())
    }

    #[test]
    fn a_row_becomes_a_deal() {
        let rows: Rows<Opportunity> =
            serde_json::from_str(include_str!("golden/opportunities.json")).expect("a page");
        assert!(rows.next.is_some() && rows.delta.is_none());
        let deals: Vec<Deal> = rows
            .value
            .into_iter()
            .map(|row| row.deal(&fields()))
            .collect();

        let deal = &deals[0];
        assert_eq!(deal.stage.as_str(), "2");
        assert_eq!(deal.account.as_deref(), Some("Kestrel Freight"));
        assert_eq!(deal.amount, Some(120_000.0));
        assert_eq!(deal.currency.as_deref(), Some("EUR"));
        assert_eq!(deal.revision.as_deref(), Some("W/\"4372108\""));
        assert_eq!(
            deal.answers.approach,
            "First the plant lead.\nThen the buyer."
        );
        assert_eq!(deal.answers.check_on, "2026-12-01".parse().ok());
        assert_eq!(
            deal.shown,
            [
                (Field::Score, Value::Number(61)),
                (Field::Grade, Value::text("Solid"))
            ]
        );
        let odd = &deals[1];
        assert_eq!(odd.standing, Standing::Lost);
        assert_eq!(odd.stage.as_str(), "lost");
        assert_eq!(odd.account.as_deref(), Some("Ada Poe"));
        assert_eq!((odd.close_on, &odd.seller, odd.amount), (None, &None, None));
    }

    #[test]
    fn a_delta_page_tells_who_went() {
        let rows: Rows<Change> =
            serde_json::from_str(include_str!("golden/delta.json")).expect("a page");

        let gone: Vec<Seen> = rows.value.into_iter().filter_map(Change::gone).collect();

        assert_eq!(
            gone,
            [Seen::Gone("2e451703-0000-4000-8000-000000000005".into())]
        );
        assert!(rows.delta.is_some());
    }
}
