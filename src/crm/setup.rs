//! Set-up as code: what should exist in the CRM, what does, and the steps between.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::field::{Field, Kind};

/// Our fields in one CRM: their names there, and what the connector must know to use them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldMap(pub BTreeMap<Field, Place>);

/// Where a field stands in the CRM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its API name.
    pub name: String,
    /// The longest text it takes, where that is less than the CRM's longest.
    #[serde(default)]
    pub longest: Option<usize>,
    /// For a picklist: our label and the CRM's value for it, where they differ.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
}

impl FieldMap {
    /// The API name of a field; none where the CRM does not have it.
    pub fn name(&self, field: Field) -> Option<&str> {
        self.0.get(&field).map(|place| place.name.as_str())
    }

    /// The field of that API name.
    pub fn field(&self, name: &str) -> Option<Field> {
        self.0
            .iter()
            .find(|(_, place)| place.name == name)
            .map(|(field, _)| *field)
    }

    /// The fields a pull reads, with their API names.
    pub fn read(&self) -> impl Iterator<Item = (Field, &str)> {
        self.0
            .iter()
            .filter(|(field, _)| field.is_read())
            .map(|(field, place)| (*field, place.name.as_str()))
    }

    /// The CRM's value for a picklist label.
    pub fn option<'a>(&'a self, field: Field, label: &'a str) -> &'a str {
        self.0
            .get(&field)
            .and_then(|place| place.options.get(label))
            .map_or(label, String::as_str)
    }

    /// Our label for a picklist's value in the CRM.
    pub fn label<'a>(&'a self, field: Field, value: &'a str) -> &'a str {
        let known = self.0.get(&field).and_then(|place| {
            place
                .options
                .iter()
                .find(|(_, theirs)| *theirs == value)
                .map(|(label, _)| label)
        });
        known.map_or(value, String::as_str)
    }
}

/// What should exist in the CRM.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// Stands before the name of every field we create.
    pub prefix: String,
    /// Existing fields to use in place of our own, by API name.
    pub mapped: BTreeMap<Field, String>,
    /// Saved views for managers.
    pub views: &'static [View],
}

/// A saved list of open deals.
#[derive(Debug, PartialEq, Eq)]
pub struct View {
    /// Its name in APIs, without prefix.
    pub key: &'static str,
    /// What people see.
    pub title: &'static str,
    /// All of them must hold.
    pub conditions: &'static [Condition],
}

/// What a deal must be to stand in a view. Every view also asks that the deal is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A picklist of ours holds one of these labels.
    OneOf(Field, &'static [&'static str]),
    /// The close date is between today and so many days from now.
    ClosesWithinDays(u32),
}

/// The views for managers.
pub const VIEWS: &[View] = &[
    View {
        key: "waiting_on_my_answer",
        title: "Waiting on my answer",
        conditions: &[Condition::OneOf(
            Field::NeedState,
            &["With manager", "Overdue"],
        )],
    },
    View {
        key: "closing_soon_needs_a_talk",
        title: "Closing within 30 days, plan needs a talk",
        conditions: &[
            Condition::ClosesWithinDays(30),
            Condition::OneOf(
                Field::Grade,
                &["Thin", "Developing", "Not enough yet", "No strategy yet"],
            ),
        ],
    },
    View {
        key: "stage_moved",
        title: "Stage moved, plan not looked at",
        conditions: &[Condition::OneOf(Field::State, &["Stage moved on"])],
    },
    View {
        key: "past_check_date",
        title: "Past their own check date",
        conditions: &[Condition::OneOf(Field::State, &["Past check date"])],
    },
    View {
        key: "no_own_options",
        title: "No own options yet",
        conditions: &[Condition::OneOf(Field::WeakestPart, &["Ownership"])],
    },
    View {
        key: "strong_plans",
        title: "Strong plans to learn from",
        conditions: &[Condition::OneOf(Field::Grade, &["Strong"])],
    },
];

/// What does exist in the CRM.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Our fields that exist.
    pub fields: Vec<Found>,
    /// Our views that exist: key and the CRM's id.
    pub views: BTreeMap<String, String>,
    /// Whether the signed-in user and the people may see and edit the fields as they should.
    pub access: Access,
}

/// One of our fields as it exists in the CRM.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which.
    pub field: Field,
    /// Where it stands.
    pub place: Place,
    /// The CRM's id of the field's definition, where changing it needs one.
    pub id: Option<String>,
    /// Whether it is as it should be.
    pub fit: Fit,
}

