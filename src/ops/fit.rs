//! `latitude evaluate FILE --fit RUBRIC`: finds weights and levels from rated strategies, always the same ones.
//!
//! Each dimension is a regression on what was heard. The rating guide fixes the sign of every
//! weight beforehand, and a least weight for a dimension's own signals. The levels are then set
//! where they agree best with people.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Serialize;

use super::evaluate::{Rated, weighted_kappa};
use crate::domain::grade::Dimension;
use crate::domain::rubric::file::{Overall, RubricFile, Weights};
use crate::domain::rubric::heard::Heard;
use crate::domain::rubric::scale::Scale;
use crate::domain::rubric::{CHECK_DATE, DATE_WHO, Rubric, own_signals, signals};

/// Signals that speak against a dimension; all others speak for it.
const AGAINST: [&str; 8] = [
    "pitch",
    "close",
    "vague",
    "blame",
    "only_pitch",
    "only_vague",
    "price_cut",
    "waiting",
];
/// Signals that only the coaching listens to.
const COACHING_ONLY: [&str; 1] = ["blame_opening"];
/// A dimension's own signals count at least so much: the guide says so, whatever the sample.
const LEAST: f64 = 0.12;
/// What the guide itself names as the mark of a dimension counts at least so much.
const LEAST_CORE: f64 = 0.3;
/// A person there who decides; a reason that lies in them, an alternative put aside; the obstacle's
/// owner, another way; who does something on which day.
const CORE: [&str; 8] = [
    "decides",
    "open_question",
    "reason_who",
    "rejected",
    "fallback",
    "option",
    "own_deed_who",
    "day_who",
];
/// Each dimension counts at least so much towards the whole, which needs them all.
const LEAST_SHARE: f64 = 0.2;
/// How strongly weights are pulled towards nothing.
const PULL: f64 = 4.0;
/// Enough for the weights to stand still.
const ROUNDS: usize = 150;
/// A step must also agree when all points lie a little lower or higher, so that no single
/// strategy decides where it stands.
const SHIFTS: [i32; 5] = [-12, -6, 0, 6, 12];
/// How finely steps are sought, in hundredths of a point.
const STEP: i32 = 5;

/// One rated strategy as the regression sees it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Per signal, between 0 (nothing heard) and 1 (again and again).
    heard: Vec<f64>,
    /// Whether a cap decides, so that there is nothing to learn from it.
    capped: bool,
}

/// What was heard in each strategy.
pub fn samples(set: &[Rated], rubric: &Rubric) -> Vec<Sample> {
    let repeat = f64::from(rubric.file().repeat) / 100.0;
    let amount = |hits: usize| 1.0 - repeat.powi(i32::try_from(hits).unwrap_or(i32::MAX));
    set.iter()
        .map(|rated| {
            let heard = Heard::in_answers(&rated.answers, rubric);
            let dense = 1.0 + f64::from(heard.density) / 100.0;
            let weight = |name: &str| if AGAINST.contains(&name) { 1.0 } else { dense };
            Sample {
                heard: heard
                    .signals
                    .iter()
                    .map(|(name, found)| amount(found.len()) * weight(name))
                    .collect(),
                capped: heard.cap().is_some(),
            }
        })
        .collect()
}

/// The rubric file with weights and levels fitted to the set; all else stays as it is.
pub fn fitted(set: &[Rated], samples: &[Sample], file: &RubricFile) -> RubricFile {
    let (set, rows): (Vec<&Rated>, Vec<&[f64]>) = set
        .iter()
        .zip(samples)
        .filter(|(rated, sample)| !sample.capped && rated.overall > 0)
        .map(|(rated, sample)| (rated, sample.heard.as_slice()))
        .unzip();
    let mut fitted = file.clone();
    let mut points = vec![Vec::new(); set.len()];
    for dimension in Dimension::ALL {
        let levels: Vec<u8> = set.iter().map(|rated| rated.dims.of(dimension)).collect();
        let (base, weights) = regression(&rows, &levels, &bounds(dimension));
        let weights: Weights = signals()
            .zip(weights)
            .map(|(signal, weight)| (signal.name.to_owned(), hundredths(weight)))
            .filter(|(_, weight)| *weight != 0)
            .chain(unheard(file, dimension))
            .collect();
        let base = hundredths(base);
        let reached: Vec<i32> = rows
            .iter()
            .map(|row| base + earned(row, &weights).round() as i32)
            .collect();
        let scale = Scale {
            base,
            steps: best_steps(&reached, &levels),
        };
        for (points, reached) in points.iter_mut().zip(reached) {
            points.push(f64::from(scale.bounded(reached)) / 100.0);
        }
        fitted.levels.insert(dimension, scale);
        fitted.weights.insert(dimension, weights);
    }
    fitted.overall = whole(&set, &points);
    fitted
}

