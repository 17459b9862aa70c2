//! Two who do something at once, and what takes longer than anyone waits.

use std::time::Duration;

use latitude::domain::hours::Hours;
use latitude::domain::ids::ConnectionId;
use latitude::domain::week::Week;
use reqwest::StatusCode;
use sqlx::Connection;
use tokio::time::timeout;

use super::pyramid::send_up;
use super::site::Site;
use crate::scratch::databases;

const WORDS: &str = "Agree the proof with Ines & her team";
/// How long an answer may take where this is tried out.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longer than any of this takes when it ends at all.
const AGES: Duration = Duration::from_secs(30);

/// Waits until so many statements in a database of its own wait for someone else's.
async fn wait_there(database: &str, many: i64) {
    let mut door = sqlx::PgConnection::connect(database).await.unwrap();
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        let waiting = sqlx::query_scalar(waiting).fetch_one(&mut door);
        let waiting: i64 = waiting.await.unwrap();
        if waiting >= many {
            return;
        }
    }
}

#[tokio::test]
async fn of_two_answers_at_once_one_is_taken_and_the_other_is_told_of_it() {
    for database in databases().await {
        let site = Site::on((database.clone(), None), |_| {}).await;
        let card = send_up(&site, "sam", "Their audit blocks us", false).await;
        let (mut here, mut there) = (site.browser_of("mia").await, site.browser_of("mia").await);
        here.get(&card).await;
        there.get(&card).await;
        let acme = ConnectionId::from("acme");
        // A third holds the card, so that both have read it before either keeps an answer.
        let mut tx = site.store.write().await.unwrap();
        let held = tx.card(&acme, card.rsplit('/').next().unwrap()).await;
        let (held, now) = (held.unwrap().unwrap(), site.env.now());
        let kept = tx.save_card(&acme, &held, &Hours::default(), now).await;
        assert!(kept.unwrap());
        let let_go = async {
            if site.store.is_shared() {
                let both = timeout(AGES, wait_there(&database, 2)).await;
                both.expect("both wait for the third");
            }
            drop(tx);
        };

        let path = format!("{card}/answer");
        let ask = |text| [("kind", "one_question"), ("text", text)];
        let (one, other) = (ask("Who there signs?"), ask("What does it cost them?"));
        let (one, other, ()) =
            tokio::join!(here.post(&path, &one), there.post(&path, &other), let_go);

        let mut answers = [one, other];
        answers.sort_by_key(|it| it.status);
        let [taken, refused] = answers;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
        // One after the other, the second finds the question asked.
        let (status, told) = match site.store.is_shared() {
            true => (StatusCode::CONFLICT, "Someone changed this a moment ago."),
            false => (StatusCode::UNPROCESSABLE_ENTITY, "asked your one question"),
        };
        assert_eq!(refused.status, status, "{}", refused.body);
        assert!(refused.body.contains(told), "{}", refused.body);
        let page = site.browser_of("sam").await.get(&card).await.body;
        let asked = ["Who there signs?", "What does it cost them?"];
        let asked = asked.into_iter().filter(|it| page.contains(it));
        assert_eq!(asked.count(), 1, "{page}");
    }
}

#[tokio::test]
async fn what_takes_too_long_is_given_up_and_its_words_come_back_to_be_sent_again() {
    for database in databases().await {
        let site = Site::on((database, None), |it| it.patience = PATIENCE).await;
        let mut sam = site.browser_of("sam").await;
        let path = "/week/2026-11-16";
        sam.get(path).await;
        // The same week is being kept elsewhere, which takes its time.
        let (first, now) = ("2026-11-16".parse().unwrap(), site.env.now());
        let mut tx = site.store.write().await.unwrap();
        let (acme, person) = (ConnectionId::from("acme"), "sam".into());
        let kept = (first, &Week::default());
        assert!(
            tx.save_week(&acme, &person, kept, (None, now))
                .await
                .unwrap()
        );
        let form = [("what_0", WORDS), ("seen", "")];

        let answer = sam.post(path, &form).await;
        drop(tx);

        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        for shown in [
            "This took us too long",
            "if it was not kept",
            "name=\"what_0\"",
            "Agree the proof with Ines &#38; her team</textarea>",
            "action=\"/week/2026-11-16\"",
        ] {
            assert!(answer.body.contains(shown), "{shown}: {}", answer.body);
        }
        assert!(!answer.body.contains("Nothing has been kept"));
        // The token that came with the form is good.
        let again = sam.post(path, &form).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.body);
        let page = sam.get(path).await.body;
        assert!(page.contains("Agree the proof with Ines"), "{page}");
    }
}
