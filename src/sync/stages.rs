//! Where each stage of the CRM stands in the framework: which questions its deals are asked.

use serde::Serialize;

use crate::domain::cadence::asks_in;
use crate::domain::deal::{Pipeline, Standing};
use crate::domain::framework::Framework;
use crate::domain::ids::ConnectionId;
use crate::store;
use crate::store::people::StageRow;
use crate::store::tx::Tx;

/// An open stage of the CRM, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// What people call its pipeline.
    pub pipeline: String,
    /// What people call it.
    pub stage: String,
    /// What its deals are asked.
    #[serde(flatten)]
    pub asked: Asked,
}

/// What the deals of a stage are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "asked", content = "as", rename_all = "snake_case")]
pub enum Asked {
    /// The questions of that stage of the framework.
    As(String),
    /// The default questions: the stage map says nothing about it.
    Default,
    /// Nothing: the framework's scope leaves it out.
    Nothing,
}

impl Asked {
    /// In a few words.
    pub fn word(&self) -> &str {
        match self {
            Self::As(stage) => stage,
            Self::Default => "the default questions",
            Self::Nothing => "left out",
        }
    }
}

impl Placed {
    /// What to do about a stage of the default questions.
    pub fn remedy(&self) -> String {
        format!(
            "map it in the framework file: [stage_map] \"{}\" = \"…\", or name it in \
             scope.stages_left_out",
            self.stage
        )
    }
}

/// Where a stage stands.
fn place(framework: &Framework, pipeline: (&str, &str), stage: (&str, &str)) -> Placed {
    let asked = if !asks_in(
        &framework.scope,
        &[stage.0, stage.1],
        &[pipeline.0, pipeline.1],
    ) {
        Asked::Nothing
    } else if let Some(guide) = framework.stage(stage.1) {
        Asked::As(guide.name.clone())
    } else {
        Asked::Default
    };
    Placed {
        pipeline: pipeline.1.to_owned(),
        stage: stage.1.to_owned(),
        asked,
    }
}

/// Every open stage of a connection as last read, in order.
///
/// # Errors
/// The database's.
pub async fn placed(
    tx: &mut Tx,
    framework: &Framework,
    id: &ConnectionId,
) -> store::Result<Vec<Placed>> {
    let rows = tx.stages(id).await?;
    let open = rows.iter().filter(|row| row.standing() == Standing::Open);
    let all = open.map(|it| {
        place(
            framework,
            (it.pipeline.as_str(), it.pipeline_name.as_str()),
            (it.id.as_str(), it.name.as_str()),
        )
    });
    Ok(all.collect())
}

/// Every open stage as the CRM shows them now, in order.
pub fn placed_now(framework: &Framework, now: &[Pipeline]) -> Vec<Placed> {
    let mut all = Vec::new();
    for pipeline in now {
        let of = (pipeline.id.as_str(), pipeline.name.as_str());
        let open = pipeline.stages.iter();
        let open = open.filter(|stage| stage.standing == Standing::Open);
        all.extend(open.map(|it| place(framework, of, (it.id.as_str(), it.name.as_str()))));
    }
    all
}

/// Open stages that were not there when the CRM was last asked, and that the framework does not
/// know; none where it was never asked.
pub fn strangers(known: &[StageRow], now: &[Pipeline], framework: &Framework) -> Vec<Placed> {
    if known.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for pipeline in now {
        for stage in &pipeline.stages {
            let (of, id) = (pipeline.id.as_str(), stage.id.as_str());
            // A stage that was renamed is another one to the stage map.
            let is_known = known
                .iter()
                .any(|it| it.pipeline == of && it.id == id && it.name == stage.name);
            if !is_known && stage.standing == Standing::Open {
                let placed = place(
                    framework,
                    (of, pipeline.name.as_str()),
                    (id, stage.name.as_str()),
                );
                found.extend((placed.asked == Asked::Default).then_some(placed));
            }
        }
    }
    found
}