/// Weights of what few rated strategies hold, the date field: they stay as they are.
fn unheard(file: &RubricFile, dimension: Dimension) -> impl Iterator<Item = (String, i32)> {
    [CHECK_DATE, DATE_WHO].into_iter().filter_map(move |name| {
        let weight = file.weights.get(&dimension)?.get(name)?;
        Some((name.to_owned(), *weight))
    })
}

fn earned(row: &[f64], weights: &Weights) -> f64 {
    signals()
        .zip(row)
        .map(|(signal, heard)| {
            f64::from(weights.get(signal.name).copied().unwrap_or_default()) * heard
        })
        .sum()
}

fn whole(set: &[&Rated], points: &[Vec<f64>]) -> Overall {
    let levels: Vec<u8> = set.iter().map(|rated| rated.overall).collect();
    let rows: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
    let even = vec![
        Bound {
            sign: 1.0,
            least: LEAST_SHARE,
        };
        Dimension::ALL.len()
    ];
    let (base, shares) = regression(&rows, &levels, &even);
    let base = hundredths(base);
    let share: BTreeMap<Dimension, i32> = Dimension::ALL
        .into_iter()
        .zip(shares.into_iter().map(hundredths))
        .collect();
    let reached: Vec<i32> = points
        .iter()
        .map(|points| {
            let sum: f64 = points
                .iter()
                .zip(share.values())
                .map(|(point, share)| point * f64::from(*share))
                .sum();
            base + sum.round() as i32
        })
        .collect();
    Overall {
        share,
        scale: Scale {
            base,
            steps: best_steps(&reached, &levels),
        },
    }
}

/// The line of a rubric file below which stands what is fitted.
const MARK: &str = "# --- fitted: written by `latitude evaluate --fit`, not by hand";

/// What is fitted, as it stands in the file.
#[derive(Serialize)]
struct Tables<'a> {
    weights: &'a BTreeMap<Dimension, Weights>,
    levels: &'a BTreeMap<Dimension, Scale>,
    overall: &'a Overall,
}

/// The text of a rubric file with its fitted tables replaced.
///
/// # Errors
/// A text without the line that says where they begin.
pub fn with_fitted_tables(text: &str, fitted: &RubricFile) -> anyhow::Result<String> {
    let at = text
        .find(MARK)
        .with_context(|| format!("the rubric file lacks the line \"{MARK}\""))?;
    let kept = text.get(..at).unwrap_or_default();
    let tables = Tables {
        weights: &fitted.weights,
        levels: &fitted.levels,
        overall: &fitted.overall,
    };
    Ok(format!("{kept}{MARK}\n\n{}", toml::to_string(&tables)?))
}

/// What is settled about a weight beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bound {
    /// 1 where it may only speak for, -1 where it may only speak against, 0 where it is silent.
    sign: f64,
    /// How much it counts at least.
    least: f64,
}

const SILENT: Bound = Bound {
    sign: 0.0,
    least: 0.0,
};

fn bounds(dimension: Dimension) -> Vec<Bound> {
    let (own, related) = (own_signals(dimension), related(dimension));
    signals()
        .map(|signal| {
            let sign = if AGAINST.contains(&signal.name) {
                -1.0
            } else {
                1.0
            };
            let is_own = own.iter().any(|own| own.name == signal.name);
            match (is_own, related.contains(&signal.name)) {
                _ if COACHING_ONLY.contains(&signal.name) => SILENT,
                (true, _) if CORE.contains(&signal.name) => Bound {
                    sign,
                    least: LEAST_CORE,
                },
                (true, _) => Bound { sign, least: LEAST },
                (_, true) => Bound { sign, least: 0.0 },
                _ => SILENT,
            }
        })
        .collect()
}

