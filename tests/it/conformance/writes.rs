//! Writing back.

use latitude::crm::ALL;
use latitude::crm::write::{Outcome, Update};
use latitude::domain::field::{Field, Value};
use latitude::domain::text::fit;
use serde_json::json;

use crate::bench::Bench;

fn update(deal: &latitude::domain::ids::DealId, fields: &[(Field, Value)]) -> Update {
    Update {
        deal: deal.clone(),
        fields: fields.to_vec(),
        revision: None,
    }
}

#[tokio::test]
async fn what_is_written_is_what_a_pull_reads() {
    for crm in ALL {
        let bench = Bench::ready(*crm, 20).await;
        let deal = bench.deals().await.remove(0);
        let facts = [
            (Field::Score, Value::Number(72)),
            (Field::Grade, Value::text("Solid")),
            (Field::WeakestPart, Value::text("Next step")),
            (Field::State, Value::text("Current")),
            (Field::NeedState, Value::text("None")),
        ];
        let texts = [
            (
                Field::Coaching,
                Value::text("What would you try if that door were closed?\n\n“Ümläut” 👩‍👩‍👧"),
            ),
            (
                Field::AssessedAt,
                Value::Time("2026-11-17T09:00:00Z".parse().unwrap()),
            ),
            (Field::Framework, Value::text("default-1")),
            (
                Field::Panel,
                Value::text("https://latitude.acme.test/deals/1"),
            ),
            (Field::NeedDue, Value::Empty),
        ];

        let outcomes = bench
            .crm
            .write(
                &bench.session,
                &[update(&deal.id, &[&facts[..], &texts[..]].concat())],
            )
            .await;

        let id = crm.profile().id;
        assert_eq!(outcomes.unwrap(), [Outcome::Written], "{id}");
        let now = bench
            .crm
            .deal(&bench.session, &deal.id)
            .await
            .unwrap()
            .unwrap();
        for fact in &facts {
            assert!(
                now.shown.contains(fact),
                "{id}: {fact:?} is not in {:?}",
                now.shown
            );
        }
        assert_eq!(now.answers, deal.answers, "{id}: a person's words changed");
    }
}

#[tokio::test]
async fn one_refused_record_does_not_sink_its_batch() {
    for crm in ALL {
        let bench = Bench::ready(*crm, 20).await;
        let deals = bench.deals().await;
        let most = crm.profile().write_batch.clamp(1, 3);
        let refused = &deals[most / 2].id;
        let rule = json!({"trouble": {"refused": "Close date cannot be in the past"}});
        bench.edit(refused.as_str(), rule).await;

        let batch: Vec<Update> = deals
            .iter()
            .take(most)
            .map(|deal| update(&deal.id, &[(Field::Score, Value::Number(50))]))
            .collect();
        let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();

        let id = crm.profile().id;
        assert_eq!(outcomes.len(), batch.len(), "{id}");
        for (update, outcome) in batch.iter().zip(&outcomes) {
            if update.deal == *refused {
                let Outcome::Refused(refusal) = outcome else {
                    panic!("{id}: {outcome:?}")
                };
                assert!(refusal.message.contains("Close date"), "{id}: {refusal:?}");
            } else {
                assert_eq!(*outcome, Outcome::Written, "{id}");
            }
        }
    }
}

#[tokio::test]
async fn writing_to_a_deleted_deal_says_so() {
    for crm in ALL {
        let bench = Bench::ready(*crm, 20).await;
        let deal = bench.deals().await.remove(0);
        bench.edit(deal.id.as_str(), json!({"deleted": true})).await;

        let batch = [update(&deal.id, &[(Field::Score, Value::Number(50))])];
        let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();

        assert_eq!(outcomes, [Outcome::Gone], "{}", crm.profile().id);
    }
}

#[tokio::test]
async fn the_longest_text_survives_the_way_there_and_back() {
    for crm in ALL {
        let bench = Bench::ready(*crm, 20).await;
        let deal = bench.deals().await.remove(0);
        let profile = crm.profile();
        let place = &bench.session.fields.0[&Field::Approach];
        let longest = place.longest.unwrap_or(profile.longest_text).min(131_072);
        let text = fit(
            &"A reason, ünïcode 👩‍👩‍👧‍👦 and more.\n".repeat(6_000),
            longest,
            profile.unit,
        );

        let batch = [update(
            &deal.id,
            &[(Field::Approach, Value::text(text.clone()))],
        )];
        let outcomes = bench.crm.write(&bench.session, &batch).await.unwrap();

        assert_eq!(outcomes, [Outcome::Written], "{}", profile.id);
        let now = bench
            .crm
            .deal(&bench.session, &deal.id)
            .await
            .unwrap()
            .unwrap();
        assert!(
            now.answers.approach == text,
            "{}: the text changed on its way",
            profile.id
        );
    }
}
