//! `latitude assess`: strategies in, assessments out, one JSON object per line.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::explain::explain;
use super::say::remark;
use crate::domain::coaching::{Note, applying};
use crate::domain::field::Field;
use crate::domain::framework::Framework;
use crate::domain::grade::{Assessment, Dimension, Dimensions, Finding, Grade};
use crate::domain::rubric::{Rubric, assess};
use crate::domain::strategy::{Answers, Part};

/// Assess strategies: one JSON object per line in, one per line out.
#[derive(Debug, Args)]
pub struct AssessArgs {
    /// Print a page a seller can follow instead of JSON.
    #[arg(long)]
    explain: bool,
    /// The framework file whose weights and word lists apply; the built-in one by default.
    #[arg(long, value_name = "FILE")]
    framework: Option<PathBuf>,
}

/// Assesses what comes in on standard input.
///
/// # Errors
/// The first line or framework file that cannot be read, and what to do about it.
pub fn run(args: &AssessArgs) -> anyhow::Result<()> {
    let rubric = rubric_of(args.framework.as_deref())?;
    if io::stdin().is_terminal() {
        remark!(
            "Reading from standard input: a JSON object a line, as --help shows; Ctrl-D ends it."
        );
    }
    let form = if args.explain { Form::Page } else { Form::Json };
    assess_lines(io::stdin().lock(), io::stdout().lock(), &rubric, form)
}

/// How an assessment is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON object per line.
    Json,
    /// A page to read.
    Page,
}

/// The rubric of a framework file, or the built-in one.
///
/// # Errors
/// A file that cannot be read, or that names a key, value and remedy.
pub fn rubric_of(framework: Option<&Path>) -> anyhow::Result<Rubric> {
    let framework = match framework {
        None => Framework::standard(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read; check the path", path.display()))?;
            Framework::read(&text).with_context(|| format!("{} is no framework", path.display()))?
        }
    };
    Ok(framework.rubric)
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    id: Value,
    answers: Map<String, Value>,
    /// What else the line says, which is nobody's answer.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What may stand among the answers and says nothing about the thinking.
const NOT_ASSESSED: &str = "confidence";

impl Asked {
    /// The answers, where each has the name of a part.
    fn answers(&self) -> anyhow::Result<Answers> {
        let parts = Part::ALL.map(Part::name);
        let known = |name: &&String| {
            parts.contains(&name.as_str())
                || [Field::CheckOn.name(), NOT_ASSESSED].contains(&name.as_str())
        };
        if let Some(lost) = self.rest.keys().find(known) {
            anyhow::bail!(
                "{lost} stands beside \"answers\", where nobody reads it; put it into them"
            );
        }
        if let Some(unknown) = self.answers.keys().find(|it| !known(it)) {
            anyhow::bail!(
                "answers.{unknown} is no part of a strategy; there are {} and {}",
                parts.join(", "),
                Field::CheckOn.name()
            );
        }
        let answers = Value::Object(self.answers.clone());
        serde_json::from_value(answers)
            .context("answers: each is a text, and check_on a date such as 2026-12-04, or null")
    }
}

#[derive(Serialize)]
struct Told<'a> {
    id: &'a Value,
    grade: Grade,
    score: Option<u8>,
    dims: Dimensions,
    weakest_part: Option<&'static str>,
    notes: Vec<Note>,
    evidence: Vec<Evidence<'a>>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    rule: &'a str,
    dimension: Option<Dimension>,
    part: Part,
    start: usize,
    end: usize,
    points: f64,
}

