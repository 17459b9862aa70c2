//! The framework: guardrails inside which sellers decide how to win, as one versioned file.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::field::Field;
use super::outlook::shortened;
use super::rubric::Rubric;
use super::strategy::Part;

/// The file that is used where the configuration names none.
pub const DEFAULT: &str = include_str!("../../config/framework.toml");

/// The guardrails: stages, prompts, exit evidence, scope, cadence, rubric.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Its name, such as `default`.
    pub name: String,
    /// Counts up with every change.
    pub version: u32,
    /// Which deals are asked.
    pub scope: Scope,
    /// When, and how often.
    pub cadence: Cadence,
    /// The questions where no stage applies.
    pub prompts: Prompts,
    /// The questions once a deal is closed.
    pub closing: Closing,
    /// CRM stage names to names in `stages`.
    pub stage_map: BTreeMap<String, String>,
    /// The stages, first to last.
    #[serde(rename = "stage")]
    pub stages: Vec<StageGuide>,
    /// Weights and word lists; the built-in ones where the file says nothing.
    #[serde(default)]
    pub rubric: Rubric,
    /// See [`Framework::edition`].
    #[serde(skip)]
    mark: String,
}

/// Which deals are asked for a strategy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Names or ids of pipelines; empty means all.
    pub pipelines: Vec<String>,
    /// CRM stages that are never asked.
    pub stages_left_out: Vec<String>,
    /// Smallest amount, in the deal's own currency.
    pub minimum_amount: f64,
}

/// When a strategy is asked for, and how often a seller is bothered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cadence {
    /// A strategy older than this many days is asked for again.
    pub stale_after_days: i64,
    /// … or when the amount changed by more than this share, in percent.
    pub amount_change_percent: f64,
    /// … or when the close date slipped by more than this many days.
    pub close_date_slip_days: i64,
    /// New asks per seller and day.
    pub asks_per_seller_and_day: u32,
    /// Whether new asks go out on Saturday and Sunday.
    pub weekends: bool,
    /// No new asks from here, in the seller's time zone …
    pub quiet_from: NaiveTime,
    /// … to here. Equal to `quiet_from` for no quiet hours.
    pub quiet_until: NaiveTime,
    /// IANA name, for sellers whose time zone the CRM does not know.
    pub time_zone: String,
}

/// The questions of the form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompts {
    /// See [`Part::CustomerOutcome`].
    pub customer_outcome: String,
    /// See [`Part::ConversationGoal`].
    pub conversation_goal: String,
    /// See [`Part::Approach`].
    pub approach: String,
    /// See [`Part::Obstacles`].
    pub obstacles: String,
    /// Asks for the check date.
    pub check_on: String,
    /// Asks for the need.
    pub need: String,
    /// Asks, privately, how likely it is.
    pub confidence: String,
}

/// The questions once a deal is closed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// After a win.
    pub won: Vec<String>,
    /// After a loss.
    pub lost: Vec<String>,
}

/// A stage of the framework: its questions, what the customer will have done, its boundaries.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageGuide {
    /// Its name.
    pub name: String,
    /// See [`Part::CustomerOutcome`].
    pub customer_outcome: String,
    /// See [`Part::ConversationGoal`].
    pub conversation_goal: String,
    /// See [`Part::Approach`].
    pub approach: String,
    /// See [`Part::Obstacles`].
    pub obstacles: String,
    /// What the customer said or did by the end of it: open lines, never boxes that lock.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// Inside these lines it is the seller's call.
    #[serde(default, rename = "guardrail")]
    pub guardrails: Vec<Guardrail>,
}

/// A boundary, with whom to ask about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    /// The boundary.
    pub line: String,
    /// Why it is there.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// When it is looked at again.
    pub review_on: NaiveDate,
}

/// Why a framework file is refused: key, value and what to write instead.
#[derive(Debug, thiserror::Error)]
#[error("framework: {0}")]
pub struct Unfit(pub String);

/// Ten years, which is "never" for any deal, and a time that can be reckoned with.
const MOST_DAYS: i64 = 3650;
/// The most words a prompt may have.
const MOST_WORDS: usize = 20;

impl Framework {
    /// Reads and checks a framework file.
    ///
    /// # Errors
    /// [`Unfit`], naming the key, its value and the remedy.
    pub fn read(text: &str) -> Result<Self, Unfit> {
        let mut framework: Self = toml::from_str(text).map_err(|error| Unfit(error.to_string()))?;
        framework.check()?;
        framework.mark = shortened(Sha256::new().chain_update(text));
        // A prompt given back as an answer is no answer.
        let stages = framework.stages.iter().map(Some).chain([None]);
        let prompts: Vec<String> = stages
            .flat_map(|stage| Part::ALL.map(|part| framework.prompt(stage, part).to_owned()))
            .collect();
        framework.rubric = framework.rubric.knowing_prompts(&prompts);
        Ok(framework)
    }

    /// The built-in framework.
    pub fn standard() -> Self {
        Self::read(DEFAULT).unwrap_or_else(|error| unreachable!("the built-in {error}"))
    }

    /// The guardrails that were to be looked at again before that day, each with its stage's name.
    pub fn past_review(&self, day: NaiveDate) -> impl Iterator<Item = (&str, &Guardrail)> {
        let stages = self.stages.iter();
        let all = stages.flat_map(|stage| {
            let lines = stage.guardrails.iter();
            lines.map(|it| (stage.name.as_str(), it))
        });
        all.filter(move |(_, it)| it.review_on < day)
    }

