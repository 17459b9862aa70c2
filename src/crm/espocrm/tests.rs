//! The connector against its sandbox, where the conformance suite does not reach.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, TimeZone, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::EspoCrm;
use crate::crm::Crm;
use crate::crm::page::{Cursor, Next, Seen};
use crate::crm::push::{Push, Rejected};
use crate::crm::session::{self, Means, Session};
use crate::crm::settings::Settings;
use crate::crm::setup::{Blueprint, FieldMap, VIEWS, steps_to_apply};
use crate::crm::write::{Outcome, Update};
use crate::domain::field::{Field, Value};
use crate::env::{Env, Frozen};
use crate::http;
use crate::http::fault::Fault;
use crate::http::token::{Tokens, Vault};
use crate::sandbox::serve::{Served, serve};
use crate::sandbox::world::World;

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
    clock: Arc<Frozen>,
    fields: FieldMap,
}

impl Stand {
    async fn new(deals: usize) -> Self {
        let noon = Utc
            .with_ymd_and_hms(2026, 3, 2, 12, 0, 0)
            .single()
            .expect("a time");
        let clock = Frozen::at(noon);
        let world = World::new(Env::seeded(clock.clone(), 7), 7, deals);
        let served = serve(&EspoCrm, world, 0, std::future::pending())
            .await
            .expect("a port");
        let mut stand = Self {
            served,
            clock,
            fields: FieldMap::default(),
        };
        let admin = stand.session(|settings| settings);
        let wanted = Blueprint {
            prefix: "latitude_".to_owned(),
            mapped: Default::default(),
            views: VIEWS,
        };
        let found = EspoCrm.setup(&admin, &wanted).await.expect("a set-up");
        for step in steps_to_apply(&wanted, &found) {
            assert_eq!(
                EspoCrm.by_hand(&wanted, &step).is_some(),
                format!("{step:?}").starts_with("CreateView")
            );
            EspoCrm.apply(&admin, &wanted, &step).await.expect("a step");
        }
        let found = EspoCrm.setup(&admin, &wanted).await.expect("a set-up");
        assert_eq!(found.gaps(), Vec::<String>::new());
        stand.fields = found.field_map();
        stand.clock.advance(TimeDelta::hours(1));
        stand
    }

    fn session(&self, change: impl Fn(Settings) -> Settings) -> Session {
        let means = Means {
            client: http::client().into(),
            env: self.served.world.env().clone(),
            vault: Arc::new(NoVault),
        };
        let settings = Arc::new(change(self.served.settings.clone()));
        session::open(&EspoCrm, settings, self.fields.clone(), &means).expect("a session")
    }
}

async fn pull(session: &Session, mut cursor: Cursor) -> (Vec<Seen>, Cursor) {
    let mut all = Vec::new();
    loop {
        let page = EspoCrm.deals(session, &cursor).await.expect("a page");
        all.extend(page.items);
        match page.next {
            Next::More(next) => cursor = next,
            Next::Done(next) => return (all, next),
        }
    }
}

fn by_key(settings: Settings) -> Settings {
    Settings {
        sign_in: None,
        user: None,
        token: Some("1441bc5db732bb37cfa1ab5354ce6ae3".to_owned().into()),
        ..settings
    }
}

fn signed(settings: Settings) -> Settings {
    Settings {
        client_id: Some("36d52e59ea26b55084d0a8b6104ca6e0".to_owned()),
        token: Some("7f0c2d9e4b6a18835c1d2e3f4a5b6c7d".to_owned().into()),
        ..settings
    }
}

#[tokio::test]
async fn an_api_key_and_a_signature_do_what_the_worker_needs_and_no_more() {
    let stand = Stand::new(10).await;
    let wanted = Blueprint {
        prefix: "latitude_".to_owned(),
        mapped: Default::default(),
        views: &[],
    };
    for session in [stand.session(by_key), stand.session(signed)] {
        let (seen, _) = pull(&session, Cursor::default()).await;
        assert_eq!(seen.len(), 10);
        let found = EspoCrm.setup(&session, &wanted).await.expect("a set-up");
        assert_eq!(steps_to_apply(&wanted, &found), []);
        let refused = EspoCrm
            .apply(
                &session,
                &wanted,
                &crate::crm::setup::Step::CreateField(Field::Need),
            )
            .await;
        let Err(Fault::Setup(cause)) = refused else {
            panic!("{refused:?}")
        };
        // The server itself gives no reason, so what to do must come from here.
        assert!(cause.message.contains("administrator"), "{cause:?}");
    }
}

