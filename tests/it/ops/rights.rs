//! What is kept belongs to those it is about: export, import, erase, retention, the privacy pack.

use std::collections::HashSet;

use chrono::TimeDelta;
use latitude::ops::copy::{export, import};
use latitude::ops::privacy::pack;
use latitude::ops::retention::{Retention, prune};
use latitude::store::Store;
use latitude::store::strategies::NewVersion;
use latitude::sync::report::RunState;
use latitude::sync::rights::erase;
use serde_json::Value;

use super::floor::{Floor, KEY, databases, executed, sqlite, store};

async fn exported(floor: &Floor, store: &Store) -> Vec<String> {
    let mut bytes = Vec::new();
    export(store, &mut bytes, floor.env.now()).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let mut lines: Vec<String> = text.lines().map(normal).collect();
    lines.sort();
    lines
}

/// A line with JSON inside texts told in one form: databases differ in how they lay it out.
fn normal(line: &str) -> String {
    fn unfolded(value: Value) -> Value {
        match value {
            Value::String(text) if text.starts_with(['{', '[']) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, it)| (name, unfolded(it)));
                Value::Object(members.collect())
            }
            other => other,
        }
    }
    unfolded(serde_json::from_str(line).unwrap()).to_string()
}

#[tokio::test]
async fn what_is_exported_comes_back_the_same_in_either_database() {
    for database in databases().await {
        let floor = Floor::laid(&database, 12, Some("authorization_code")).await;
        floor.sign_in().await;
        floor.set_up().await;
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        let before = exported(&floor, &floor.engine.store).await;
        assert!(before.iter().any(|line| line.contains("strategy_version")));
        let mut bytes = Vec::new();
        export(&floor.engine.store, &mut bytes, floor.env.now())
            .await
            .unwrap();

        for target in databases().await {
            let fresh = store(&target, &[KEY], &floor.env).await;
            import(&fresh, &bytes[..]).await.unwrap();

            assert_eq!(
                exported(&floor, &fresh).await,
                before,
                "{database} to {target}"
            );
            let again = import(&fresh, &bytes[..]).await.unwrap_err();
            assert!(again.to_string().contains("not empty"), "{again}");
        }
    }
}

#[tokio::test]
async fn a_restored_instance_goes_on_where_the_other_was() {
    let floor = Floor::ready(&sqlite(), 12).await;
    floor.reconcile().await;
    let mut bytes = Vec::new();
    export(&floor.engine.store, &mut bytes, floor.env.now())
        .await
        .unwrap();
    let target = sqlite();
    let fresh = store(&target, &[KEY], &floor.env).await;
    import(&fresh, &bytes[..]).await.unwrap();
    fresh.close().await;
    let restored = Floor {
        database: target,
        engine: floor.another(&[KEY]).await,
        ..floor
    };

    let report = restored.reconcile().await;

    assert_eq!(report.state, RunState::Ok);
    assert_eq!(report.tally.written, 0, "everything stands there already");
}

#[tokio::test]
async fn a_file_that_ends_early_or_says_something_else_changes_nothing() {
    let floor = Floor::ready(&sqlite(), 3).await;
    floor.reconcile().await;
    let mut bytes = Vec::new();
    export(&floor.engine.store, &mut bytes, floor.env.now())
        .await
        .unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let short = text.lines().take(5).collect::<Vec<_>>().join("\n");
    let fresh = store(&sqlite(), &[KEY], &floor.env).await;
    let empty = exported(&floor, &fresh).await;

    for (broken, told) in [
        (short.as_str(), "ends early"),
        ("{\"table\":\"nothing\",\"row\":{}}", "no table nothing"),
        (
            "{\"table\":\"deal\",\"row\":{\"nothing\":1}}",
            "no column nothing",
        ),
        ("{}", "not a line"),
        ("nonsense", "line 1"),
    ] {
        let refused = import(&fresh, broken.as_bytes()).await.unwrap_err();
        assert!(format!("{refused:#}").contains(told), "{refused:#}");
    }
    assert_eq!(exported(&floor, &fresh).await, empty);
}