    /// Name and version, such as `default-1`.
    pub fn label(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// The label and a mark of the file's text: what an admin changed is seen, also where the version
    /// was not raised.
    pub fn edition(&self) -> String {
        format!("{} {}", self.label(), self.mark)
    }

    /// The stage of the framework that a CRM stage maps to; none means the default prompts.
    pub fn stage(&self, crm_stage: &str) -> Option<&StageGuide> {
        let wanted = crm_stage.trim();
        let named = |name: &str| {
            self.stages
                .iter()
                .find(|it| it.name.eq_ignore_ascii_case(name))
        };
        self.stage_map
            .iter()
            .find(|(theirs, _)| theirs.eq_ignore_ascii_case(wanted))
            .and_then(|(_, ours)| named(ours))
            .or_else(|| named(wanted))
    }

    /// The question for one part, in a stage or by default.
    pub fn prompt<'a>(&'a self, stage: Option<&'a StageGuide>, part: Part) -> &'a str {
        match (part, stage) {
            (Part::Need, _) => &self.prompts.need,
            (Part::CustomerOutcome, None) => &self.prompts.customer_outcome,
            (Part::ConversationGoal, None) => &self.prompts.conversation_goal,
            (Part::Approach, None) => &self.prompts.approach,
            (Part::Obstacles, None) => &self.prompts.obstacles,
            (Part::CustomerOutcome, Some(stage)) => &stage.customer_outcome,
            (Part::ConversationGoal, Some(stage)) => &stage.conversation_goal,
            (Part::Approach, Some(stage)) => &stage.approach,
            (Part::Obstacles, Some(stage)) => &stage.obstacles,
        }
    }

    fn check(&self) -> Result<(), Unfit> {
        for (theirs, ours) in &self.stage_map {
            if !self.stages.iter().any(|stage| stage.name == *ours) {
                let known: Vec<&str> = self.stages.iter().map(|it| it.name.as_str()).collect();
                return Err(Unfit(format!(
                    "stage_map.\"{theirs}\" = \"{ours}\": there is no such stage; use one of: {}",
                    known.join(", ")
                )));
            }
        }
        let asked = Part::ALL
            .iter()
            .map(|part| ("prompts".to_owned(), *part, None))
            .chain(self.stages.iter().flat_map(|stage| {
                Part::ANSWERS
                    .iter()
                    .map(move |part| (format!("stage \"{}\"", stage.name), *part, Some(stage)))
            }));
        for (place, part, stage) in asked {
            let name = part.field().name();
            check_prompt(&format!("{place}: {name}"), self.prompt(stage, part))?;
        }
        check_prompt("prompts: check_on", &self.prompts.check_on)?;
        check_prompt("prompts: confidence", &self.prompts.confidence)?;
        debug_assert_eq!(Field::Need.name(), Part::Need.name());
        if self.cadence.time_zone.parse::<chrono_tz::Tz>().is_err() {
            return Err(Unfit(format!(
                "cadence.time_zone = \"{}\": not an IANA time zone; write one such as Europe/Berlin",
                self.cadence.time_zone
            )));
        }
        for (key, days, least) in [
            ("stale_after_days", self.cadence.stale_after_days, 1),
            ("close_date_slip_days", self.cadence.close_date_slip_days, 0),
        ] {
            if !(least..=MOST_DAYS).contains(&days) {
                return Err(Unfit(format!(
                    "cadence.{key} = {days}: write {least} to {MOST_DAYS}"
                )));
            }
        }
        Ok(())
    }
}

fn check_prompt(place: &str, prompt: &str) -> Result<(), Unfit> {
    if !prompt.trim_end().ends_with('?') {
        return Err(Unfit(format!(
            "{place} = \"{prompt}\": a prompt is a question; end it with ?"
        )));
    }
    let words = prompt.split_whitespace().count();
    if words > MOST_WORDS {
        return Err(Unfit(format!(
            "{place} = \"{prompt}\": {words} words; ask with at most {MOST_WORDS}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_framework_is_sound() {
        let framework = Framework::standard();

        assert_eq!(framework.label(), "default-1");
        assert_eq!(framework.stages.len(), 6);
        assert_eq!(
            framework.stage("negotiation").map(|it| it.name.as_str()),
            Some("Commit")
        );
        assert_eq!(
            framework.stage("Prove").map(|it| it.name.as_str()),
            Some("Prove")
        );
        assert!(framework.stage("Parked").is_none());
    }

    #[test]
    fn a_faulty_framework_names_key_value_and_remedy() {
        let faults = [
            (
                "\"Lead\" = \"Explore\"",
                "\"Lead\" = \"Xplore\"",
                "stage_map.\"Lead\" = \"Xplore\"",
            ),
            (
                "cares most about it?\"",
                "cares most about it.\"",
                "end it with ?",
            ),
            ("weekends = false", "weekend = false", "weekend"),
            ("time_zone = \"UTC\"", "time_zone = \"Berlin\"", "IANA"),
            (
                "stale_after_days = 21",
                "stale_after_days = 99999999999",
                "cadence.stale_after_days = 99999999999: write 1 to 3650",
            ),
        ];
        for (right, wrong, told) in faults {
            let text = DEFAULT.replacen(right, wrong, 1);

            let error = Framework::read(&text).expect_err(wrong).to_string();

            assert!(error.contains(told), "{error}");
        }
    }
}