/// Whether a field that exists can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// As it should be.
    Good,
    /// A picklist that lacks these labels.
    MissingOptions(Vec<String>),
    /// Of another kind than ours; the words say which.
    OtherKind(String),
    /// We may read but not write it.
    ReadOnly,
}

/// Whether people may see and edit the fields as they should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// The CRM has no such switch, or shows new fields to everyone.
    #[default]
    NotNeeded,
    /// Granted.
    Granted,
    /// To be granted by [`Step::Grant`], in whole or in part.
    Missing,
}

/// One step of a set-up plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Create a field.
    CreateField(Field),
    /// Add labels to a picklist.
    AddOptions(Field, Vec<String>),
    /// Let people see and edit the fields as they should.
    Grant,
    /// Create a view, by key.
    CreateView(&'static str),
    /// Remove a view: key and the CRM's id.
    RemoveView(String, String),
    /// Take back what [`Step::Grant`] gave.
    Revoke,
    /// Remove a field that we created: which, its API name, the CRM's id of its definition.
    RemoveField(Field, String, Option<String>),
}

impl Setup {
    /// Where our fields stand, for reading and writing. Fields of another kind are left out.
    pub fn field_map(&self) -> FieldMap {
        let usable = self.fields.iter().filter(|found| {
            matches!(found.fit, Fit::Good | Fit::MissingOptions(_))
                || (found.fit == Fit::ReadOnly && found.field.is_read())
        });
        FieldMap(
            usable
                .map(|found| (found.field, found.place.clone()))
                .collect(),
        )
    }

    /// What stands between this and running: fields that are missing, of another kind, read-only.
    pub fn gaps(&self) -> Vec<String> {
        let unseen: Vec<&str> = Field::ALL
            .into_iter()
            .filter(|field| !self.fields.iter().any(|found| found.field == *field))
            .map(Field::name)
            .collect();
        let mut gaps = match unseen.as_slice() {
            [] => Vec::new(),
            [one] => vec![format!("field {one} does not exist or may not be seen")],
            some if some.len() == Field::ALL.len() => {
                vec![
                    "none of our fields exists or may be seen (latitude crm plan shows them)"
                        .to_owned(),
                ]
            }
            some => vec![format!(
                "fields {} do not exist or may not be seen",
                some.join(", ")
            )],
        };
        for found in &self.fields {
            match &found.fit {
                Fit::Good => {}
                Fit::MissingOptions(labels) => {
                    gaps.push(format!(
                        "field {} lacks {}",
                        found.place.name,
                        labels.join(", ")
                    ));
                }
                Fit::OtherKind(kind) => {
                    gaps.push(format!("field {} is of kind {kind}", found.place.name));
                }
                Fit::ReadOnly => gaps.push(format!("field {} is read-only", found.place.name)),
            }
        }
        gaps
    }
}

/// The steps from what exists to what should, in the order they must be done.
pub fn steps_to_apply(wanted: &Blueprint, found: &Setup) -> Vec<Step> {
    let exists = |field| found.fields.iter().find(|it| it.field == field);
    let mut steps: Vec<Step> = Field::ALL
        .into_iter()
        .filter_map(|field| match exists(field).map(|it| &it.fit) {
            None => Some(Step::CreateField(field)),
            Some(Fit::MissingOptions(labels)) if matches!(field.kind(), Kind::Pick(_)) => {
                Some(Step::AddOptions(field, labels.clone()))
            }
            Some(_) => None,
        })
        .collect();
    let creates = steps
        .iter()
        .any(|step| matches!(step, Step::CreateField(_)));
    if found.access == Access::Missing || (creates && found.access == Access::Granted) {
        steps.push(Step::Grant);
    }
    let views = wanted
        .views
        .iter()
        .filter(|view| !found.views.contains_key(view.key));
    steps.extend(views.map(|view| Step::CreateView(view.key)));
    steps
}

/// The steps that take away everything we created, in the order they must be done.
///
/// Mapped fields are the customer's own and stay.
pub fn steps_to_destroy(wanted: &Blueprint, found: &Setup) -> Vec<Step> {
    let mut steps: Vec<Step> = found
        .views
        .iter()
        .map(|(key, id)| Step::RemoveView(key.clone(), id.clone()))
        .collect();
    // Of what was granted in part, or half taken back by hand, that part is still there.
    if found.access != Access::NotNeeded {
        steps.push(Step::Revoke);
    }
    let ours = found
        .fields
        .iter()
        .filter(|it| !wanted.mapped.contains_key(&it.field));
    steps.extend(ours.map(|it| Step::RemoveField(it.field, it.place.name.clone(), it.id.clone())));
    steps
}