#[tokio::test]
async fn a_record_that_changed_meanwhile_is_left_alone() {
    let stand = Stand::new(10).await;
    let session = stand.session(by_key);
    let (seen, _) = pull(&session, Cursor::default()).await;
    let Some(Seen::Here(deal)) = seen.first() else {
        panic!("a deal");
    };
    let update = |text: &str| Update {
        deal: deal.id.clone(),
        fields: vec![(Field::Approach, Value::text(text))],
        revision: deal.revision.clone(),
    };

    let first = EspoCrm
        .write(&session, &[update("Mine.")])
        .await
        .expect("outcomes");
    let second = EspoCrm
        .write(&session, &[update("Yours.")])
        .await
        .expect("outcomes");

    assert_eq!(
        (first, second),
        (vec![Outcome::Written], vec![Outcome::Changed])
    );
    let now = EspoCrm
        .deal(&session, &deal.id)
        .await
        .expect("an answer")
        .expect("a deal");
    assert_eq!(now.answers.approach, "Mine.");
}

#[tokio::test]
async fn a_field_the_server_does_not_know_is_noticed() {
    let stand = Stand::new(10).await;
    let session = stand.session(by_key);
    stand.served.world.state().remove_field("cLatitudeScore");
    let id = stand.served.world.state().deals[0].id.clone();
    let update = Update {
        deal: id.into(),
        fields: vec![
            (Field::Score, Value::Number(3)),
            (Field::Grade, Value::text("Thin")),
        ],
        revision: None,
    };

    let outcomes = EspoCrm.write(&session, &[update]).await.expect("outcomes");

    let Outcome::Refused(refusal) = &outcomes[0] else {
        panic!("{outcomes:?}");
    };
    assert!(refusal.setup);
    assert_eq!(refusal.fields, [Field::Score]);
}

#[tokio::test]
async fn bad_keys_lead_to_a_lock_out_that_is_waited_for() {
    let stand = Stand::new(5).await;
    let bad = stand.session(|settings| Settings {
        token: Some("bad".to_owned().into()),
        ..by_key(settings)
    });
    for _ in 0..11 {
        let fault = EspoCrm.whoami(&bad).await.expect_err("refused");
        assert!(matches!(fault, Fault::Reconnect(_)), "{fault:?}");
    }

    let good = stand.session(by_key);
    let Err(Fault::Later { at: Some(at), .. }) = EspoCrm.whoami(&good).await else {
        panic!("locked out");
    };
    let wait = at - stand.served.world.now();
    assert!(wait >= TimeDelta::seconds(60), "{wait}");
    stand.clock.advance(wait);
    assert!(EspoCrm.whoami(&good).await.is_ok());
}

#[tokio::test]
async fn many_changes_in_one_second_and_deletions_among_many_are_all_seen() {
    let stand = Stand::new(900).await;
    let session = stand.session(by_key);
    let (seen, cursor) = pull(&session, Cursor::default()).await;
    assert_eq!(seen.len(), 825);
    {
        let mut state = stand.served.world.state();
        for n in 0..900 {
            stand.served.world.touch(&mut state, n, 0);
        }
    }
    let (seen, cursor) = pull(&session, cursor).await;
    let ids: BTreeSet<_> = seen
        .iter()
        .filter_map(|one| match one {
            Seen::Here(deal) => Some(deal.id.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(ids.len(), 900);
    stand.clock.advance(TimeDelta::hours(1));
    let (_, cursor) = pull(&session, cursor).await;

    let gone = {
        let mut state = stand.served.world.state();
        let now = stand.served.world.now();
        [3, 400, 401].map(|n| {
            state.deals[n].deleted_at = Some(now);
            Seen::Gone(state.deals[n].id.clone().into())
        })
    };
    let calls = stand.served.stats.calls();
    let (mut seen, cursor) = pull(&session, cursor).await;
    seen.sort_by_key(|one| format!("{one:?}"));
    assert_eq!(seen, gone);
    assert!(stand.served.stats.calls() - calls < 20);
    assert_eq!(pull(&session, cursor).await.0, []);
}

#[test]
fn a_push_is_believed_only_when_signed() {
    let body = r#"[{"amount":98489,"id":"6b0214197f51e7546"},{"id":"6b0214197f51e7546"}]"#;
    let sign = |key: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key");
        mac.update(body.as_bytes());
        let hex: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        STANDARD.encode(format!("6b021491ec76fa789:{hex}"))
    };
    let push = |signature: String| Push {
        method: "POST".to_owned(),
        url: "https://latitude.example.com/hooks/crm".to_owned(),
        headers: [("signature".to_owned(), signature)].into(),
        body: body.as_bytes().to_vec(),
        now: chrono::DateTime::UNIX_EPOCH,
    };
    let secret = "a6daf261 70f1fbab".to_owned().into();

    for key in ["a6daf261", "70f1fbab"] {
        assert_eq!(
            EspoCrm.hint(&push(sign(key)), &secret),
            Ok(vec!["6b0214197f51e7546".into()])
        );
    }
    for wrong in [
        sign("other"),
        String::new(),
        STANDARD.encode("x:zz"),
        "%".to_owned(),
    ] {
        assert_eq!(
            EspoCrm.hint(&push(wrong), &secret),
            Err(Rejected::Signature)
        );
    }
}
