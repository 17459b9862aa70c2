//! Someone who owed an answer leaves, or is erased: whoever the seller reports to now owes it.

use chrono::TimeDelta;
use latitude::domain::people::Person;
use latitude::sync::rights::erase;
use reqwest::StatusCode;

use super::floor::Floor;
use crate::stage::{Stage, databases};

const NEED: &str = "Legal has not looked at the contract";

/// The seller sends something up to their manager; the address of the card.
async fn sent_up(floor: &Floor) -> String {
    let mut seller = floor.browser_of(&floor.seller).await;
    let begun = seller.post("/obstacles", &[("text", NEED)]).await;
    let card = begun.header("location").to_owned();
    let form = [
        ("ground", "think_with_me"),
        ("what", "Two hours of a lawyer"),
        ("whom", "Legal"),
        ("by", "2027-01-30"),
    ];
    let sent = seller.post(&format!("{card}/send"), &form).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    card
}

/// From now on the seller reports to the director, in the CRM, and the manager has left or not.
fn reports_to_the_director(floor: &Floor, left: bool) {
    let mut state = floor.stage.served.world.state();
    let place = |person: &Person| {
        let mut people = state.people.iter();
        people.position(|it| it.id == person.id.as_str()).unwrap()
    };
    let [seller, manager, director] = [&floor.seller, &floor.manager, &floor.director].map(place);
    state.people[seller].manager = Some(director);
    state.people[manager].active = !left;
    for one in [seller, manager] {
        state.people[one].changed_at = floor.stage.env.now();
    }
}

#[tokio::test]
async fn an_answer_owed_by_who_has_left_or_was_erased_is_the_present_managers_to_give() {
    for left in [true, false] {
        for database in databases().await {
            let floor = Floor::on(Stage::set(&database, 20).await, |_| {}).await;
            let card = sent_up(&floor).await;
            let answers = async || {
                let mut director = floor.browser_of(&floor.director).await;
                director.get("/answers").await.body
            };
            assert!(!answers().await.contains(NEED));

            reports_to_the_director(&floor, left);
            if !left {
                let (store, manager) = (&floor.stage.engine.store, floor.manager.id.as_str());
                let now = floor.stage.env.now();
                erase(store, &floor.stage.id, manager, now).await.unwrap();
            }
            floor.stage.clock.advance(TimeDelta::hours(25));
            floor.settle().await;

            assert!(answers().await.contains(NEED), "left: {left}, {database}");
            let mut director = floor.browser_of(&floor.director).await;
            director.get(&card).await;
            let no = [
                ("kind", "no"),
                ("text", "Their paper is what we sign with everyone there"),
                ("more", "A clause that we cannot carry"),
            ];
            let answered = director.post(&format!("{card}/answer"), &no).await;
            assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", answered.body);
            let page = director.get(answered.header("location")).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.body);
            let page = floor.browser_of(&floor.seller).await.get(&card).await;
            assert!(page.body.contains("Their paper is what"), "{}", page.body);
        }
    }
}