#[tokio::test]
async fn a_person_who_is_erased_is_nowhere_and_does_not_come_back() {
    for database in databases().await {
        let floor = Floor::ready(&database, 12).await;
        floor.reconcile().await;
        let (person, name, email) = {
            let state = floor.served.world.state();
            let answered = floor
                .crm
                .field_name("latitude_", latitude::domain::field::Field::Approach);
            let deal = state
                .deals
                .iter()
                .find(|deal| deal.custom.contains_key(&answered));
            let person = &state.people[deal.expect("somebody answered").owner];
            (person.id.clone(), person.name(), person.email.clone())
        };
        let hits = |lines: &[String]| -> Vec<String> {
            let about = [person.as_str(), name.as_str(), email.as_str()];
            let found = lines
                .iter()
                .filter(|it| about.iter().any(|about| it.contains(about)));
            found.cloned().collect()
        };
        assert!(!hits(&exported(&floor, &floor.engine.store).await).is_empty());

        erase(&floor.engine.store, &floor.id, &person, floor.env.now())
            .await
            .unwrap();
        let now = exported(&floor, &floor.engine.store).await;
        floor.advance(TimeDelta::hours(25));
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        let later = exported(&floor, &floor.engine.store).await;

        assert_eq!(hits(&now), Vec::<String>::new());
        assert!(
            !later
                .iter()
                .any(|it| it.contains(&name) || it.contains(&email))
        );
        assert!(
            later.iter().any(|it| it.contains("\"erased\"")),
            "the deed is noted"
        );
    }
}

#[tokio::test]
async fn who_has_left_is_still_known_by_their_address() {
    for database in databases().await {
        let floor = Floor::ready(&database, 12).await;
        floor.reconcile().await;
        let (left, email, stays) = {
            let state = floor.served.world.state();
            let (one, other) = (&state.people[2], &state.people[3]);
            (one.id.clone(), one.email.clone(), other.id.clone())
        };
        let mut tx = floor.engine.store.write().await.unwrap();
        tx.people_left(&floor.id, &HashSet::from([stays]))
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let copy = latitude::ops::person::about(&floor.engine.store, &email, floor.env.now());

        assert!(
            copy.await.unwrap().to_string().contains(&left),
            "{database}"
        );
    }
}

/// Someone types into a deal in the CRM.
fn types(floor: &Floor, deal: usize, text: &str) {
    let name = floor
        .crm
        .field_name("latitude_", latitude::domain::field::Field::Approach);
    let world = &floor.served.world;
    let mut state = world.state();
    state.deals[deal].custom.insert(name, text.into());
    let owner = state.deals[deal].owner;
    world.touch(&mut state, deal, owner);
}

#[tokio::test]
async fn who_was_erased_stays_away_until_the_crm_names_someone_else() {
    for database in databases().await {
        let floor = Floor::ready(&database, 12).await;
        types(&floor, 5, "Ask Ada for the gate.");
        floor.reconcile().await;
        let (person, deal, other) = {
            let mut state = floor.served.world.state();
            let owner = state.deals[5].owner;
            // Of theirs too: only its amount changes.
            state.deals[6].owner = owner;
            let other = (0..state.people.len()).find(|it| *it != owner).unwrap();
            (
                state.people[owner].id.clone(),
                state.deals[5].id.clone(),
                other,
            )
        };
        floor.advance(TimeDelta::minutes(10));
        floor.reconcile().await;
        let store = &floor.engine.store;
        erase(store, &floor.id, &person, floor.env.now())
            .await
            .unwrap();
        floor.advance(TimeDelta::minutes(10));
        types(&floor, 5, "Ask Ada for the gate, today.");
        {
            let world = &floor.served.world;
            let mut state = world.state();
            state.deals[6].amount = Some(77_777.0);
            let owner = state.deals[6].owner;
            world.touch(&mut state, 6, owner);
        }
        // Another one reports to them, as the CRM says again and again.
        floor.advance(TimeDelta::hours(25));

        assert_eq!(floor.reconcile().await.state, RunState::Ok, "{database}");
        let lines = exported(&floor, store).await;
        let hits: Vec<&String> = lines.iter().filter(|it| it.contains(&person)).collect();
        assert_eq!(hits, Vec::<&String>::new(), "{database}");
        let changed = lines.iter().any(|it| it.contains("77777"));
        assert!(changed, "{database}: what is the customer's is read");
        let of_deal = |lines: &[String]| {
            let about = |it: &&String| {
                it.contains("\"strategy_version\"") && it.contains(&format!("\"{deal}\""))
            };
            lines.iter().filter(about).count()
        };
        assert_eq!(of_deal(&lines), 0, "{database}: {lines:#?}");

        {
            let world = &floor.served.world;
            let mut state = world.state();
            state.deals[5].owner = other;
        }
        types(&floor, 5, "Ask Bo for the gate.");
        floor.advance(TimeDelta::minutes(10));
        assert_eq!(floor.reconcile().await.state, RunState::Ok, "{database}");
        let lines = exported(&floor, store).await;
        assert_eq!(of_deal(&lines), 1, "{database}: who took it over is read");
        assert!(!lines.iter().any(|it| it.contains(&person)), "{database}");
    }
}

