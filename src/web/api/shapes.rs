//! How deals look to other tools.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::strategy::Answers;
use crate::web::closing::SharedLookBack;

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

/// A deal with everything its page shows.
#[derive(Serialize, ToSchema)]
pub struct Deal {
    /// The deal.
    pub deal: DealLine,
    /// Why a strategy is asked for now.
    pub asked_because: Option<&'static str>,
    /// The strategy.
    pub strategy: Option<Strategy>,
    /// What the rubric says about it.
    pub assessment: Option<AssessmentOfDeal>,
    /// Managers' questions, newest first.
    pub questions: Vec<SaidOfDeal>,
    /// Help that managers offered, and where they see it differently.
    pub said: Vec<SaidOfDeal>,
    /// Every version, newest first.
    pub versions: Vec<VersionOfStrategy>,
    /// What the seller said once it was won or lost; only where they shared it.
    pub look_back: Option<SharedLookBack>,
    /// Who opened the strategy: for its seller alone.
    pub opened_by: Option<Vec<OpenedBy>>,
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