/// Assesses every line of `input`; empty lines are left out.
///
/// # Errors
/// A line that is no strategy, named by its number, or an output that is closed.
pub fn assess_lines(
    input: impl BufRead,
    mut output: impl Write,
    rubric: &Rubric,
    form: Form,
) -> anyhow::Result<()> {
    for (number, line) in input.lines().enumerate() {
        let line = line.with_context(|| format!("line {} is not UTF-8 text", number + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let asked: Asked = serde_json::from_str(&line).with_context(|| {
            format!(
                "line {}: write {{\"id\":…,\"answers\":{{\"customer_outcome\":…}}}}",
                number + 1
            )
        })?;
        let answers = asked
            .answers()
            .with_context(|| format!("line {}", number + 1))?;
        let assessment = assess(&answers, rubric);
        match form {
            Form::Json => writeln!(
                output,
                "{}",
                serde_json::to_string(&told(&asked.id, &assessment))?
            )?,
            Form::Page => writeln!(
                output,
                "{}",
                explain(&title(&asked.id), &answers, &assessment, rubric)
            )?,
        }
    }
    Ok(())
}

fn title(id: &Value) -> String {
    match id {
        Value::Null => String::new(),
        Value::String(id) => id.clone(),
        id => id.to_string(),
    }
}

fn told<'a>(id: &'a Value, assessment: &'a Assessment) -> Told<'a> {
    Told {
        id,
        grade: assessment.grade,
        score: assessment.score,
        dims: assessment.dims,
        weakest_part: assessment.weakest_part().map(Dimension::label),
        notes: applying(None, &assessment.notes, &[]),
        evidence: assessment.findings.iter().map(evidence).collect(),
    }
}

fn evidence(finding: &Finding) -> Evidence<'_> {
    Evidence {
        rule: &finding.rule,
        dimension: finding.dimension,
        part: finding.part,
        start: finding.start,
        end: finding.end,
        points: f64::from(finding.points) / 100.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assessed(lines: &str, form: Form) -> anyhow::Result<String> {
        let mut output = Vec::new();
        assess_lines(lines.as_bytes(), &mut output, &Rubric::default(), form)?;
        Ok(String::from_utf8(output)?)
    }

    #[test]
    fn an_answer_beside_the_answers_is_not_passed_over() {
        let line = "{\"id\":1,\"check_on\":\"2026-12-04\",\"answers\":{\"approach\":\"tbd\"}}";
        let refused = assessed(line, Form::Json).expect_err("it would be lost");
        assert!(
            format!("{refused:#}").contains("check_on stands beside"),
            "{refused:#}"
        );
    }

    #[test]
    fn each_line_gets_a_line_back_under_its_id() {
        let lines = "{\"id\":\"d-7\",\"stage\":\"Foo\",\"answers\":{\"approach\":\"tbd\"}}\n\n{\"id\":8,\"answers\":{}}\n";

        let told = assessed(lines, Form::Json).expect("two strategies");

        let told: Vec<Value> = told
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(told.len(), 2);
        assert_eq!(
            (&told[0]["id"], &told[0]["grade"]),
            (&"d-7".into(), &"Not enough yet".into())
        );
        assert_eq!(
            (&told[1]["id"], &told[1]["grade"]),
            (&8.into(), &"No strategy yet".into())
        );
        assert_eq!(told[0]["score"], Value::Null);
        assert_eq!(told[0]["dims"]["next_step"], 0);
    }

    #[test]
    fn a_line_that_is_no_strategy_is_named_with_a_remedy() {
        let error =
            assessed("{\"id\":1,\"answers\":{}}\nnot json\n", Form::Json).expect_err("line 2");

        assert!(
            error.to_string().starts_with("line 2: write {\"id\""),
            "{error}"
        );
    }

    #[test]
    fn a_misspelt_part_is_named_with_those_there_are() {
        for (answers, named) in [
            ("{\"aproach\":\"Ask Ada\"}", "answers.aproach is no part"),
            ("{\"check_on\":\"4.12.2026\"}", "a date such as 2026-12-04"),
            ("{\"need\":7}", "each is a text"),
        ] {
            let line = format!("{{\"id\":1,\"answers\":{answers}}}\n");

            let error = assessed(&line, Form::Json).expect_err("no strategy");

            let told = format!("{error:#}");
            assert!(told.starts_with("line 1: "), "{told}");
            assert!(told.contains(named), "{told}");
        }
    }

    #[test]
    fn the_page_quotes_the_sellers_words() {
        let line = "{\"id\":\"d-1\",\"answers\":{\"customer_outcome\":\"Plant manager Jo lost two shifts in May because the line jammed, and she must tell the board why.\"}}";

        let page = assessed(line, Form::Page).expect("a page");

        assert!(page.contains("Plant manager"), "{page}");
        assert!(page.contains("Customer"), "{page}");
    }
}
