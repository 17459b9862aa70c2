//! The story in a real browser, where `LATITUDE_TEST_BROWSER` names one. The script plays the
//! people; the clock and the CRM stay here.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::embed::signed;
use super::floor::Floor;
use latitude::domain::field::Field;
use latitude::store::obstacles::Which;

#[expect(
    clippy::disallowed_methods,
    reason = "which browser is there is the machine's say"
)]
fn chromium() -> Option<String> {
    std::env::var("LATITUDE_TEST_BROWSER").ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_is_played_in_a_real_browser() {
    let Some(chromium) = chromium() else {
        return;
    };
    let floor = Floor::open().await;
    let root = env!("CARGO_MANIFEST_DIR");
    let key =
        |person: &latitude::domain::people::Person| format!("{}:{}", floor.stage.id, person.id);
    let mut node = Command::new("node")
        .arg("story.mjs")
        .current_dir(format!("{root}/tests/browser"))
        .env("BASE", &floor.base)
        .env("SELLER", key(&floor.seller))
        .env("MANAGER", key(&floor.manager))
        .env("DIRECTOR", key(&floor.director))
        .env("EXECUTIVE", key(&floor.executive))
        .env("PRODUCT", key(&floor.product))
        .env("DEAL", floor.panel().replace("/panel/", "/deals/"))
        .env("PANEL", floor.panel())
        .env("CHROMIUM", chromium)
        .env("ARTEFACTS", format!("{root}/tests/artefacts"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = node.stdin.take().unwrap();
    let mut from = BufReader::new(node.stdout.take().unwrap());
    loop {
        let mut line = String::new();
        if tokio::task::block_in_place(|| from.read_line(&mut line)).unwrap() == 0 {
            break;
        }
        let wish: Value = serde_json::from_str(&line).unwrap();
        let mut answer = json!({});
        match wish["do"].as_str().unwrap() {
            "settle" => floor.settle().await,
            "percent" => {
                let percent = i32::try_from(wish["percent"].as_i64().unwrap()).unwrap();
                move_clock(&floor, percent).await;
            }
            "crm" => {
                answer = json!({
                    "grade": floor.stage.shown(floor.place, Field::Grade),
                    "coaching": floor.stage.shown(floor.place, Field::Coaching),
                    "strategy": floor.stage.shown(floor.place, Field::Strategy),
                    "need_state": floor.stage.shown(floor.place, Field::NeedState),
                });
            }
            "embed" => {
                let person = match wish["person"].as_str().unwrap() {
                    "seller" => &floor.seller,
                    _ => &floor.manager,
                };
                answer = json!({
                    "action": format!("/embed/{}", floor.stage.id),
                    "signed": signed(&floor, person, None, None).await,
                });
            }
            "minutes" => {
                let minutes = wish["minutes"].as_i64().unwrap();
                floor
                    .stage
                    .clock
                    .advance(chrono::TimeDelta::minutes(minutes));
            }
            "types" => {
                let text = wish["text"].as_str().unwrap();
                floor.stage.types(floor.place, Field::Approach, text);
            }
            "won" => {
                let world = &floor.stage.served.world;
                {
                    let mut state = world.state();
                    state.deals[floor.place].stage = 6;
                    let owner = state.deals[floor.place].owner;
                    world.touch(&mut state, floor.place, owner);
                }
                floor.stage.clock.advance(chrono::TimeDelta::minutes(20));
                floor.settle().await;
            }
            _ => break,
        }
        writeln!(to, "{answer}").unwrap();
    }
    let ended = tokio::task::block_in_place(|| node.wait()).unwrap();
    assert!(ended.success(), "the script in tests/browser says why");
}

/// Moves the clock to where so much of the manager's promised time has run.
async fn move_clock(floor: &Floor, percent: i32) {
    let store = &floor.stage.engine.store;
    let which = Which::OfSeller(floor.seller.id.as_str());
    let cards = store
        .read()
        .await
        .unwrap()
        .cards(&floor.stage.id, which)
        .await
        .unwrap();
    let clock = &cards[0].obstacle.turns[0].clock;
    floor.move_to(
        clock
            .at_percent(&floor.hours(&floor.manager), percent)
            .unwrap(),
    );
}
