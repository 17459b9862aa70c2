//! From a strategy to an assessment: readable rules, each quoting the words it judged.
//!
//! A text is read once ([`reading`]); signals are listened for, one file per dimension; every hit
//! becomes a finding with points ([`scale`]); points become levels, and levels and a few caps
//! ([`caps`]) the grade. Nothing here knows who wrote the text, when, or what came before.

pub mod ahead;
pub mod approach;
pub mod blame;
pub mod caps;
pub mod class;
pub mod clause;
pub mod contact;
pub mod customer;
pub mod dates;
pub mod doing;
pub mod file;
pub mod goal;
pub mod heard;
pub mod helpless;
pub mod holds;
pub mod idle;
pub mod intent;
pub mod language;
pub mod lexicon;
pub mod marking;
pub mod mixed;
pub mod naming;
pub mod next_step;
pub mod overcome;
pub mod own_matter;
pub mod ownership;
pub mod parts;
pub mod people;
pub mod put_aside;
pub mod reading;
pub mod scale;
pub mod slips;
pub mod spelling;
pub mod standing;
pub mod taken_up;
pub mod tokens;
pub mod trades;
pub mod whole;

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Deserializer, de};
use toml::Table;

use self::file::{RubricFile, Unfit, lay_over};
use self::heard::Heard;
use self::language::Ear;
use self::lexicon::Lexicon;
use self::reading::{Reading, Span};
use super::coaching;
use super::grade::{Assessment, Dimension, Dimensions, Finding, GOOD_ENOUGH, Grade};
use super::strategy::{Answers, Part};

/// The rubric that is built in.
pub const DEFAULT: &str = include_str!("../../../config/rubric.toml");

/// The signal of a date field that is filled in; it has no words to quote.
pub const CHECK_DATE: &str = "check_date";

/// The signal of a date field that is filled in where it is told who does what by then.
pub const DATE_WHO: &str = "date_who";

/// Something a rule listens for.
#[derive(Clone, Copy)]
pub struct Signal {
    /// Its name in the weights of the framework file.
    pub name: &'static str,
    /// What a hit says about the text, as a seller reads it.
    pub says: &'static str,
    /// Where it is heard.
    pub find: fn(&Reading) -> Vec<Span>,
}

/// Every signal, in reading order.
pub fn signals() -> impl Iterator<Item = &'static Signal> {
    [
        customer::SIGNALS,
        goal::SIGNALS,
        approach::SIGNALS,
        ownership::SIGNALS,
        next_step::SIGNALS,
        parts::SIGNALS,
    ]
    .into_iter()
    .flatten()
}

/// The signals that belong to a dimension; those of others may speak for it too.
pub fn own_signals(dimension: Dimension) -> &'static [Signal] {
    match dimension {
        Dimension::Customer => customer::SIGNALS,
        Dimension::Goal => goal::SIGNALS,
        Dimension::Approach => approach::SIGNALS,
        Dimension::Ownership => ownership::SIGNALS,
        Dimension::NextStep => next_step::SIGNALS,
    }
}

/// What a rule says about the words it quotes, as a seller reads it.
pub fn says(rule: &str) -> &'static str {
    let signal = signals()
        .find(|signal| signal.name == rule)
        .map(|signal| signal.says);
    let cap = || {
        caps::Cap::ALL
            .into_iter()
            .find(|cap| cap.name() == rule)
            .map(caps::Cap::says)
    };
    signal.or_else(cap).unwrap_or("was found")
}

/// Weights and word lists of the rules; part of the framework, so that ops can tune them.
///
/// Cheap to clone. A framework file names only what it changes; the rest stays as built in.
#[derive(Clone, Debug)]
pub struct Rubric {
    compiled: Arc<Compiled>,
}

/// What is large in it is shared by all that know other prompts.
#[derive(Debug)]
struct Compiled {
    file: Arc<RubricFile>,
    lexicon: Arc<Lexicon>,
    ear: Arc<Ear>,
    prompts: HashSet<u64>,
}

