//! The shapes of Zoho's settings: organisation, fields, pipelines, layouts, views.

use serde::Deserialize;

use super::wire::Id;
use crate::domain::deal::{Pipeline, Stage, Standing};

/// The organisation.
#[derive(Debug, Deserialize)]
pub struct Orgs {
    /// The one.
    pub org: Vec<Org>,
}

/// What the organisation says about itself.
#[derive(Debug, Deserialize)]
pub struct Org {
    /// Its number.
    pub zgid: Option<Id>,
    /// Its currency; some documents call the member `currency`.
    pub iso_code: Option<String>,
}

/// The fields of the module.
#[derive(Debug, Deserialize)]
pub struct Columns {
    /// Each.
    pub fields: Vec<Column>,
}

/// A field's definition.
#[derive(Debug, Deserialize)]
pub struct Column {
    /// Its id.
    pub id: Id,
    /// Its name in JSON, chosen by Zoho.
    pub api_name: String,
    /// What people see.
    #[serde(default)]
    pub field_label: String,
    /// `textarea`, `picklist` and the like.
    #[serde(default)]
    pub data_type: String,
    /// The longest text it takes.
    pub length: Option<usize>,
    /// Whether somebody made it.
    #[serde(default)]
    pub custom_field: bool,
    /// Whether it cannot be written.
    #[serde(default)]
    pub field_read_only: bool,
    /// Its help.
    pub tooltip: Option<Tooltip>,
    /// Its options.
    #[serde(default)]
    pub pick_list_values: Vec<Choice>,
}

/// A field's help.
#[derive(Debug, Deserialize)]
pub struct Tooltip {
    /// The text.
    #[serde(default)]
    pub value: String,
}

/// An option of a picklist, or a stage.
#[derive(Clone, Debug, Deserialize)]
pub struct Choice {
    /// Its id.
    pub id: Option<Id>,
    /// What people see.
    #[serde(default)]
    pub display_value: String,
    /// What records hold.
    #[serde(default)]
    pub actual_value: String,
    /// `Open`, `Closed Won` or `Closed Lost`, for stages.
    pub forecast_type: Option<String>,
}

impl Choice {
    /// What a deal in this stage counts as.
    pub fn standing(&self) -> Standing {
        match self.forecast_type.as_deref() {
            Some("Closed Won") => Standing::Won,
            Some("Closed Lost") => Standing::Lost,
            _ => Standing::Open,
        }
    }

    fn stage(&self) -> Stage {
        Stage {
            id: self.actual_value.clone().into(),
            name: self.display_value.clone(),
            standing: self.standing(),
        }
    }
}

/// The pipelines of a layout.
#[derive(Debug, Deserialize)]
pub struct Pipelines {
    /// Each.
    pub pipeline: Vec<Lane>,
}

/// A pipeline.
#[derive(Debug, Deserialize)]
pub struct Lane {
    display_value: String,
    actual_value: String,
    #[serde(default)]
    maps: Vec<Choice>,
}

impl Lane {
    /// The pipeline it is.
    pub fn pipeline(&self) -> Pipeline {
        Pipeline {
            id: self.actual_value.clone().into(),
            name: self.display_value.clone(),
            stages: self.maps.iter().map(Choice::stage).collect(),
        }
    }
}

/// The one pipeline of an organisation that has pipelines switched off.
pub fn single_pipeline(stages: &[Choice]) -> Pipeline {
    Pipeline {
        id: "default".into(),
        name: "Stages".to_owned(),
        stages: stages.iter().map(Choice::stage).collect(),
    }
}

/// The layouts of the module.
#[derive(Debug, Deserialize)]
pub struct Layouts {
    /// Each.
    pub layouts: Vec<Layout>,
}

/// A layout.
#[derive(Debug, Deserialize)]
pub struct Layout {
    /// Its id.
    pub id: Id,
}

/// The saved views of the module.
#[derive(Debug, Deserialize)]
pub struct CustomViews {
    /// Each.
    pub custom_views: Vec<CustomView>,
}

/// A saved view.
#[derive(Debug, Deserialize)]
pub struct CustomView {
    /// Its id.
    pub id: Id,
    /// What people see.
    #[serde(default)]
    pub name: String,
    /// The same, in the user's language.
    #[serde(default)]
    pub display_value: String,
}
