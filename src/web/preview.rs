//! The grade-to-be of words that are still being typed. Nothing is kept.

use serde::Serialize;

use super::marked::{How, pieces};
use super::why::{self, Bar};
use super::words;
use crate::domain::grade::Assessment;
use crate::domain::outlook::MOST_NOTES;
use crate::domain::strategy::{Answers, Part};

/// What the panel shows while one types.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preview {
    /// The label of the grade.
    pub grade: &'static str,
    /// The class it is drawn with.
    pub class: &'static str,
    /// 0 to 100; none while there is nothing to score.
    pub score: Option<u8>,
    /// The points of each dimension; empty while there is nothing to score.
    pub dims: Vec<Bar>,
    /// At most two questions back.
    pub notes: Vec<Said>,
    /// Questions for the seller's eyes alone.
    pub private_notes: Vec<Said>,
    /// The words of each part, those that earned or lost points marked in their place.
    pub parts: Vec<Marked>,
}

/// A question back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Said {
    /// Its name.
    pub name: String,
    /// The question.
    pub text: String,
}

/// A part with its words cut where a rule begins and ends to speak of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Marked {
    /// The plain name of the part.
    pub part: &'static str,
    /// The stretches, in order.
    pub pieces: Vec<Stretch>,
}

/// A stretch of words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stretch {
    /// The words.
    pub text: String,
    /// `earned`, `lost` or nothing.
    pub how: &'static str,
    /// Which rules speak of it.
    pub rules: String,
}

/// The preview of some answers, by what is said of them.
pub fn of(answers: &Answers, assessment: &Assessment, dismissed: &[String]) -> Preview {
    let grade = assessment.grade.label();
    // Where nothing is scored, no words earned or cost anything.
    let findings = match assessment.score {
        Some(_) => assessment.findings.as_slice(),
        None => &[],
    };
    let stays = |name: &String| !dismissed.contains(name);
    let parts = Part::ALL.into_iter().map(|part| Marked {
        part: part.name(),
        pieces: pieces(answers.part(part), part, findings)
            .into_iter()
            .map(|piece| Stretch {
                text: piece.text,
                how: match piece.how {
                    How::Earned => "earned",
                    How::Lost => "lost",
                    _ => "",
                },
                rules: piece.rules,
            })
            .collect(),
    });
    Preview {
        grade,
        class: words::grade_class(grade),
        score: assessment.score,
        dims: why::bars(assessment),
        notes: assessment
            .notes
            .iter()
            .filter(|note| stays(&note.name))
            .take(MOST_NOTES)
            .map(|note| Said {
                name: note.name.clone(),
                text: note.text.clone(),
            })
            .collect(),
        private_notes: assessment
            .private_notes
            .iter()
            .filter(|note| stays(&note.name))
            .map(|note| Said {
                name: note.name.clone(),
                text: note.text.clone(),
            })
            .collect(),
        parts: parts
            .filter(|it| it.pieces.iter().any(|piece| !piece.how.is_empty()))
            .collect(),
    }
}
