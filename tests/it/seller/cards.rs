//! What the store keeps of obstacles, drafts, weeks and embeds, on both databases.

use chrono::TimeDelta;
use latitude::domain::Time;
use latitude::domain::answer::Answer;
use latitude::domain::hours::Hours;
use latitude::domain::ids::{ConnectionId, DealId, PersonId};
use latitude::domain::obstacle::kinds::{Ground, Kind, Level, Outcome, State};
use latitude::domain::obstacle::{Choice, Closing, Deed, Need, Obstacle, To};
use latitude::domain::strategy::Answers;
use latitude::domain::week::{Outcome as Thing, Week, monday};
use latitude::store::Store;
use latitude::store::drafts::Draft;
use latitude::store::obstacles::{Card, Said, Which};
use sqlx::types::Json;

use super::shelf::shelves;
use crate::bench::MORNING;

fn now() -> Time {
    MORNING.parse().unwrap()
}

fn acme() -> ConnectionId {
    "acme".into()
}

fn hours() -> Hours {
    Hours::default()
}

fn to(level: Level, responder: Option<&str>) -> To {
    To {
        level,
        responder: responder.map(Into::into),
        owed: hours().day() * level.usual_days(),
    }
}

fn need(gap: bool) -> Need {
    Need {
        what: "Two days of an architect".to_owned(),
        whom: "Ines".to_owned(),
        by: "2026-11-30".parse().unwrap(),
        gap,
    }
}

async fn begin(store: &Store, id: &str, text: &str) -> Card {
    let card = Card {
        id: id.to_owned(),
        deal: Some("D1".to_owned()),
        seller: "S1".to_owned(),
        began_at: now(),
        changed_at: now(),
        revision: 0,
        obstacle: Obstacle::new(text).unwrap(),
        said: Vec::new(),
    };
    let mut tx = store.write().await.unwrap();
    tx.add_card(&acme(), &card).await.unwrap();
    tx.commit().await.unwrap();
    card
}

async fn does(store: &Store, id: &str, deed: Deed, at: Time) -> Card {
    let mut tx = store.write().await.unwrap();
    let mut card = tx.card(&acme(), id).await.unwrap().unwrap();
    card.obstacle.take(deed, at, &hours()).unwrap();
    assert!(tx.save_card(&acme(), &card, &hours(), at).await.unwrap());
    tx.commit().await.unwrap();
    let kept = store
        .read()
        .await
        .unwrap()
        .card(&acme(), id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.obstacle, card.obstacle);
    kept
}

fn option() -> Deed {
    Deed::Add(Choice {
        kind: Kind::Partner,
        text: "A partner has it".to_owned(),
    })
}

