//! `latitude evaluate`: how well the rubric agrees with people who rated by the guide.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Deserialize;

use super::assess::rubric_of;
use super::explain::explain;
use super::fit;
use crate::domain::grade::{Assessment, Dimension, Dimensions};
use crate::domain::rubric::{Rubric, assess};
use crate::domain::strategy::Answers;

/// Levels run from 0 to 4.
pub const LEVELS: usize = 5;
/// Parts a set is cut into for cross-validation.
const FOLDS: usize = 10;

/// Compare the rubric with people's ratings, or fit its weights to them.
///
/// Example: latitude evaluate rated/held_back.jsonl --misses 3
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Rated strategies, one JSON object per line.
    #[arg(value_name = "FILE.jsonl", required = true)]
    files: Vec<PathBuf>,
    /// How many of the worst misses to explain.
    #[arg(long, default_value_t = 5)]
    misses: usize,
    /// The framework file whose rubric is evaluated; the built-in one by default.
    #[arg(long, value_name = "FILE")]
    framework: Option<PathBuf>,
    /// Judge by weights fitted to nine tenths of the set, on the tenth left out, in turn.
    #[arg(long, conflicts_with = "fit")]
    cross: bool,
    /// Fit weights and levels to the set and write them into this rubric file.
    #[arg(long, value_name = "RUBRIC.toml")]
    fit: Option<PathBuf>,
}

/// Evaluates or fits.
///
/// # Errors
/// A file that cannot be read, or an output that is closed.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let rubric = rubric_of(args.framework.as_deref())?;
    let mut set = Vec::new();
    for path in &args.files {
        let file = File::open(path)
            .with_context(|| format!("{} cannot be opened; check the path", path.display()))?;
        set.extend(rated(BufReader::new(file)).with_context(|| path.display().to_string())?);
    }
    if let Some(path) = &args.fit {
        return fit_into(path, &set, &rubric);
    }
    let assessed = if args.cross {
        crossed(&set, &rubric)?
    } else {
        plain(&set, &rubric)
    };
    report(&set, &assessed, &rubric, args.misses, io::stdout().lock())
}