/// A deal with words of the seller who had it, and of the one who has it now: their ids and the deal's.
async fn handed_over(floor: &Floor) -> (String, String, String) {
    types(floor, 5, "Ask Hildegard for the gate, because she owns it.");
    floor.reconcile().await;
    let ids = {
        let mut state = floor.served.world.state();
        let owner = state.deals[5].owner;
        // The first signs in for Latitude itself.
        let other = (1..state.people.len()).find(|it| *it != owner).unwrap();
        state.deals[5].owner = other;
        let (had, has) = (&state.people[owner], &state.people[other]);
        (had.id.clone(), has.id.clone(), state.deals[5].id.clone())
    };
    // Somebody else has the deal by now, and the words in it are theirs.
    types(floor, 5, "Ask Bo for the gate.");
    floor.advance(TimeDelta::minutes(10));
    floor.reconcile().await;
    assert_eq!(
        assessments(&exported(floor, &floor.engine.store).await, &ids.2),
        2
    );
    ids
}

/// How many assessments of a deal a copy holds.
fn assessments(lines: &[String], deal: &str) -> usize {
    let of_deal =
        |it: &&String| it.contains("\"assessment\"") && it.contains(&format!("\"{deal}\""));
    lines.iter().filter(of_deal).count()
}

#[tokio::test]
async fn nothing_is_left_of_what_was_read_in_the_words_of_one_who_was_erased() {
    for database in databases().await {
        let floor = Floor::ready(&database, 12).await;
        let (had, _, deal) = handed_over(&floor).await;
        let store = &floor.engine.store;

        erase(store, &floor.id, &had, floor.env.now())
            .await
            .unwrap();

        let lines = exported(&floor, store).await;
        assert_eq!(assessments(&lines, &deal), 1, "{database}");
        assert!(
            !lines.iter().any(|it| it.contains("Hildegard")),
            "{database}"
        );
    }
}

#[tokio::test]
async fn what_a_seller_wrote_stays_when_who_took_the_deal_over_is_erased() {
    for database in databases().await {
        let floor = Floor::ready(&database, 12).await;
        let (_, has, deal) = handed_over(&floor).await;
        let store = &floor.engine.store;

        erase(store, &floor.id, &has, floor.env.now())
            .await
            .unwrap();

        let lines = exported(&floor, store).await;
        assert_eq!(assessments(&lines, &deal), 1, "{database}");
        let tells = |words: &str| lines.iter().any(|it| it.contains(words));
        assert!(tells("Hildegard"), "{database}");
        assert!(!tells("Ask Bo"), "{database}");
        let left: Vec<_> = lines.iter().filter(|it| it.contains(&has)).collect();
        assert!(left.is_empty(), "{database}: {left:?}");
    }
}

#[tokio::test]
async fn words_of_others_from_before_an_erased_person_are_graded_again() {
    for database in databases().await {
        let floor = Floor::ready(&database, 12).await;
        floor.reconcile().await;
        let now = floor.env.now();
        let mut tx = floor.engine.store.write().await.unwrap();
        let open = tx.deal_ids(&floor.id).await.unwrap();
        let mut deal = None;
        for id in &open {
            let known = tx.dossier(&floor.id, &id.as_str().into()).await.unwrap();
            deal = deal.or(known.filter(|it| it.version == 1 && it.grade.is_some()));
        }
        let deal = deal.expect("somebody answered");
        let words = NewVersion {
            deal: &deal.id,
            version: 2,
            answers: deal.answers.clone().unwrap().0,
            source: "panel",
            author: Some("stand-in"),
            at: now,
            stage: &deal.stage,
            amount: deal.amount,
            close_on: deal.close_on,
        };
        tx.add_versions(&floor.id, &[words]).await.unwrap();
        tx.commit().await.unwrap();

        erase(&floor.engine.store, &floor.id, "stand-in", now)
            .await
            .unwrap();
        floor.engine.run_until_quiet(None).await.unwrap();

        let mut tx = floor.engine.store.read().await.unwrap();
        let after = tx.dossier(&floor.id, &deal.id.as_str().into()).await;
        let after = after.unwrap().unwrap();
        assert_eq!((after.version, after.grade), (1, deal.grade));
    }
}

#[tokio::test]
async fn what_is_past_its_time_is_dropped_and_nothing_else() {
    for database in databases().await {
        let floor = Floor::ready(&database, 12).await;
        floor.reconcile().await;
        let keep = Retention {
            ledger_days: 30,
            run_days: 30,
            closed_deal_days: 30,
        };

        let early = prune(&floor.engine.store, &floor.env, keep).await.unwrap();
        floor.clock.advance(TimeDelta::days(31));
        let for_good = Retention {
            ledger_days: 0,
            run_days: 0,
            closed_deal_days: 0,
        };
        let none = prune(&floor.engine.store, &floor.env, for_good)
            .await
            .unwrap();
        let late = prune(&floor.engine.store, &floor.env, keep).await.unwrap();

        assert_eq!(early, Default::default());
        assert_eq!(none, Default::default());
        assert!(late.entries > 0 && late.runs > 0, "{late:?}");
        let mut tx = floor.engine.store.read().await.unwrap();
        let mut standings = tx.standings().await.unwrap();
        tx.count_open_deals(&mut standings).await.unwrap();
        assert!(standings[0].deals > Some(0), "open deals stay");
    }
}

