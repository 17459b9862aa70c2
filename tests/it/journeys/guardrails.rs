//! What an admin changes in the framework comes into force, whether or not its version was raised.

use std::sync::Arc;

use chrono::TimeDelta;
use latitude::domain::field::Field;
use latitude::domain::framework::{DEFAULT, Framework};
use latitude::sync::worker::Engine;

use crate::stage::{Stage, sqlite};

#[tokio::test]
async fn a_question_that_an_admin_rewords_stands_in_the_crm_once_the_worker_runs_again() {
    let stage = Stage::set(&sqlite(), 24).await;
    stage.reconcile().await;
    let (asked, reworded) = (
        "What do they want to change,",
        "What is to change for them,",
    );
    let prompts = |words: &str| {
        let deals = 0..stage.served.world.state().deals.len();
        let shown = deals.map(|deal| stage.shown(deal, Field::Prompt).to_string());
        shown.filter(|prompt| prompt.contains(words)).count()
    };
    let before = prompts(asked);
    assert!(before > 0);
    assert_eq!(prompts(reworded), 0);

    stage.clock.advance(TimeDelta::minutes(10));
    let framework = Framework::read(&DEFAULT.replace(asked, reworded)).unwrap();
    let mut engine = Engine::new(
        stage.engine.store.clone(),
        stage.env.clone(),
        Arc::new(framework),
        "https://latitude.test",
        TimeDelta::hours(1),
    );
    engine
        .add(stage.id.clone(), stage.served.settings.clone())
        .unwrap();
    stage.hasten().await;
    engine.run_until_quiet(None).await.unwrap();

    assert_eq!((prompts(asked), prompts(reworded)), (0, before));
}