impl Rubric {
    /// Checks a rubric file and compiles its words.
    ///
    /// # Errors
    /// [`Unfit`], naming key, value and remedy.
    pub fn of(file: RubricFile) -> Result<Self, Unfit> {
        file.check()?;
        let lexicon = Lexicon::compile(&file.lexicon);
        let prompts = holds::prompt_runs(&file.prompts, &lexicon);
        let ear = Ear::compile(&file.languages);
        Ok(Self {
            compiled: Arc::new(Compiled {
                file: Arc::new(file),
                lexicon: Arc::new(lexicon),
                ear: Arc::new(ear),
                prompts,
            }),
        })
    }

    /// The same rubric, which also knows these prompts when they are given back as an answer.
    #[must_use]
    pub fn knowing_prompts(&self, prompts: &[String]) -> Self {
        let Compiled {
            file,
            lexicon,
            ear,
            prompts: known,
        } = &*self.compiled;
        let mut known = known.clone();
        known.extend(holds::prompt_runs(prompts, lexicon));
        Self {
            compiled: Arc::new(Compiled {
                file: file.clone(),
                lexicon: lexicon.clone(),
                ear: ear.clone(),
                prompts: known,
            }),
        }
    }

    /// The file it was made from.
    pub fn file(&self) -> &RubricFile {
        &self.compiled.file
    }

    /// Whether these texts are in a language whose words the rubric has.
    pub fn knows_language_of(&self, texts: &[&str]) -> bool {
        self.compiled.ear.knows(texts.iter().copied())
    }
}

impl Default for Rubric {
    fn default() -> Self {
        static BUILT_IN: LazyLock<Rubric> = LazyLock::new(|| {
            let file = toml::from_str(DEFAULT)
                .unwrap_or_else(|error| unreachable!("built-in rubric: {error}"));
            Rubric::of(file).unwrap_or_else(|error| unreachable!("built-in {error}"))
        });
        BUILT_IN.clone()
    }
}

impl<'de> Deserialize<'de> for Rubric {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let mut table: Table = toml::from_str(DEFAULT).map_err(de::Error::custom)?;
        lay_over(&mut table, Table::deserialize(source)?);
        let file = RubricFile::deserialize(table)
            .map_err(|error| de::Error::custom(format!("rubric: {}", error.message())))?;
        Self::of(file).map_err(de::Error::custom)
    }
}

/// Assesses one strategy.
///
/// Pure and deterministic: the same text gets the same assessment, whoever wrote it.
pub fn assess(answers: &Answers, rubric: &Rubric) -> Assessment {
    if answers.is_blank() {
        return Assessment::unscored(Grade::NoStrategyYet);
    }
    if !rubric
        .compiled
        .ear
        .knows(Part::ALL.iter().map(|part| answers.part(*part)))
    {
        return Assessment::unscored(Grade::NotAssessedLanguage);
    }
    let heard = Heard::of(answers, &rubric.compiled);
    let mut assessment = weighed(&heard, rubric.file());
    coaching::add_notes(&mut assessment, &heard, answers, rubric.file());
    for finding in &mut assessment.findings {
        (finding.start, finding.end) =
            clause::around(answers.part(finding.part), finding.start, finding.end);
    }
    assessment
}

