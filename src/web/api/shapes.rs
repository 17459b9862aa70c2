//! How deals look to other tools.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::strategy::Answers;
use crate::web::closing::SharedLookBack;
use crate::web::marked::{How, Piece};
use crate::web::on_its_way::Told;
use crate::web::since::Since;

/// A page of deals, soonest to close first.
#[derive(Serialize, ToSchema)]
pub struct Deals {
    /// The deals.
    pub deals: Vec<DealLine>,
    /// Send it as `after` for the next page; nothing on the last.
    pub next: Option<String>,
}

/// A deal, as the board shows it.
#[derive(Serialize, ToSchema)]
pub struct DealLine {
    /// The CRM's id.
    pub id: String,
    /// What the seller calls it.
    pub name: String,
    /// The customer.
    pub account: Option<String>,
    /// The stage's name.
    pub stage: String,
    /// The CRM's id of the seller.
    pub seller: Option<String>,
    /// What the seller is called.
    pub seller_name: Option<String>,
    /// Value.
    pub amount: Option<f64>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// When it is expected to close.
    pub close_on: Option<NaiveDate>,
    /// The label of its grade.
    pub grade: String,
    /// 0 to 100; nothing while there is nothing to score.
    pub score: Option<i64>,
    /// The label of its weakest part.
    pub weakest: Option<String>,
    /// The label of its state.
    pub state: Option<String>,
    /// Its page in Latitude.
    pub link: String,
    /// Its page in the CRM; nothing where that is not known.
    pub crm_link: Option<String>,
}

/// What a leader's board opens with; at most five deals each.
#[derive(Serialize, ToSchema)]
pub struct Board {
    /// A talk would help: value, closeness and what the plan lacks, taken together.
    pub talks: Vec<TalkWouldHelp>,
    /// Past their own check date.
    pub past_check_date: Vec<DealLine>,
    /// Strong plans.
    pub worth_learning_from: Vec<DealLine>,
}

/// A deal about which a talk would help.
#[derive(Serialize, ToSchema)]
pub struct TalkWouldHelp {
    /// The deal.
    pub deal: DealLine,
    /// What its plan lacks.
    pub because: String,
}

/// A deal with everything its page shows.
#[derive(Serialize, ToSchema)]
pub struct Deal {
    /// The deal.
    pub deal: DealLine,
    /// Why a strategy is asked for now.
    pub asked_because: Option<&'static str>,
    /// What its stage asks.
    pub guide: Guide,
    /// The strategy.
    pub strategy: Option<Strategy>,
    /// What the rubric says about it.
    pub assessment: Option<AssessmentOfDeal>,
    /// Managers' questions, newest first.
    pub questions: Vec<SaidOfDeal>,
    /// Since when the newest of them waits for an answer; nothing where none does.
    pub question_open_since: Option<DateTime<Utc>>,
    /// Help that managers offered, and where they see it differently.
    pub said: Vec<SaidOfDeal>,
    /// Every version, newest first.
    pub versions: Vec<VersionOfStrategy>,
    /// What the seller said once it was won or lost; only where they shared it.
    pub look_back: Option<SharedLookBack>,
    /// Who opened the strategy: for its seller alone.
    pub opened_by: Option<Vec<OpenedBy>>,
    /// Where the latest words are on their way to the CRM: for its seller alone.
    pub in_the_crm: Option<InTheCrm>,
    /// What changed since the caller and its seller last spoke; nothing where that is not noted.
    pub since_last_talk: Option<SinceLastTalk>,
}

/// What a stage asks, and the lines inside which it is the seller's call.
#[derive(Serialize, ToSchema)]
pub struct Guide {
    /// The stage of the framework; nothing where the CRM's stage maps to none.
    pub stage: Option<String>,
    /// The question of each part of the strategy.
    pub prompts: HashMap<&'static str, String>,
    /// What the customer has said or done by the end of the stage.
    pub evidence: Vec<String>,
    /// Boundaries.
    pub guardrails: Vec<Guardrail>,
}

/// A boundary.
#[derive(Serialize, ToSchema)]
pub struct Guardrail {
    /// The boundary.
    pub line: String,
    /// Why it is there.
    pub reason: String,
    /// Whom to ask.
    pub owner: String,
    /// The day on which it is to be looked at again.
    pub review_on: NaiveDate,
}

