//! The grade-to-be of words that are still being typed. Nothing is kept.

use serde::Serialize;

use super::around::raised;
use super::error::Problem;
use super::marked::{How, pieces};
use super::panel_view::Desk;
use super::why::{self, Bar};
use super::{App, words};
use crate::domain::Time;
use crate::domain::coaching::{
    Note, PrivateNote, applying, not_applying, private_applying, so_far,
};
use crate::domain::grade::Assessment;
use crate::domain::strategy::{Answers, Part};
use crate::store::tx::Tx;
use crate::sync::assess::assess_now;

/// What the panel shows while one types.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preview {
    /// The label of the grade.
    pub grade: &'static str,
    /// The class it is drawn with.
    pub class: &'static str,
    /// 0 to 100; none while there is nothing to score.
    pub score: Option<u8>,
    /// What was said of the whole: why there is no grade, or why it is no higher.
    pub why: Option<String>,
    /// The points of each dimension; empty while there is nothing to score.
    pub dims: Vec<Bar>,
    /// At most two questions back.
    pub notes: Vec<Said>,
    /// Questions of which the seller said that they do not apply here.
    pub dismissed: Vec<Said>,
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

/// The preview of some answers at a seller's desk, as if they were published at a moment. While they
/// are what is published, where the deal stands may raise a question too.
///
/// # Errors
/// The database's.
pub async fn of(
    app: &App,
    tx: &mut Tx,
    desk: &Desk,
    (answers, at): (&Answers, Time),
) -> Result<Preview, Problem> {
    let (connection, deal, _) = desk.ids();
    let dossier = &desk.dossier;
    let mut dismissed = tx.dismissed_notes(&connection, &[deal.as_str()]).await?;
    let dismissed = dismissed.remove(deal.as_str()).unwrap_or_default();
    let mut assessment =
        assess_now(tx, &connection, (dossier, answers, at), &app.framework).await?;
    let published = dossier.answers.as_ref();
    let raised = match published.is_some_and(|it| it.says_the_same(answers)) {
        true => raised(app, dossier, &tx.stages(&connection).await?),
        false => {
            assessment.notes = so_far(&assessment.notes, answers);
            None
        }
    };
    Ok(drawn(answers, &assessment, raised, &dismissed))
}

fn asked(notes: Vec<Note>) -> Vec<Said> {
    let said = |Note { name, text }| Said { name, text };
    notes.into_iter().map(said).collect()
}

fn drawn(
    answers: &Answers,
    assessment: &Assessment,
    raised: Option<Note>,
    dismissed: &[String],
) -> Preview {
    let grade = assessment.grade.label();
    // Where nothing is scored, no words earned or cost anything.
    let findings = match assessment.score {
        Some(_) => assessment.findings.as_slice(),
        None => &[],
    };
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
        why: why::whole(answers, assessment),
        dims: why::bars(answers, assessment),
        notes: asked(applying(raised.clone(), &assessment.notes, dismissed)),
        dismissed: asked(not_applying(raised, &assessment.notes, dismissed)),
        private_notes: private_applying(&assessment.private_notes, dismissed)
            .into_iter()
            .map(|PrivateNote { name, text }| Said { name, text })
            .collect(),
        parts: parts
            .filter(|it| it.pieces.iter().any(|piece| !piece.how.is_empty()))
            .collect(),
    }
}
