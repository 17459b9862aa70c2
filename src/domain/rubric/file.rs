//! The rubric as it stands in the framework file, and what may be wrong with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::caps::Caps;
use super::language::Languages;
use super::lexicon::Class;
use super::scale::Scale;
use super::signals;
use super::whole::Brevity;
use crate::domain::coaching::NOTES;
use crate::domain::grade::Dimension;

/// Weights of the signals that speak for a dimension, in hundredths of a point.
pub type Weights = BTreeMap<String, i32>;

/// No signal may decide more than a whole dimension, in hundredths of a point.
const HEAVIEST: i32 = 400;
/// No dimension may count more than twice towards the whole, in percent.
const MOST_SHARE: i32 = 200;
/// The most that a further hit may count, in percent of the one before.
const MOST_REPEAT: i32 = 95;

/// The `[rubric]` table, word for word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RubricFile {
    /// What each further hit of a rule is worth, in percent of the one before.
    pub repeat: i32,
    /// The prompts sellers see, so that a copied one is known for what it is.
    pub prompts: Vec<String>,
    /// How short texts are made good for.
    pub brevity: Brevity,
    /// What caps the whole.
    pub caps: Caps,
    /// The languages that are told apart.
    pub languages: Languages,
    /// The text of each coaching note.
    pub coaching: BTreeMap<String, String>,
    /// Entries per class, set apart by commas.
    pub lexicon: BTreeMap<Class, String>,
    /// What each signal adds to or takes from each dimension.
    pub weights: BTreeMap<Dimension, Weights>,
    /// Where the levels of each dimension begin.
    pub levels: BTreeMap<Dimension, Scale>,
    /// How the dimensions make the whole.
    pub overall: Overall,
}

/// How the points of the dimensions make the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overall {
    /// Percent of each dimension's points that count.
    pub share: BTreeMap<Dimension, i32>,
    /// Where the levels of the whole begin.
    pub scale: Scale,
}

/// Why a rubric is refused: key, value and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rubric.{key} = {value}: {remedy}")]
pub struct Unfit {
    /// The key below `[rubric]`.
    pub key: String,
    /// What stands there.
    pub value: String,
    /// What to write instead.
    pub remedy: String,
}

fn unfit(
    key: impl Into<String>,
    value: impl std::fmt::Display,
    remedy: impl Into<String>,
) -> Unfit {
    Unfit {
        key: key.into(),
        value: value.to_string(),
        remedy: remedy.into(),
    }
}

impl RubricFile {
    /// Checks what types alone cannot.
    ///
    /// # Errors
    /// [`Unfit`], naming the first key that cannot be meant.
    pub fn check(&self) -> Result<(), Unfit> {
        if !(0..=MOST_REPEAT).contains(&self.repeat) {
            return Err(unfit(
                "repeat",
                self.repeat,
                format!("write 0 to {MOST_REPEAT}"),
            ));
        }
        self.check_lists()?;
        self.check_scales()?;
        self.check_weights()?;
        self.check_coaching()
    }

    fn check_lists(&self) -> Result<(), Unfit> {
        for class in Class::ALL {
            if self
                .lexicon
                .get(class)
                .is_none_or(|list| list.trim().is_empty())
            {
                let key = format!("lexicon.{}", class.name());
                return Err(unfit(key, "\"\"", "list at least one word"));
            }
        }
        for code in &self.languages.supported {
            if !self.languages.little_words.contains_key(code) {
                let remedy = format!("list its little words under languages.little_words.{code}");
                return Err(unfit("languages.supported", format!("\"{code}\""), remedy));
            }
        }
        Ok(())
    }

