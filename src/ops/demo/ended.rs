//! How deals ended in the quarters before the demo began, each with the plan its seller had written:
//! what an executive reads results from. The CRM is not asked about deals that are long over, so they
//! stand here alone.

use chrono::TimeDelta;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;

use crate::domain::Time;
use crate::domain::deal::{Deal, Standing};
use crate::domain::framework::Framework;
use crate::domain::grade::{Assessment, Grade};
use crate::domain::ids::{ConnectionId, PersonId};
use crate::domain::rubric::assess;
use crate::domain::similarity::Print;
use crate::domain::strategy::Answers;
use crate::sandbox::company::{ACCOUNT, THING};
use crate::sandbox::sellers::{answers, mind};
use crate::store::deals::Marks;
use crate::store::strategies::{Assessed, NewVersion};
use crate::store::tx::Tx;
use crate::web::error::Problem;
use crate::web::session::Me;

/// How many ended with a plan of each grade, and how many in a hundred of them were won. Somewhat
/// more with better plans, as one would hope; nobody predicts anything from it.
const ENDED: [(Grade, usize, usize); 4] = [
    (Grade::Strong, 34, 62),
    (Grade::Solid, 34, 50),
    (Grade::Developing, 34, 36),
    (Grade::Thin, 26, 27),
];
/// Plans looked at until there are as many of each grade.
const MOST_LOOKED_AT: usize = 800;
/// The most deals of a seller that a plan is compared with.
const MOST_COMPARED: i64 = 200;
/// The latest ended so many days ago: nobody is asked to look back on it any more …
const LATEST: u64 = 40;
/// … and all others within so many days before.
const SPREAD: u64 = 200;

/// A plan as it was written, what it was worth, and how its deal ended.
pub(super) struct Plan {
    n: usize,
    account: &'static str,
    answers: Answers,
    assessment: Assessment,
    standing: Standing,
    ended: Time,
}

/// The plans of those deals. It takes its time, so nobody holds the database meanwhile.
pub(super) fn plans(framework: &Framework, now: Time) -> Vec<Plan> {
    let mut dice = ChaCha12Rng::seed_from_u64(1);
    let (mut fresh, mut told) = (Vec::new(), [0_usize; ENDED.len()]);
    let mut plans = Vec::new();
    for n in 0..MOST_LOOKED_AT {
        let ended = now - TimeDelta::days((LATEST + n as u64 % SPREAD) as i64);
        let account = ACCOUNT[n % ACCOUNT.len()];
        let answers = answers(&mind(0, &mut fresh, account, ended, &mut dice));
        let assessment = assess(&answers, &framework.rubric);
        let Some(of_grade) = ENDED.iter().position(|it| it.0 == assessment.grade) else {
            continue;
        };
        let (_, many, share) = ENDED[of_grade];
        let so_far = &mut told[of_grade];
        if *so_far == many {
            continue;
        }
        *so_far += 1;
        // Spread evenly over those of the grade.
        let standing = match *so_far * share / 100 > (*so_far - 1) * share / 100 {
            true => Standing::Won,
            false => Standing::Lost,
        };
        plans.push(Plan {
            n,
            account,
            answers,
            assessment,
            standing,
            ended,
        });
        if ENDED
            .iter()
            .zip(told)
            .all(|((_, many, _), told)| told == *many)
        {
            break;
        }
    }
    plans
}

