//! A strategy written for one customer and pasted for another: no grade for it, and a question that
//! only its seller reads.

use chrono::TimeDelta;
use latitude::domain::field::Field;
use latitude::domain::ids::DealId;
use serde_json::Value;

use crate::stage::{Stage, databases};

const OUTCOME: &str = "Ines, the CFO, has to close the books in three days instead of nine before \
    the new owner arrives, because the bank asked twice.";
const APPROACH: &str = "Walk Ines through the close of a peer on Thursday, because she trusts \
    peers more than slides; I leave the price list out until she names the plant.";
const OBSTACLES: &str = "IT may refuse the access before the quarter ends; then I start with one \
    plant, or bring the partner's gateway, and ask Ines which she can carry.";

/// Two open deals of one seller with different customers.
fn a_pair(stage: &Stage) -> (usize, usize) {
    let state = stage.served.world.state();
    let open = |n: &usize| state.deals[*n].stage < 6;
    let all: Vec<usize> = (0..state.deals.len()).filter(open).collect();
    let pair = all.iter().find_map(|first| {
        let is_alike = |second: &&usize| {
            let (first, second) = (&state.deals[*first], &state.deals[**second]);
            first.owner == second.owner && first.account != second.account
        };
        all.iter()
            .filter(|second| *second > first)
            .find(is_alike)
            .map(|second| (*first, *second))
    });
    pair.expect("a seller with two customers")
}

async fn writes(stage: &Stage, deal: usize, buyer: &str) {
    for (field, text) in [
        (Field::CustomerOutcome, OUTCOME),
        (Field::Approach, APPROACH),
        (Field::Obstacles, OBSTACLES),
    ] {
        stage.types(deal, field, &text.replace("Ines", buyer));
    }
    stage.clock.advance(TimeDelta::minutes(20));
    stage.reconcile().await;
}

/// The questions for the seller alone about a deal.
async fn private(stage: &Stage, deal: usize) -> Vec<String> {
    let id = DealId::from(stage.served.world.state().deals[deal].id.as_str());
    let mut tx = stage.engine.store.read().await.unwrap();
    let dossier = tx.dossier(&stage.id, &id).await.unwrap().unwrap();
    let assessment = dossier.assessment.unwrap().0;
    assessment
        .private_notes
        .into_iter()
        .map(|note| note.text)
        .collect()
}

#[tokio::test]
async fn what_was_written_for_another_customer_has_no_grade_and_only_its_seller_is_asked() {
    for database in databases().await {
        let stage = Stage::set(&database, 24).await;
        let (first, second) = a_pair(&stage);
        let original = stage.served.world.state().deals[first].name.clone();
        stage.reconcile().await;
        writes(&stage, first, "Ines").await;
        let graded = stage.shown(first, Field::Grade);

        writes(&stage, second, "Bruno").await;

        assert_ne!(graded, Value::String("Not enough yet".to_owned()));
        assert_eq!(stage.shown(second, Field::Grade), "Not enough yet");
        assert_eq!(stage.shown(second, Field::Score), Value::Null);
        let told = stage.shown(second, Field::Coaching).to_string();
        assert!(!told.contains(&original), "{told}");
        let asked = private(&stage, second).await;
        assert!(
            asked.len() == 1 && asked[0].contains(&format!("your plan for {original}")),
            "{asked:?}"
        );

        // The one that was copied keeps its grade, even where its seller goes on with it.
        let more = "Ines names who signs by Friday, and agrees the date of the proof.";
        stage.types(first, Field::ConversationGoal, more);
        writes(&stage, first, "Ines").await;
        assert_ne!(stage.shown(first, Field::Grade), "Not enough yet");

        // Thought about anew, the other has one too.
        stage.types(
            second,
            Field::CustomerOutcome,
            "Bruno, who runs the depot, loses two drivers a month to the night shift.",
        );
        stage.types(
            second,
            Field::Approach,
            "Ride along on a Tuesday night, since Bruno says nobody from our side has seen it.",
        );
        stage.clock.advance(TimeDelta::minutes(20));
        stage.reconcile().await;
        assert_ne!(stage.shown(second, Field::Grade), "Not enough yet");
    }
}