/// Where words are on their way to the CRM.
#[derive(Serialize, ToSchema)]
pub struct InTheCrm {
    /// The latest version; 0 for none.
    pub version: i64,
    /// `saved` while they are on their way, `there`, `refused`, `clash` where the CRM was changed at
    /// the same time; nothing where there are none.
    pub state: Option<&'static str>,
    /// The same in a sentence, with the CRM's own reason.
    pub sentence: String,
}

/// What changed since two people last spoke about a deal.
#[derive(Serialize, ToSchema)]
pub struct SinceLastTalk {
    /// The day they spoke.
    pub on: NaiveDate,
    /// Facts and answers that changed.
    pub changes: Vec<Change>,
}

/// Something that changed.
#[derive(Serialize, ToSchema)]
pub struct Change {
    /// What, such as `Stage` or `Approach`.
    pub what: &'static str,
    /// What it was.
    pub before: String,
    /// What it is.
    pub now: String,
}

impl From<Told> for InTheCrm {
    fn from(told: Told) -> Self {
        Self {
            version: told.version,
            state: Some(told.state).filter(|it| !it.is_empty()),
            sentence: told.sentence,
        }
    }
}

impl From<Since> for SinceLastTalk {
    fn from(since: Since) -> Self {
        let all = |pieces: &[Piece], not: How| -> String {
            let kept = pieces.iter().filter(|it| it.how != not);
            kept.map(|it| it.text.as_str()).collect()
        };
        let facts = since.facts.into_iter();
        let facts = facts.map(|(what, before, now)| Change { what, before, now });
        let words = since.words.iter().map(|(what, pieces)| Change {
            what,
            before: all(pieces, How::Added),
            now: all(pieces, How::Removed),
        });
        Self {
            on: since.on,
            changes: facts.chain(words).collect(),
        }
    }
}

/// A seller's answers.
#[derive(Serialize, ToSchema)]
pub struct Strategy {
    pub customer_outcome: String,
    pub conversation_goal: String,
    pub approach: String,
    pub obstacles: String,
    pub check_on: Option<NaiveDate>,
    pub need: String,
}

/// What the rubric says.
#[derive(Serialize, ToSchema)]
pub struct AssessmentOfDeal {
    /// The label of the grade.
    pub grade: &'static str,
    /// 0 to 100.
    pub score: Option<u8>,
    /// Points per dimension, 0 to 4.
    pub points: HashMap<&'static str, u8>,
    /// What earned and lost points, each with the words it quotes.
    pub findings: Vec<Finding>,
    /// Questions back to the seller.
    pub coaching: Vec<String>,
}

/// What one rule found.
#[derive(Serialize, ToSchema)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// The dimension it speaks about; nothing where it is about the whole.
    pub dimension: Option<&'static str>,
    /// The answer it quotes.
    pub part: &'static str,
    /// The words.
    pub quote: String,
    /// Hundredths of a point, earned or lost.
    pub points: i32,
}

/// What someone said about a deal.
#[derive(Serialize, ToSchema)]
pub struct SaidOfDeal {
    /// Who, where known.
    pub who: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// `question`, `help` or `view`.
    pub kind: String,
    /// What.
    pub text: String,
}

/// One version of the strategy.
#[derive(Serialize, ToSchema)]
pub struct VersionOfStrategy {
    /// Counts up from 1.
    pub version: i64,
    /// When it was published.
    pub at: DateTime<Utc>,
    /// `crm`, `panel`, `merge` or `import`.
    pub source: String,
    /// The label of its grade; nothing while it is not assessed.
    pub grade: Option<&'static str>,
    /// What it said.
    pub strategy: Strategy,
}

/// Someone who opened a strategy.
#[derive(Serialize, ToSchema)]
pub struct OpenedBy {
    /// Who.
    pub name: String,
    /// The day they last did.
    pub on: NaiveDate,
}

impl From<&Answers> for Strategy {
    fn from(answers: &Answers) -> Self {
        Self {
            customer_outcome: answers.customer_outcome.clone(),
            conversation_goal: answers.conversation_goal.clone(),
            approach: answers.approach.clone(),
            obstacles: answers.obstacles.clone(),
            check_on: answers.check_on,
            need: answers.need.clone(),
        }
    }
}