/// Each plan with a seller whose open deals hold none that reads like it: it would be taken for the one
/// that was copied. A plan that nobody could have written is left out.
async fn shared_out<'a>(
    tx: &mut Tx,
    connection: &ConnectionId,
    (sellers, plans): (&'a [&'a Me], &'a [Plan]),
) -> Result<Vec<(&'a Plan, &'a Me)>, Problem> {
    let mut written: Vec<(&Me, Vec<Print>)> = Vec::with_capacity(sellers.len());
    for seller in sellers {
        let id = seller.face.id.as_str();
        let standing = tx
            .standing_strategies(connection, &[id], MOST_COMPARED)
            .await?;
        let prints = standing
            .values()
            .flatten()
            .map(|it| Print::of(&it.answers.0));
        written.push((seller, prints.collect()));
    }
    let mut shared = Vec::with_capacity(plans.len());
    for plan in plans {
        let print = Print::of(&plan.answers);
        let fits =
            |(_, prints): &(&Me, Vec<Print>)| !prints.iter().any(|it| it.is_near_copy(&print));
        if let Some(place) = written.iter().position(fits) {
            // Whoever has told one comes last for the next.
            let (seller, prints) = written.remove(place);
            written.push((seller, prints));
            shared.push((plan, seller));
        }
    }
    Ok(shared)
}

/// Tells how they ended, of these sellers, and answers with whose each plan is; nothing where the CRM has
/// no stage for won or lost.
///
/// # Errors
/// The database's.
pub(super) async fn tell(
    tx: &mut Tx,
    connection: &ConnectionId,
    (sellers, plans): (&[&Me], &[Plan]),
    framework: &Framework,
    now: Time,
) -> Result<Vec<(String, Print)>, Problem> {
    let stages = tx.stages(connection).await?;
    let stage = |wanted| {
        let mut from_last = stages.iter().rev();
        let last = from_last.find(|it| it.standing() == wanted);
        last.map(|it| it.id.clone())
    };
    let (Some(open), Some(won), Some(lost)) = (
        stage(Standing::Open),
        stage(Standing::Won),
        stage(Standing::Lost),
    ) else {
        return Ok(Vec::new());
    };
    let of_sellers = shared_out(tx, connection, (sellers, plans)).await?;
    let deals: Vec<Deal> = of_sellers
        .iter()
        .map(|(plan, seller)| Deal {
            id: format!("ended-{}", plan.n).into(),
            name: format!("{} {}", plan.account, THING[plan.n % THING.len()]),
            account: Some(plan.account.to_owned()),
            pipeline: None,
            stage: if plan.standing == Standing::Won {
                &won
            } else {
                &lost
            }
            .as_str()
            .into(),
            amount: Some(4_000.0 + 500.0 * (plan.n % 97) as f64),
            currency: Some("EUR".to_owned()),
            close_on: Some(plan.ended.date_naive()),
            seller: Some(seller.face.id.as_str().into()),
            standing: plan.standing,
            changed_at: plan.ended,
            revision: None,
            answers: Answers::default(),
            manager_question: String::new(),
            shown: Vec::new(),
        })
        .collect();
    let marks = Marks {
        seen: String::new(),
        answers: String::new(),
        question: String::new(),
    };
    let rows: Vec<_> = deals.iter().map(|it| (it, &marks, 1)).collect();
    let long_ago = now - TimeDelta::days(LATEST as i64);
    tx.save_deals(connection, &rows, (long_ago, now)).await?;
    let pairs = || deals.iter().zip(of_sellers.iter().map(|it| it.0));
    let versions: Vec<NewVersion<'_>> = pairs()
        .map(|(deal, plan)| NewVersion {
            deal: deal.id.as_str(),
            version: 1,
            answers: plan.answers.clone(),
            source: "crm",
            author: deal.seller.as_ref().map(PersonId::as_str),
            at: plan.ended - TimeDelta::days(12),
            stage: &open,
            amount: deal.amount,
            close_on: deal.close_on,
        })
        .collect();
    tx.insert_versions(connection, &versions).await?;
    let assessed: Vec<Assessed<'_>> = pairs()
        .map(|(deal, plan)| Assessed {
            deal: deal.id.as_str(),
            version: 1,
            assessment: plan.assessment.clone(),
        })
        .collect();
    tx.save_assessments(connection, &framework.label(), &assessed, now)
        .await?;
    let whose = of_sellers
        .iter()
        .map(|(plan, seller)| (seller.face.id.clone(), Print::of(&plan.answers)));
    Ok(whose.collect())
}
