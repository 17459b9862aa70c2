//! Where the points of an assessment come from, dimension by dimension.

use serde::Serialize;

use crate::domain::evidence;
use crate::domain::grade::{Assessment, Dimension, Finding, Grade};
use crate::domain::rubric::says;
use crate::domain::strategy::Answers;

/// Points of one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bar {
    /// What it is called.
    pub name: &'static str,
    /// 0 to 4.
    pub points: u8,
}

/// One dimension with what the rules said of it.
pub struct Side {
    /// The dimension and its points.
    pub bar: Bar,
    /// What was said, the weightiest first.
    pub lines: Vec<Line>,
    /// What was said besides, of less weight.
    pub rest: Vec<Line>,
}

/// So many of what earned and of what lost points are shown of each dimension before the rest.
const WEIGHTIEST: usize = 3;

/// So many quotes stand in the sentence about the whole.
const QUOTED: usize = 2;

/// What is said of a plan in a language that Latitude does not read.
const NOT_ENGLISH: &str = "Latitude reads English so far. This is not a bad grade: the plan is for \
                           people to read.";

/// What one rule said.
pub struct Line {
    /// The points with their sign, such as `+0.40`.
    pub points: String,
    /// Whether they were lost.
    pub lost: bool,
    /// What the rule looks for, in words.
    pub says: &'static str,
    /// The seller's words behind it.
    pub quotes: Vec<String>,
}

/// What was said of the plan as a whole, in a sentence: why there is no grade, or why it is no higher.
pub fn whole(answers: &Answers, assessment: &Assessment) -> Option<String> {
    if assessment.grade == Grade::NotAssessedLanguage {
        return Some(NOT_ENGLISH.to_owned());
    }
    let told = evidence::of_whole(answers, &assessment.findings)?;
    let mut says = says(told.rule).to_owned();
    if let Some(first) = says.get(..1).map(str::to_uppercase) {
        says.replace_range(..1, &first);
    }
    let quotes = told.quotes.iter().take(QUOTED);
    let quotes: Vec<String> = quotes.map(|it| format!("“{it}”")).collect();
    Some(match quotes.is_empty() {
        true => format!("{says}."),
        false => format!("{says}: {}.", quotes.join(", ")),
    })
}

/// The points of each dimension; none where nothing was scored. Where nobody wrote anything and nothing
/// earned a point, none is drawn, wherever a plan begins.
pub fn bars(answers: &Answers, assessment: &Assessment) -> Vec<Bar> {
    let scored = assessment.score.map(|_| Dimension::ALL);
    let bar = |dimension: Dimension| Bar {
        name: dimension.label(),
        points: match is_bare(dimension, answers, assessment) {
            true => 0,
            false => assessment.dims.of(dimension),
        },
    };
    scored.into_iter().flatten().map(bar).collect()
}

/// Whether the part that a dimension is about has no words, and nothing elsewhere earned it a point.
fn is_bare(dimension: Dimension, answers: &Answers, assessment: &Assessment) -> bool {
    let earned = |it: &Finding| it.dimension == Some(dimension) && it.points > 0;
    let words = match dimension {
        Dimension::Customer => &answers.customer_outcome,
        Dimension::Goal => &answers.conversation_goal,
        Dimension::Approach => &answers.approach,
        Dimension::Ownership => &answers.obstacles,
        Dimension::NextStep if answers.check_on.is_some() => return false,
        Dimension::NextStep => &answers.need,
    };
    words.trim().is_empty() && !assessment.findings.iter().any(earned)
}

/// Where the points of each dimension come from.
pub fn sides(answers: &Answers, assessment: &Assessment) -> Vec<Side> {
    let lines = |dimension| {
        evidence::of(dimension, answers, &assessment.findings)
            .into_iter()
            .map(|it| Line {
                points: format!("{:+.2}", f64::from(it.points) / 100.0).replace('-', "−"),
                lost: it.points < 0,
                says: says(it.rule),
                quotes: it.quotes,
            })
            .collect::<Vec<Line>>()
    };
    bars(answers, assessment)
        .into_iter()
        .zip(Dimension::ALL)
        .map(|(bar, dimension)| {
            let (mut earned, mut lost) = (0, 0);
            let (lines, rest) = lines(dimension).into_iter().partition(|line| {
                let so_far = if line.lost { &mut lost } else { &mut earned };
                *so_far += 1;
                *so_far <= WEIGHTIEST
            });
            Side { bar, lines, rest }
        })
        .filter(|side| !side.lines.is_empty())
        .collect()
}