    fn check_scales(&self) -> Result<(), Unfit> {
        let levels = self
            .levels
            .iter()
            .map(|(dimension, scale)| (format!("levels.{}", dimension.name()), scale));
        for (key, scale) in levels.chain([("overall.scale".to_owned(), &self.overall.scale)]) {
            if !scale.steps.is_sorted_by(|low, high| low < high) {
                let value = format!("{:?}", scale.steps);
                return Err(unfit(
                    key + ".steps",
                    value,
                    "write four numbers, each above the one before",
                ));
            }
        }
        for dimension in Dimension::ALL {
            let name = dimension.name();
            if !self.levels.contains_key(&dimension) {
                return Err(unfit(
                    format!("levels.{name}"),
                    "nothing",
                    "give it a base and steps",
                ));
            }
            let share = self.overall.share.get(&dimension).copied().unwrap_or(-1);
            if !(0..=MOST_SHARE).contains(&share) {
                return Err(unfit(
                    format!("overall.share.{name}"),
                    share,
                    format!("write a percentage, 0 to {MOST_SHARE}"),
                ));
            }
        }
        Ok(())
    }

    fn check_weights(&self) -> Result<(), Unfit> {
        for (dimension, weights) in &self.weights {
            for (name, weight) in weights {
                let key = format!("weights.{}.{name}", dimension.name());
                if !signals().any(|signal| signal.name == name) {
                    let known: Vec<&str> = signals().map(|signal| signal.name).collect();
                    return Err(unfit(
                        key,
                        weight,
                        format!("no such signal; use one of: {}", known.join(", ")),
                    ));
                }
                if weight.abs() > HEAVIEST {
                    return Err(unfit(
                        key,
                        weight,
                        format!("write -{HEAVIEST} to {HEAVIEST}"),
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_coaching(&self) -> Result<(), Unfit> {
        for (name, text) in &self.coaching {
            let key = format!("coaching.{name}");
            if !NOTES.contains(&name.as_str()) {
                return Err(unfit(
                    key,
                    format!("\"{text}\""),
                    format!("no such note; use one of: {}", NOTES.join(", ")),
                ));
            }
            if !text.trim_end().ends_with('?') {
                return Err(unfit(
                    key,
                    format!("\"{text}\""),
                    "a note is a question; end it with ?",
                ));
            }
        }
        match NOTES
            .into_iter()
            .find(|name| !self.coaching.contains_key(*name))
        {
            Some(name) => Err(unfit(
                format!("coaching.{name}"),
                "nothing",
                "write the question to ask",
            )),
            None => Ok(()),
        }
    }
}

/// Lays what a framework file says over what is built in: tables key by key, all else whole.
pub fn lay_over(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => lay_over(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rubric::Rubric;

    #[test]
    fn a_file_changes_only_what_it_names() {
        let rubric: Rubric = toml::from_str("[weights.next_step]\nday = 150").expect("one weight");

        let (changed, built_in) = (rubric.file(), Rubric::default());
        assert_eq!(changed.weights[&Dimension::NextStep]["day"], 150);
        assert_eq!(
            changed.weights[&Dimension::Goal],
            built_in.file().weights[&Dimension::Goal]
        );
        assert_eq!(changed.lexicon, built_in.file().lexicon);
    }

    #[test]
    fn a_fault_names_key_value_and_remedy() {
        for (wrong, told) in [
            ("repeat = 99", "rubric.repeat = 99: write 0 to 95"),
            (
                "[weights.goal]\ndecide = 5",
                "rubric.weights.goal.decide = 5: no such signal; use one of: role",
            ),
            (
                "[weights.goal]\ndecides = 900",
                "rubric.weights.goal.decides = 900: write -400 to 400",
            ),
            (
                "[levels.goal]\nsteps = [3, 2, 1, 0]",
                "rubric.levels.goal.steps = [3, 2, 1, 0]: write four",
            ),
            ("[coaching]\ndate = \"Tell me.\"", "end it with ?"),
            (
                "[lexicon]\nrole = \"\"",
                "rubric.lexicon.role = \"\": list at least one word",
            ),
            ("[lexicon]\nroles = \"ceo\"", "roles"),
            ("colour = 1", "colour"),
        ] {
            let error = toml::from_str::<Rubric>(wrong)
                .expect_err(wrong)
                .to_string();

            assert!(error.contains(told), "{error}");
        }
    }
}
