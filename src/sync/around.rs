//! What stands around the deals of a connection: its stages.

use std::collections::HashMap;

use super::Stop;
use super::work::Work;
use crate::store::people::StageRow;

/// What is known about a connection's stages while its deals are considered.
pub struct Around {
    /// By their ids: pipelines may have stages in common.
    stages: HashMap<String, Vec<StageRow>>,
}

impl Around {
    /// Reads it.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(work: &Work<'_>) -> Result<Self, Stop> {
        let mut tx = work.store.read().await?;
        Ok(Self::of(tx.stages(work.id()).await?))
    }

    fn of(stages: Vec<StageRow>) -> Self {
        let mut by_id: HashMap<String, Vec<StageRow>> = HashMap::new();
        for stage in stages {
            by_id.entry(stage.id.clone()).or_default().push(stage);
        }
        Self { stages: by_id }
    }

    /// What people call a stage; its id where nobody said.
    pub fn stage_name<'a>(&'a self, id: &'a str) -> &'a str {
        let stage = self.stages.get(id).and_then(|them| them.first());
        stage.map_or(id, |stage| stage.name.as_str())
    }

    /// The id and the name of the pipeline that a deal is in: where the CRM does not say which, those of
    /// each that has its stage.
    pub fn pipeline_names<'a>(&'a self, pipeline: Option<&'a str>, stage: &str) -> Vec<&'a str> {
        let stages = self.stages.get(stage).map(Vec::as_slice);
        let stages = stages.unwrap_or_default().iter();
        let its_own = stages.filter(|it| pipeline.is_none_or(|id| it.pipeline == id));
        let names = its_own.map(|it| it.pipeline_name.as_str());
        pipeline.into_iter().chain(names).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(pipeline: &str, id: &str) -> StageRow {
        StageRow {
            pipeline: pipeline.to_lowercase(),
            id: id.to_owned(),
            pipeline_name: pipeline.to_owned(),
            name: id.to_owned(),
            standing: "open".to_owned(),
            position: 0,
        }
    }

    #[test]
    fn a_deal_is_in_its_own_pipeline_though_another_has_the_same_stage() {
        let around = Around::of(vec![
            stage("Standard", "Proposal"),
            stage("Upsell", "Proposal"),
        ]);
        let names = |pipeline| around.pipeline_names(pipeline, "Proposal");
        assert_eq!(names(Some("standard")), ["standard", "Standard"]);
        assert_eq!(names(Some("upsell")), ["upsell", "Upsell"]);
        assert_eq!(names(None), ["Standard", "Upsell"]);
    }
}