/// The signals of other dimensions that may speak for this one, since they show the same.
fn related(dimension: Dimension) -> &'static [&'static str] {
    match dimension {
        Dimension::Customer => &[
            "decides",
            "brings",
            "reason_who",
            "contrast",
            "only_pitch",
            "would_who",
        ],
        Dimension::Goal => &[
            "narrow",
            "if",
            "said",
            "feels",
            "only_pitch",
            "rejected",
            "felt_trouble",
            "would_who",
            "fact",
            "reason_who",
            "compare",
            "blame",
            "vague",
        ],
        Dimension::Approach => &[
            "feels",
            "said",
            "decides",
            "brings",
            "open_question",
            "pitch",
            "only_pitch",
            "felt_trouble",
            "fact",
            "happened",
            "wants",
            "blame",
            "vague",
            "choice",
        ],
        Dimension::Ownership => &[
            "if",
            "would",
            "rejected",
            "decides",
            "day_who",
            "deadline",
            "compare",
            "only_vague",
        ],
        Dimension::NextStep => &[
            "arranged",
            "arranged_who",
            "own_deed",
            "fallback",
            "decides",
            "brings",
        ],
    }
}

fn hundredths(value: f64) -> i32 {
    (value * 100.0).round() as i32
}

/// Least squares within bounds, pulled towards nothing, by coordinate descent; base and weights.
fn regression(rows: &[&[f64]], levels: &[u8], bounds: &[Bound]) -> (f64, Vec<f64>) {
    let mut weights = vec![0.0; bounds.len()];
    let mut rest: Vec<f64> = levels.iter().map(|level| f64::from(*level)).collect();
    let mut base = 0.0;
    for _ in 0..ROUNDS {
        let shift = mean(&rest);
        base += shift;
        rest.iter_mut().for_each(|rest| *rest -= shift);
        for (at, (bound, weight)) in bounds.iter().zip(&mut weights).enumerate() {
            let column = || {
                rows.iter()
                    .map(|row| row.get(at).copied().unwrap_or_default())
            };
            let square: f64 = column().map(|heard| heard * heard).sum();
            let wanted: f64 = column()
                .zip(&rest)
                .map(|(heard, rest)| heard * (rest + *weight * heard))
                .sum();
            let free = wanted / (square + PULL);
            let next = bound.sign * (free * bound.sign).max(bound.least);
            let step = next - *weight;
            *weight = next;
            column()
                .zip(&mut rest)
                .for_each(|(heard, rest)| *rest -= step * heard);
        }
    }
    (base, weights)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The four steps that agree best with people, found one at a time until none moves.
fn best_steps(points: &[i32], levels: &[u8]) -> [i32; 4] {
    let agreement = |steps: [i32; 4]| {
        let scale = Scale { base: 0, steps };
        let shifted = SHIFTS.map(|shift| {
            let pairs: Vec<(u8, u8)> = levels
                .iter()
                .zip(points)
                .map(|(level, points)| (*level, scale.level(*points + shift)))
                .collect();
            weighted_kappa(&pairs)
        });
        shifted.iter().sum::<f64>()
    };
    let mut steps = [50, 150, 250, 350];
    loop {
        let before = steps;
        for at in 0..steps.len() {
            let low = at
                .checked_sub(1)
                .and_then(|below| steps.get(below))
                .map_or(0, |step| step + 2 * STEP);
            let high = steps.get(at + 1).map_or(450, |step| step - 2 * STEP);
            let tried = (low..=high).step_by(STEP as usize).map(|step| {
                let mut tried = steps;
                tried[at] = step;
                (agreement(tried), tried)
            });
            steps = tried
                .fold((agreement(steps), steps), |best, next| {
                    if next.0 > best.0 { next } else { best }
                })
                .1;
        }
        if steps == before {
            return steps;
        }
    }
}