#[tokio::test]
async fn what_hangs_on_an_obstacle_of_a_closed_deal_goes_with_it() {
    for database in databases().await {
        let floor = Floor::ready(&database, 6).await;
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        let deals = deals_of(&floor).await;
        let (closed, open) = (&deals[0], &deals[1]);
        let store = &floor.engine.store;
        for (n, deal) in [closed, open].into_iter().enumerate() {
            obstacle_about(&floor, deal, &format!("o{n}")).await;
        }
        close(&floor, closed).await;
        let before = exported(&floor, store).await;
        let keep = Retention {
            ledger_days: 0,
            run_days: 0,
            closed_deal_days: 30,
        };

        floor.clock.advance(TimeDelta::days(31));
        prune(store, &floor.env, keep).await.unwrap();

        let after = exported(&floor, store).await;
        for table in ["obstacle", "option", "need", "turn", "answer", "promise"] {
            let of = |lines: &[String], id: &str| {
                let (table, id) = (format!("\"table\":\"{table}\""), format!("\"{id}\""));
                let mut lines = lines.iter();
                lines.any(|line| line.contains(&table) && line.contains(&id))
            };
            assert!(
                of(&before, "o0") && of(&before, "o1"),
                "{table} {before:#?}"
            );
            assert!(!of(&after, "o0"), "{table} of the closed deal stayed");
            assert!(of(&after, "o1"), "{table} of the open deal went");
        }
    }
}

/// The CRM's ids of open deals.
async fn deals_of(floor: &Floor) -> Vec<String> {
    let lines = exported(floor, &floor.engine.store).await;
    let rows = lines.iter().filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let open = line["table"] == "deal" && line["row"]["standing"] == "open";
        open.then(|| line["row"]["id"].as_str().map(str::to_owned))?
    });
    rows.collect()
}

/// An obstacle about a deal, with everything that can hang on one.
async fn obstacle_about(floor: &Floor, deal: &str, id: &str) {
    let at = "'2026-01-05T09:00:00+00:00'";
    executed(
        floor,
        &format!(
            "INSERT INTO obstacle (connection, id, deal, seller, text, state, began_at, changed_at)
             VALUES ('acme', '{id}', '{deal}', 'sam', 'The gate', 'asked', {at}, {at});
             INSERT INTO option (connection, obstacle, position, kind, text)
             VALUES ('acme', '{id}', 0, 'people', 'Ask Ada');
             INSERT INTO need (connection, obstacle, round, ground, what, whom, by_day, gap, at)
             VALUES ('acme', '{id}', 1, 'options', 'An hour', 'mia', '2026-01-09', FALSE, {at});
             INSERT INTO turn (connection, obstacle, round, position, level, started_at, owed_minutes)
             VALUES ('acme', '{id}', 1, 0, 'manager', {at}, 480);
             INSERT INTO answer (connection, obstacle, position, round, turn, at, person, kind, text, more)
             VALUES ('acme', '{id}', 0, 1, 0, {at}, 'mia', 'backed', 'Yes', '');
             INSERT INTO promise (connection, obstacle, round, person, level, made_at, until, ends_at)
             VALUES ('acme', '{id}', 1, 'mia', 'manager', {at}, '2026-01-09', {at})"
        ),
    )
    .await;
}

async fn close(floor: &Floor, deal: &str) {
    executed(
        floor,
        &format!("UPDATE deal SET standing = 'lost' WHERE connection = 'acme' AND id = '{deal}'"),
    )
    .await;
}

#[tokio::test]
async fn the_privacy_pack_names_every_field_and_no_secret() {
    let floor = Floor::laid(&sqlite(), 1, None).await;
    let config = floor.config();
    let secret = {
        use secrecy::ExposeSecret;
        floor
            .settings
            .client_secret
            .as_ref()
            .unwrap()
            .expose_secret()
            .to_owned()
    };

    let told = pack(&config).unwrap();

    for field in latitude::domain::field::Field::ALL {
        let name = floor.crm.field_name("latitude_", field);
        assert!(told.contains(&name), "{name}");
    }
    for printed in [told, config.printed().unwrap(), format!("{config:?}")] {
        assert!(!printed.contains(&secret));
        assert!(!printed.contains("BwcHBwcHBwc"), "the key is printed");
    }
}
