//! The connector against its sandbox, over both protocols.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{TimeDelta, TimeZone, Utc};

use super::Odoo;
use crate::crm::Crm;
use crate::crm::page::{Cursor, Next, Seen};
use crate::crm::push::{Push, Rejected};
use crate::crm::session::{self, Means, Session};
use crate::crm::settings::Settings;
use crate::crm::setup::{Access, Blueprint, VIEWS, steps_to_apply, steps_to_destroy};
use crate::crm::write::{Outcome, Update};
use crate::domain::deal::Standing;
use crate::domain::field::{Field, Value};
use crate::env::{Env, Frozen};
use crate::http;
use crate::http::fault::Fault;
use crate::http::token::{Tokens, Vault};
use crate::sandbox::serve::{Served, serve};
use crate::sandbox::world::{CANARY, Trouble, World};

struct NoVault;

#[async_trait]
impl Vault for NoVault {
    async fn load(&self) -> Result<Option<Tokens>, Fault> {
        Ok(None)
    }
    async fn claim(&self, _: i64) -> Result<bool, Fault> {
        Ok(true)
    }
    async fn save(&self, tokens: Tokens) -> Result<Option<Tokens>, Fault> {
        Ok(Some(tokens))
    }
    async fn release(&self, _: i64) -> Result<(), Fault> {
        Ok(())
    }
}

struct Stand {
    served: Served,
    session: Session,
    clock: Arc<Frozen>,
    wanted: Blueprint,
}

impl Stand {
    /// A sandbox of so many deals, our fields set up, spoken to as `settings` say.
    async fn new(deals: usize, settings: impl Fn(Settings) -> Settings) -> Self {
        let noon = Utc
            .with_ymd_and_hms(2026, 3, 2, 12, 0, 0)
            .single()
            .expect("a time");
        let clock = Frozen::at(noon);
        let env = Env::seeded(clock.clone(), 7);
        let world = World::new(env.clone(), 7, deals);
        let served = serve(&Odoo, world, 0, std::future::pending())
            .await
            .expect("a port");
        let means = Means {
            client: http::client().into(),
            env,
            vault: Arc::new(NoVault),
        };
        let settings = Arc::new(settings(served.settings.clone()));
        let session =
            session::open(&Odoo, settings, Default::default(), &means).expect("a session");
        let wanted = Blueprint {
            prefix: "latitude_".to_owned(),
            mapped: Default::default(),
            views: VIEWS,
        };
        let mut stand = Self {
            served,
            session,
            clock,
            wanted,
        };
        stand.set_up().await;
        stand
    }

    async fn set_up(&mut self) {
        let found = Odoo
            .setup(&self.session, &self.wanted)
            .await
            .expect("a set-up");
        for step in steps_to_apply(&self.wanted, &found) {
            Odoo.apply(&self.session, &self.wanted, &step)
                .await
                .expect("a step");
        }
        let found = Odoo
            .setup(&self.session, &self.wanted)
            .await
            .expect("a set-up");
        assert_eq!(found.gaps(), Vec::<String>::new());
        assert_eq!(steps_to_apply(&self.wanted, &found), []);
        self.session.fields = found.field_map();
        self.clock.advance(TimeDelta::hours(1));
    }

    async fn pull(&self, mut cursor: Cursor) -> (Vec<Seen>, Cursor) {
        let mut all = Vec::new();
        loop {
            let page = Odoo.deals(&self.session, &cursor).await.expect("a page");
            all.extend(page.items);
            match page.next {
                Next::More(next) => cursor = next,
                Next::Done(next) => return (all, next),
            }
        }
    }

    fn update(deal: &str, field: Field, value: Value) -> Update {
        Update {
            deal: deal.to_owned().into(),
            fields: vec![(field, value)],
            revision: None,
        }
    }
}

fn json2(settings: Settings) -> Settings {
    settings
}

fn rpc(database: &'static str) -> impl Fn(Settings) -> Settings {
    move |settings| Settings {
        sign_in: Some("login".to_owned()),
        user: Some("latitude.integration@meridian.test".to_owned()),
        database: Some(database.to_owned()),
        ..settings
    }
}

