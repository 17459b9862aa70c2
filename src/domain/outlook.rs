//! What should stand in a deal's CRM fields, from everything Latitude knows about it.
//!
//! A pure function of its inputs, so that it can be computed again at any time and compared with
//! what was written last.

use sha2::{Digest, Sha256};

use super::Time;
use super::cadence::{Reason, State};
use super::coaching;
use super::field::{Field, Value};
use super::framework::{Framework, StageGuide};
use super::grade::{Grade, Verdict};
use super::strategy::{Answers, Part};

/// Everything Latitude knows about one deal at one moment.
#[derive(Clone, Debug)]
pub struct Outlook<'a> {
    /// The guardrails.
    pub framework: &'a Framework,
    /// The framework's stage; none means the default prompts.
    pub stage: Option<&'a StageGuide>,
    /// What people call the CRM's stage.
    pub stage_name: &'a str,
    /// Where the strategy stands.
    pub state: State,
    /// Why it is asked for now, if it is.
    pub asked: Option<Reason>,
    /// What the seller wrote; none where nothing was.
    pub answers: Option<&'a Answers>,
    /// What the rubric says about it, and when it said so.
    pub assessment: Option<(&'a Verdict, Time)>,
    /// Questions of managers, newest first, already in words for the CRM.
    pub questions: &'a [String],
    /// Names of notes that the seller said do not apply here.
    pub dismissed: &'a [String],
    /// The label of the need's state, and when an answer is due.
    pub need: (&'static str, Option<Time>),
    /// The address that opens this deal in Latitude.
    pub panel: String,
}

impl Outlook<'_> {
    /// What each of Latitude's own fields should hold.
    pub fn fields(&self) -> Vec<(Field, Value)> {
        if self.state == State::Closed {
            return vec![(Field::State, Value::text(self.state.label()))];
        }
        let assessment = self.assessment.map(|(assessment, _)| assessment);
        let grade = assessment.map_or(Grade::NoStrategyYet, |it| it.grade);
        let score = assessment.and_then(|it| it.score);
        let weakest = assessment.and_then(Verdict::weakest_part);
        vec![
            (Field::Prompt, Value::text(self.prompt())),
            (Field::Strategy, Value::text(self.strategy())),
            (
                Field::Score,
                score.map_or(Value::Empty, |score| Value::Number(score.into())),
            ),
            (Field::Grade, Value::text(grade.label())),
            (
                Field::WeakestPart,
                weakest.map_or(Value::Empty, |it| Value::text(it.label())),
            ),
            (Field::State, Value::text(self.state.label())),
            (Field::Coaching, Value::text(self.coaching().join("\n\n"))),
            (Field::NeedState, Value::text(self.need.0)),
            (
                Field::NeedDue,
                self.need.1.map_or(Value::Empty, Value::Time),
            ),
            (
                Field::AssessedAt,
                self.assessment
                    .map_or(Value::Empty, |(_, at)| Value::Time(at)),
            ),
            (Field::Framework, Value::text(self.framework.label())),
            (Field::Panel, Value::text(self.panel.clone())),
        ]
    }

    /// This stage's questions, and why they are asked now.
    pub fn prompt(&self) -> String {
        let mut lines = Vec::new();
        if let Some(reason) = self.asked {
            lines.push(format!("{}\n", reason.told()));
        }
        for (n, part) in Part::ANSWERS.into_iter().enumerate() {
            lines.push(format!(
                "{}. {}",
                n + 1,
                self.framework.prompt(self.stage, part)
            ));
        }
        lines.push(self.framework.prompts.check_on.clone());
        lines.push(self.framework.prompts.need.clone());
        lines.join("\n")
    }

    /// The four answers in one readable text.
    pub fn strategy(&self) -> String {
        let Some(answers) = self.answers else {
            return String::new();
        };
        let mut parts: Vec<String> = Part::ALL
            .into_iter()
            .filter(|part| !answers.part(*part).trim().is_empty())
            .map(|part| format!("{}\n{}", part.field().label(), answers.part(part).trim()))
            .collect();
        if let Some(date) = answers.check_on {
            parts.push(format!("{}\n{date}", Field::CheckOn.label()));
        }
        parts.join("\n\n")
    }

    /// Questions back to the seller, each a paragraph, newest first.
    pub fn coaching(&self) -> Vec<String> {
        let raised = coaching::of_state(self.state, self.stage_name, &self.framework.rubric);
        let notes = self.assessment.map_or(&[][..], |(it, _)| &it.notes);
        let notes = coaching::applying(raised, notes, self.dismissed).into_iter();
        let mut paragraphs: Vec<String> = self.questions.to_vec();
        paragraphs.extend(notes.map(|note| note.text));
        paragraphs
    }
}

/// A mark of what fields hold: equal marks mean equal content.
pub fn mark(fields: &[(Field, Value)]) -> String {
    let mut hash = Sha256::new();
    for (field, value) in fields {
        hash.update(field.name());
        hash.update([0]);
        match value {
            Value::Empty => hash.update([0]),
            Value::Text(text) => {
                hash.update([1]);
                hash.update(text);
            }
            Value::Number(number) => hash.update(number.to_be_bytes()),
            Value::Date(date) => hash.update(date.to_string()),
            Value::Time(time) => hash.update(time.timestamp_millis().to_be_bytes()),
        }
        hash.update([0]);
    }
    shortened(hash)
}

/// The first twelve bytes of a hash as text: enough to tell any two contents apart.
pub fn shortened(hash: Sha256) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let mut text = String::with_capacity(24);
    for byte in hash.finalize().iter().take(12) {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
    text
}

/// The mark of those fields that managers filter by, as [`Field::is_fact`] says.
pub fn mark_of_facts(fields: &[(Field, Value)]) -> String {
    let mut facts: Vec<(Field, Value)> = fields
        .iter()
        .filter(|(field, value)| field.is_fact() && *value != Value::Empty)
        .cloned()
        .collect();
    facts.sort_by_key(|(field, _)| *field);
    mark(&facts)
}