#[tokio::test]
async fn a_card_is_kept_as_it_was_through_every_state() {
    for shelf in shelves().await {
        let store = &shelf.store;
        begin(store, "a", "They want single sign-on").await;
        does(store, "a", option(), now()).await;
        does(store, "a", Deed::Choose(0), now()).await;
        let send = Deed::SendUp(
            Ground::OwnOption,
            need(true),
            to(Level::Manager, Some("M1")),
        );
        does(store, "a", send, now()).await;
        let question = Answer::OneQuestion {
            question: "Which system?".to_owned(),
        };
        does(
            store,
            "a",
            Deed::Answer(question, None),
            now() + TimeDelta::hours(2),
        )
        .await;
        does(
            store,
            "a",
            Deed::Reply("Billing".to_owned()),
            now() + TimeDelta::hours(26),
        )
        .await;
        let backing = Answer::PassedUp {
            backing: "It opens the account".to_owned(),
        };
        let product = to(Level::Product, None);
        does(
            store,
            "a",
            Deed::Answer(backing, Some(product)),
            now() + TimeDelta::hours(27),
        )
        .await;
        let until = "2026-11-30".parse().unwrap();
        let backed = Answer::Backed {
            until,
            note: String::new(),
        };
        does(
            store,
            "a",
            Deed::Answer(backed, None),
            now() + TimeDelta::hours(28),
        )
        .await;
        does(store, "a", Deed::SayKept, now() + TimeDelta::hours(48)).await;
        let closing = Closing {
            outcome: Outcome::WorkedAround,
            helped: Some(true),
            lesson: "Their own gateway did it, 100% of it, despite the Ärger with ЗАКУПКИ"
                .to_owned(),
        };
        let card = does(
            store,
            "a",
            Deed::Close(closing),
            now() + TimeDelta::hours(49),
        )
        .await;

        assert_eq!(card.obstacle.turns.len(), 2);
        assert_eq!(card.obstacle.state, State::Closed);
        let mut tx = store.read().await.unwrap();
        let later = now() + TimeDelta::days(30);
        let promises = tx.own_promises(&acme(), "", later).await.unwrap();
        assert_eq!(promises, (1, 1), "kept once is kept");
        for (words, found) in [
            ("gateway SINGLE", 1),
            ("100%", 1),
            ("ärger", 1),
            ("ÄRGER закупки gateway", 1),
            ("ärgern", 0),
            ("ä_ger", 0),
            ("%", 1),
            ("_", 0),
            ("x", 0),
            ("", 1),
        ] {
            let cards = tx.cards(&acme(), Which::Library(words)).await.unwrap();
            assert_eq!(cards.len(), found, "{words}");
        }
        assert!(
            tx.cards(&"other".into(), Which::Library(""))
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn two_who_change_a_card_at_once_do_not_overwrite_each_other() {
    for shelf in shelves().await {
        let store = &shelf.store;
        let mut stale = begin(store, "a", "They want single sign-on").await;
        does(store, "a", option(), now()).await;

        stale.obstacle.take(option(), now(), &hours()).unwrap();
        let mut tx = store.write().await.unwrap();
        let kept = tx
            .save_card(&acme(), &stale, &hours(), now())
            .await
            .unwrap();

        assert!(!kept);
    }
}

#[tokio::test]
async fn the_need_that_waits_longest_is_the_one_the_crm_shows() {
    for shelf in shelves().await {
        let store = &shelf.store;
        for id in ["a", "b"] {
            begin(store, id, "They want single sign-on").await;
        }
        let send = |n| {
            let to = to(Level::Manager, Some("M1"));
            (
                Deed::SendUp(Ground::Urgent, need(false), to),
                now() + TimeDelta::hours(n),
            )
        };
        let shown = async |at: Time| {
            let mut tx = store.read().await.unwrap();
            let all = tx.needs_shown(&acme(), &["D1", "D2"], at).await.unwrap();
            all.get("D1").copied().unwrap_or_default()
        };
        let due = |n| Some(now() + TimeDelta::hours(n));

        assert_eq!(shown(now()).await.state, None);
        let (deed, at) = send(1);
        does(store, "a", deed, at).await;
        let (deed, at) = send(2);
        does(store, "b", deed, at).await;
        let both = shown(now() + TimeDelta::hours(3)).await;
        assert_eq!((both.state, both.due), (Some("With manager"), due(25)));
        assert_eq!(both.look_at, due(25));
        let late = shown(now() + TimeDelta::hours(25)).await;
        assert_eq!(
            (late.state, late.due, late.look_at),
            (Some("Overdue"), due(25), due(26))
        );

        let until = "2026-11-30".parse().unwrap();
        let backed = |_| {
            Deed::Answer(
                Answer::Backed {
                    until,
                    note: String::new(),
                },
                None,
            )
        };
        does(store, "a", backed(()), now() + TimeDelta::hours(3)).await;
        assert_eq!(shown(now() + TimeDelta::hours(4)).await.due, due(26));
        let question = Answer::OneQuestion {
            question: "Which?".to_owned(),
        };
        does(
            store,
            "b",
            Deed::Answer(question, None),
            now() + TimeDelta::hours(4),
        )
        .await;
        let paused = shown(now() + TimeDelta::days(30)).await;
        assert_eq!((paused.state, paused.due), (Some("With manager"), None));
        does(
            store,
            "b",
            Deed::Reply("This".to_owned()),
            now() + TimeDelta::hours(5),
        )
        .await;
        does(store, "b", backed(()), now() + TimeDelta::hours(6)).await;
        assert_eq!(
            shown(now() + TimeDelta::hours(7)).await.state,
            Some("Answered")
        );
    }
}

#[tokio::test]
async fn cards_are_found_by_whose_turn_it_is() {
    for shelf in shelves().await {
        let store = &shelf.store;
        begin(store, "a", "They want single sign-on").await;
        let send = Deed::SendUp(
            Ground::ThinkWithMe,
            need(true),
            to(Level::Manager, Some("M1")),
        );
        does(store, "a", send, now()).await;
        let found = async |which| {
            let mut tx = store.read().await.unwrap();
            tx.cards(&acme(), which).await.unwrap().len()
        };

        assert_eq!(found(Which::WaitingOn("M1")).await, 1);
        assert_eq!(found(Which::WaitingOn("M2")).await, 0);
        let backing = Answer::PassedUp {
            backing: "It opens the account".to_owned(),
        };
        let deed = Deed::Answer(backing, Some(to(Level::Product, None)));
        does(store, "a", deed, now()).await;
        assert_eq!(found(Which::WaitingOn("M1")).await, 0);
        assert_eq!(found(Which::EverAskedOf("M1")).await, 1);
        assert_eq!(found(Which::QueueOf(Level::Product)).await, 1);
        assert_eq!(found(Which::OfSeller("S1")).await, 1);
        assert_eq!(found(Which::OfDeal("D1")).await, 1);
        let said = Said {
            round: 1,
            turn: 0,
            at: now(),
            person: "M1".to_owned(),
            kind: "passed_up".to_owned(),
            text: "It opens the account".to_owned(),
            more: String::new(),
            until: None,
        };
        let mut tx = store.write().await.unwrap();
        tx.add_said(&acme(), "a", &said).await.unwrap();
        assert_eq!(tx.card(&acme(), "a").await.unwrap().unwrap().said, [said]);
    }
}

#[tokio::test]
async fn drafts_weeks_and_panel_keys_are_each_persons_own() {
    for shelf in shelves().await {
        let mut tx = shelf.store.write().await.unwrap();
        let (deal, me, other) = (
            DealId::from("D1"),
            PersonId::from("S1"),
            PersonId::from("S2"),
        );
        let draft = Draft {
            answers: Json(Answers {
                approach: "By phone".to_owned(),
                ..Answers::default()
            }),
            confidence: Some(60),
            base_version: 3,
            saved_at: now(),
            window: "a1".to_owned(),
        };
        tx.save_draft(&acme(), &deal, &me, &draft).await.unwrap();
        let kept = tx.draft(&acme(), &deal, &me).await.unwrap().unwrap();
        assert_eq!(
            (kept.answers, kept.confidence, kept.base_version),
            (draft.answers, Some(60), 3)
        );
        assert!(tx.draft(&acme(), &deal, &other).await.unwrap().is_none());
        tx.drop_draft(&acme(), &deal, &me).await.unwrap();
        assert!(tx.draft(&acme(), &deal, &me).await.unwrap().is_none());

        let week = Week {
            outcomes: vec![Thing {
                what: "Agree the proof".to_owned(),
                ..Thing::default()
            }],
            ..Week::default()
        };
        let first = monday(now().date_naive());
        let times = (None, now());
        let kept = tx.save_week(&acme(), &me, (first, &week), times).await;
        assert!(kept.unwrap());
        assert_eq!(tx.week(&acme(), &me, first).await.unwrap(), week);
        assert_eq!(
            tx.week(&acme(), &other, first).await.unwrap(),
            Week::default()
        );
        assert_eq!(tx.weeks(&acme(), &me).await.unwrap(), [first]);

        let soon = now() + TimeDelta::minutes(5);
        assert!(tx.use_nonce(&acme(), "n", (now(), soon)).await.unwrap());
        assert!(!tx.use_nonce(&acme(), "n", (now(), soon)).await.unwrap());
        assert!(
            tx.use_nonce(&"other".into(), "n", (now(), soon))
                .await
                .unwrap()
        );
    }
}