async fn round_trip(settings: impl Fn(Settings) -> Settings) {
    let stand = Stand::new(30, settings).await;
    let (seen, cursor) = stand.pull(Cursor::default()).await;
    let open = {
        let state = stand.served.world.state();
        let open = state
            .deals
            .iter()
            .filter(|deal| state.stages[deal.stage].standing == Standing::Open);
        open.count()
    };
    assert_eq!(seen.len(), open);
    let Seen::Here(first) = &seen[0] else {
        panic!("an open deal is here");
    };
    assert!(
        first
            .currency
            .as_deref()
            .is_some_and(|code| code.len() == 3)
    );
    let answered = seen.iter().filter(|one| match one {
        Seen::Here(deal) => deal.answers.check_on.is_some() && !deal.answers.approach.is_empty(),
        _ => false,
    });
    assert!(answered.count() > 10, "sellers answer what they see");

    // Nothing changed: two calls, nothing found.
    let calls = stand.served.stats.calls();
    let (seen, cursor) = stand.pull(cursor).await;
    assert_eq!(seen, []);
    assert_eq!(stand.served.stats.calls() - calls, 2);

    // What is written comes back; one is missing, one is refused, one is busy, the rest is good.
    {
        let mut state = stand.served.world.state();
        state.deals[1].trouble = Some(Trouble::Refused("Not before audit.".to_owned()));
        state.deals[2].trouble = Some(Trouble::Busy(9));
        for n in 0..4 {
            state.deals[n].stage = 1;
        }
    }
    let long = "a \u{1f469}\u{200d}\u{1f680}\nz".repeat(9000);
    let batch = [
        Stand::update("1", Field::Coaching, Value::Text(long.clone())),
        Stand::update("2", Field::Score, Value::Number(3)),
        Stand::update("3", Field::Score, Value::Number(4)),
        Stand::update("999", Field::Score, Value::Number(5)),
        Stand::update("4", Field::Grade, Value::Text("Not enough yet".to_owned())),
        Stand::update("1", Field::Score, Value::Empty),
    ];
    let outcomes = Odoo.write(&stand.session, &batch).await.expect("outcomes");
    assert_eq!(outcomes[0], Outcome::Written);
    let Outcome::Refused(refusal) = &outcomes[1] else {
        panic!("a rule refuses it: {:?}", outcomes[1]);
    };
    assert_eq!(refusal.code, "odoo.exceptions.ValidationError");
    assert_eq!(refusal.message, "Not before audit.");
    assert!(matches!(outcomes[2], Outcome::Busy(_)), "{:?}", outcomes[2]);
    assert_eq!(
        outcomes[3..],
        [Outcome::Gone, Outcome::Written, Outcome::Written]
    );
    let (seen, cursor) = stand.pull(cursor).await;
    assert_eq!(seen.len(), 2);
    let deal = Odoo
        .deal(&stand.session, &"4".into())
        .await
        .expect("an answer")
        .expect("a deal");
    let grade = Value::Text("Not enough yet".to_owned());
    assert!(deal.shown.contains(&(Field::Grade, grade)));
    assert!(deal.shown.contains(&(Field::Score, Value::Empty)));
    let kept = stand.served.world.state().deals[0].custom["x_latitude_coaching"].clone();
    assert_eq!(kept, serde_json::json!(long));

    // Deleted ones leave no trace, and are found all the same; lost ones change like others.
    {
        let mut state = stand.served.world.state();
        state.deals[4].deleted_at = Some(stand.served.world.now());
        let lost = state
            .stages
            .iter()
            .position(|it| it.standing == Standing::Lost);
        state.deals[5].stage = lost.expect("a stage");
        stand.served.world.touch(&mut state, 5, 0);
    }
    stand.clock.advance(TimeDelta::hours(1));
    let (seen, _) = stand.pull(cursor).await;
    assert!(seen.contains(&Seen::Gone("5".into())), "{seen:?}");
    let lost = seen
        .iter()
        .any(|one| matches!(one, Seen::Here(deal) if deal.standing == Standing::Lost));
    assert!(lost);
    assert_eq!(
        Odoo.deal(&stand.session, &"5".into())
            .await
            .expect("an answer"),
        None
    );

    let calls = serde_json::to_string(&stand.served.world.state().calls).expect("text");
    for never in ["activity", "message_", CANARY] {
        assert!(!calls.contains(never), "{never}");
    }
    let found = Odoo
        .setup(&stand.session, &stand.wanted)
        .await
        .expect("a set-up");
    for step in steps_to_destroy(&stand.wanted, &found) {
        Odoo.apply(&stand.session, &stand.wanted, &step)
            .await
            .expect("a step");
        Odoo.apply(&stand.session, &stand.wanted, &step)
            .await
            .expect("the same step again");
    }
    let found = Odoo
        .setup(&stand.session, &stand.wanted)
        .await
        .expect("a set-up");
    assert!(found.fields.is_empty() && found.views.is_empty() && found.access == Access::Missing);
}