/// What was heard, turned into points, levels, score and grade.
fn weighed(heard: &Heard, file: &RubricFile) -> Assessment {
    let cap = heard.cap();
    let mut findings = Vec::new();
    let mut dims = Dimensions::default();
    let mut margins = Vec::new();
    let mut whole = file.overall.scale.base;
    let mut nothing = whole;
    for dimension in Dimension::ALL {
        let earned = points_of(heard, dimension, file);
        let Some(scale) = file.levels.get(&dimension) else {
            continue;
        };
        let points = scale.base + earned.iter().map(|finding| finding.points).sum::<i32>();
        *dims.of_mut(dimension) = scale.level(points);
        margins.push((scale.margin(points), dimension));
        let share = file
            .overall
            .share
            .get(&dimension)
            .copied()
            .unwrap_or_default();
        whole += scale.bounded(points) * share / 100;
        nothing += scale.bounded(scale.base) * share / 100;
        findings.extend(earned);
    }
    let free = file.overall.scale.score(whole, nothing);
    let (score, decided) = heard
        .caps
        .iter()
        .fold((free, None), |(score, decided), held| {
            let drawn = scale::drawn(free, held.strength, held.cap.overall());
            let is_plain = decided.is_none() && held.strength >= heard::HOLDS;
            if drawn < score || drawn == score && is_plain {
                (drawn, Some(held))
            } else {
                (score, decided)
            }
        });
    // What only leans to something is not told that it is.
    let told = decided.filter(|held| held.strength >= heard::HOLDS);
    findings.extend(told.iter().flat_map(|held| held.evidence.clone()));
    let score = score.min(most_without_a_plan(&mut dims));
    let is_none = cap.is_some_and(|held| held.cap.leaves() == 0) && score <= scale::NEXT_TO_NOTHING;
    let overall = if is_none { 0 } else { scale::level_of(score) };
    for held in decided
        .into_iter()
        .filter(|held| overall <= held.cap.leaves())
    {
        for dimension in Dimension::ALL {
            // Facts and who they matter to are concrete, however little the other answers say.
            let is_told = dimension == Dimension::Customer && heard.plain.customer_told;
            if held.cap != caps::Cap::NothingConcrete || !is_told {
                let level = dims.of_mut(dimension);
                *level = held.cap.most(dimension).min(*level);
            }
        }
    }
    margins.sort_by_key(|it| it.0);
    if overall < scale::TOP && !heard.plain.argued {
        dims.approach = dims.approach.min(GOOD_ENOUGH);
    }
    agree(&mut dims, overall, &margins);
    Assessment {
        grade: Grade::of_level(overall),
        score: (!is_none).then_some(score.max(1)),
        overall,
        dims,
        findings,
        notes: Vec::new(),
        private_notes: Vec::new(),
    }
}

/// The most that a text can score which has neither an aim nor a way there: names and days without a
/// thought are no plan. It owns nothing and begins nothing, and no rater ever called one Developing.
fn most_without_a_plan(dims: &mut Dimensions) -> u8 {
    if dims.goal > 0 || dims.approach > 0 {
        return u8::MAX;
    }
    for dimension in [Dimension::Ownership, Dimension::NextStep] {
        let level = dims.of_mut(dimension);
        *level = (*level).min(1);
    }
    scale::MOST_THIN
}

/// Has the dimensions say what the whole says: all of a Strong plan are good. Of another, levels are
/// taken back until they say no more than the whole does, the one that reached its level most narrowly
/// first.
fn agree(dims: &mut Dimensions, overall: u8, margins: &[(i32, Dimension)]) {
    if overall >= scale::TOP {
        for dimension in Dimension::ALL {
            let level = dims.of_mut(dimension);
            *level = (*level).max(GOOD_ENOUGH + 1);
        }
        return;
    }
    let one_more = usize::from(overall + 1) * margins.len();
    let turns = margins.iter().cycle();
    for (_, dimension) in turns.take(margins.len() * usize::from(scale::TOP)) {
        let levels = Dimension::ALL.iter().map(|it| usize::from(dims.of(*it)));
        if levels.sum::<usize>() < one_more {
            return;
        }
        let level = dims.of_mut(*dimension);
        *level = level.saturating_sub(1);
    }
}

/// The findings that earn or lose points for a dimension.
fn points_of(heard: &Heard, dimension: Dimension, file: &RubricFile) -> Vec<Finding> {
    let weight_of = |name: &str| {
        file.weights
            .get(&dimension)
            .and_then(|weights| weights.get(name))
    };
    let mut earned = Vec::new();
    for (name, hits) in &heard.signals {
        let Some(weight) = weight_of(name) else {
            continue;
        };
        let earns_nothing = |hit: &&Finding| {
            *weight > 0 && dimension != Dimension::Customer && heard.is_helpless(hit)
        };
        let hits = hits.iter().filter(|hit| !earns_nothing(hit));
        for (n, hit) in hits.enumerate() {
            let added = if *weight > 0 {
                *weight * heard.density / 100
            } else {
                0
            };
            let points = scale::worth(*weight + added, file.repeat, n);
            if points != 0 {
                earned.push(Finding {
                    dimension: Some(dimension),
                    points,
                    ..hit.clone()
                });
            }
        }
    }
    earned
}