fn fit_into(path: &Path, set: &[Rated], rubric: &Rubric) -> anyhow::Result<()> {
    let fitted = fit::fitted(set, &fit::samples(set, rubric), rubric.file());
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let text = fit::with_fitted_tables(&text, &fitted)?;
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

/// A strategy with the levels people gave it.
#[derive(Clone, Debug, Deserialize)]
pub struct Rated {
    /// Its name in the set.
    pub id: String,
    /// What sort of text it is, such as `jargon_wall`.
    pub kind: String,
    /// The seller's answers.
    pub answers: Answers,
    /// The level of the whole.
    pub overall: u8,
    /// The level of each dimension.
    pub dims: Dimensions,
}

/// Reads a set of rated strategies, one JSON object per line.
///
/// # Errors
/// The number of the first line that is no rated strategy.
pub fn rated(lines: impl BufRead) -> anyhow::Result<Vec<Rated>> {
    let mut set = Vec::new();
    for (number, line) in lines.lines().enumerate() {
        let line = line.with_context(|| format!("line {} cannot be read", number + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let rated = serde_json::from_str(&line).with_context(|| {
            format!("line {}: write {{\"id\":…,\"kind\":…,\"answers\":{{…}},\"overall\":0-4,\"dims\":{{…}}}}", number + 1)
        })?;
        set.push(rated);
    }
    Ok(set)
}

/// Every strategy assessed by the rubric as it is.
pub fn plain(set: &[Rated], rubric: &Rubric) -> Vec<Assessment> {
    set.iter()
        .map(|rated| assess(&rated.answers, rubric))
        .collect()
}

/// Every strategy assessed by a rubric that was fitted without it.
///
/// # Errors
/// Fitted weights that the rubric refuses.
pub fn crossed(set: &[Rated], rubric: &Rubric) -> anyhow::Result<Vec<Assessment>> {
    let samples = fit::samples(set, rubric);
    let mut assessed: Vec<Option<Assessment>> = vec![None; set.len()];
    for fold in 0..FOLDS {
        let (rest, heard): (Vec<Rated>, Vec<fit::Sample>) = set
            .iter()
            .zip(&samples)
            .enumerate()
            .filter(|(at, _)| at % FOLDS != fold)
            .map(|(_, (rated, sample))| (rated.clone(), sample.clone()))
            .unzip();
        let without = Rubric::of(fit::fitted(&rest, &heard, rubric.file()))?;
        for (at, (rated, place)) in set.iter().zip(&mut assessed).enumerate() {
            if at % FOLDS == fold {
                *place = Some(assess(&rated.answers, &without));
            }
        }
    }
    Ok(assessed.into_iter().flatten().collect())
}

/// Agreement of two raters on levels 0 to 4, far misses weighing by their square; 1 is perfect.
pub fn weighted_kappa(pairs: &[(u8, u8)]) -> f64 {
    let table = confusion(pairs);
    let rows = table.map(|row| row.iter().sum::<u32>());
    let columns: [u32; LEVELS] =
        std::array::from_fn(|at| table.iter().filter_map(|row| row.get(at)).sum());
    let (mut seen, mut by_chance) = (0.0, 0.0);
    for (people, (cells, row)) in table.iter().zip(rows).enumerate() {
        for (rubric, (cell, column)) in cells.iter().zip(columns).enumerate() {
            let apart = (people.abs_diff(rubric) as f64).powi(2);
            seen += apart * f64::from(*cell);
            by_chance += apart * f64::from(row) * f64::from(column) / pairs.len() as f64;
        }
    }
    if by_chance == 0.0 {
        1.0
    } else {
        1.0 - seen / by_chance
    }
}

/// How often each level people gave met each level the rubric gave.
pub fn confusion(pairs: &[(u8, u8)]) -> [[u32; LEVELS]; LEVELS] {
    let mut table = [[0; LEVELS]; LEVELS];
    for (people, rubric) in pairs {
        let row = table.get_mut(usize::from(*people));
        if let Some(cell) = row.and_then(|row| row.get_mut(usize::from(*rubric))) {
            *cell += 1;
        }
    }
    table
}

/// Prints agreement overall and per dimension, the confusion table, kinds, and the worst misses.
///
/// # Errors
/// An output that is closed.
pub fn report(
    set: &[Rated],
    assessed: &[Assessment],
    rubric: &Rubric,
    misses: usize,
    mut out: impl Write,
) -> anyhow::Result<()> {
    let both = || set.iter().zip(assessed);
    let overall: Vec<(u8, u8)> = both()
        .map(|(rated, ours)| (rated.overall, ours.overall))
        .collect();
    writeln!(out, "{} strategies\n\nquadratic weighted kappa", set.len())?;
    writeln!(out, "  {:<10} {:.3}", "Overall", weighted_kappa(&overall))?;
    for dimension in Dimension::ALL {
        let pairs: Vec<(u8, u8)> = both()
            .map(|(rated, ours)| (rated.dims.of(dimension), ours.dims.of(dimension)))
            .collect();
        writeln!(
            out,
            "  {:<10} {:.3}",
            dimension.label(),
            weighted_kappa(&pairs)
        )?;
    }
    writeln!(
        out,
        "\npeople (down), rubric (across)\n     0   1   2   3   4"
    )?;
    for (level, row) in confusion(&overall).iter().enumerate() {
        writeln!(
            out,
            "{level} {}",
            row.map(|cell| format!("{cell:>4}")).concat()
        )?;
    }
    kinds(set, &overall, &mut out)?;
    worst(set, assessed, rubric, misses, &mut out)
}

fn kinds(set: &[Rated], overall: &[(u8, u8)], mut out: impl Write) -> anyhow::Result<()> {
    let mut kinds: BTreeMap<&str, Vec<(u8, u8)>> = BTreeMap::new();
    for (rated, pair) in set.iter().zip(overall) {
        kinds.entry(&rated.kind).or_default().push(*pair);
    }
    writeln!(out, "\n{:<24}   n  same  within 1  Solid or Strong", "kind")?;
    for (kind, pairs) in kinds {
        let count = |tells: fn(&(u8, u8)) -> bool| pairs.iter().filter(|pair| tells(pair)).count();
        let same = count(|(people, rubric)| people == rubric);
        let near = count(|(people, rubric)| people.abs_diff(*rubric) <= 1);
        let solid = count(|(_, rubric)| *rubric >= 3);
        writeln!(
            out,
            "{kind:<24} {:>3} {same:>5} {near:>9} {solid:>16}",
            pairs.len()
        )?;
    }
    Ok(())
}

fn worst(
    set: &[Rated],
    assessed: &[Assessment],
    rubric: &Rubric,
    misses: usize,
    mut out: impl Write,
) -> anyhow::Result<()> {
    let mut missed: Vec<(&Rated, &Assessment)> = set
        .iter()
        .zip(assessed)
        .filter(|(rated, ours)| rated.overall != ours.overall)
        .collect();
    missed.sort_by_key(|(rated, ours)| std::cmp::Reverse(rated.overall.abs_diff(ours.overall)));
    for (rated, ours) in missed.into_iter().take(misses) {
        let dims = Dimension::ALL.map(|dimension| rated.dims.of(dimension));
        writeln!(
            out,
            "\n--- {} ({}): people say {} {dims:?}",
            rated.id, rated.kind, rated.overall
        )?;
        write!(out, "{}", explain(&rated.id, &rated.answers, ours, rubric))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_is_one_for_perfect_agreement_and_nothing_for_chance() {
        let same: Vec<(u8, u8)> = (0..5).map(|level| (level, level)).collect();
        let chance: Vec<(u8, u8)> = (0..5).flat_map(|a| (0..5).map(move |b| (a, b))).collect();

        assert!((weighted_kappa(&same) - 1.0).abs() < 1e-9);
        assert!(weighted_kappa(&chance).abs() < 1e-9);
        assert!(weighted_kappa(&[(0, 4), (4, 0)]) < 0.0);
    }
}