#[tokio::test]
async fn everything_works_over_json2() {
    round_trip(json2).await;
}

#[tokio::test]
async fn everything_works_over_jsonrpc_with_a_new_server() {
    round_trip(rpc("latitude")).await;
}

#[tokio::test]
async fn everything_works_over_jsonrpc_with_an_old_server() {
    round_trip(rpc("latitude17")).await;
}

#[tokio::test]
async fn more_changes_in_one_second_than_fit_on_a_page_are_all_seen() {
    let stand = Stand::new(2400, json2).await;
    let (seen, cursor) = stand.pull(Cursor::default()).await;
    assert_eq!(seen.len(), 2200);
    {
        let mut state = stand.served.world.state();
        for n in 0..2400 {
            stand.served.world.touch(&mut state, n, 0);
        }
    }
    let (seen, cursor) = stand.pull(cursor).await;
    let ids: std::collections::BTreeSet<String> = seen
        .iter()
        .map(|one| match one {
            Seen::Here(deal) => deal.id.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids.len(), 2400);
    stand.clock.advance(TimeDelta::hours(1));
    let (_, cursor) = stand.pull(cursor).await;
    assert_eq!(stand.pull(cursor).await.0, []);
}

#[tokio::test]
async fn managers_are_the_leaders_of_teams() {
    let stand = Stand::new(30, rpc("latitude17")).await;
    let people = Odoo
        .people(&stand.session, &Cursor::default())
        .await
        .expect("people")
        .items;
    let state = stand.served.world.state();
    assert_eq!(people.len(), state.people.len());
    for (known, person) in people.iter().zip(&state.people) {
        let manager = person.manager.map(|n| state.people[n].id.clone());
        assert_eq!(known.manager.as_ref().map(ToString::to_string), manager);
        assert_eq!(known.email.as_deref(), Some(person.email.as_str()));
    }
}

#[tokio::test]
async fn bad_keys_and_wrong_databases_say_what_to_do() {
    let stand = Stand::new(10, json2).await;
    let with = |change: &dyn Fn(Settings) -> Settings| {
        let means = Means {
            client: http::client().into(),
            env: stand.served.world.env().clone(),
            vault: Arc::new(NoVault),
        };
        let settings = Arc::new(change(stand.served.settings.clone()));
        session::open(&Odoo, settings, Default::default(), &means).expect("a session")
    };
    let bad_key = |settings: Settings| Settings {
        token: Some("bad".to_owned().into()),
        ..settings
    };
    let other_database = |settings: Settings| Settings {
        database: Some("other".to_owned()),
        ..settings
    };

    for session in [with(&bad_key), with(&|it| bad_key(rpc("latitude")(it)))] {
        let fault = Odoo.whoami(&session).await.expect_err("refused");
        assert!(matches!(fault, Fault::Reconnect(_)), "{fault:?}");
    }
    for session in [
        with(&other_database),
        with(&|it| other_database(rpc("latitude")(it))),
    ] {
        let fault = Odoo.whoami(&session).await.expect_err("refused");
        assert!(matches!(fault, Fault::Setup(_)), "{fault:?}");
        assert!(fault.cause().message.contains("database"), "{fault:?}");
    }
    let me = Odoo.whoami(&with(&rpc("latitude17"))).await.expect("who");
    assert_eq!(
        (me.user.as_str(), me.organisation.as_str()),
        ("2", "latitude17")
    );
}

#[test]
fn a_push_is_believed_only_with_the_key() {
    let push = |key: &str, body: &str| Push {
        method: "POST".to_owned(),
        url: format!("https://latitude.example.com/hooks/odoo?key={key}"),
        headers: Default::default(),
        body: body.as_bytes().to_vec(),
        now: chrono::DateTime::UNIX_EPOCH,
    };
    let secret = "s3cret".to_owned().into();
    let event = r#"{"_action":"Latitude(#237)","_id":13,"_model":"crm.lead","id":13,"name":"x"}"#;

    assert_eq!(
        Odoo.hint(&push("s3cret", event), &secret),
        Ok(vec!["13".into()])
    );
    assert_eq!(
        Odoo.hint(&push("other", event), &secret),
        Err(Rejected::Signature)
    );
    assert_eq!(
        Odoo.hint(&push("", event), &String::new().into()),
        Err(Rejected::Signature)
    );
    assert_eq!(
        Odoo.hint(&push("s3cret", "{"), &secret),
        Err(Rejected::Malformed)
    );
}
