//! The panel inside a CRM's page, opened by someone who leads the seller: the deal as leaders see it,
//! one question to ask, and nothing that is the seller's alone.

use reqwest::Method;

use super::embed::{enter, signed};
use super::floor::Floor;
use crate::web::site::{Answer, Browser};

fn bearer(page: &Answer) -> String {
    let token = page.body.split("data-token=\"").nth(1);
    let token = token.and_then(|it| it.split('"').next());
    format!("Bearer {}", token.unwrap_or_default())
}

/// What a page says, without what marks it up.
fn plain(page: &Answer) -> String {
    let mut pieces = page.body.split('<');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        text + piece.split_once('>').map_or("", |(_, rest)| rest)
    })
}

async fn send(floor: &Floor, proof: &str, what: &str, form: &[(&str, &str)]) -> Answer {
    let path = format!("/embed/{}/{}/{what}", floor.stage.id, floor.deal);
    let headers = [("authorization", proof), ("accept", "application/json")];
    Browser::on(&floor.base)
        .send(Method::POST, &path, Some(form), &headers)
        .await
}

#[tokio::test]
async fn whoever_leads_the_seller_sees_the_deal_and_asks_one_question() {
    for director in [false, true] {
        let floor = Floor::open().await;
        let leader = if director {
            &floor.director
        } else {
            &floor.manager
        };
        let mut sam = floor.browser_of(&floor.seller).await;
        let words = [
            ("approach", "Call Ines on Thursday because she decides"),
            ("confidence", "30"),
            ("base", "1"),
        ];
        sam.get(&floor.panel()).await;
        let published = sam.post(&floor.panel(), &words).await;
        assert_eq!(published.status, 303, "{}", published.body);
        let draft = format!("{}/draft", floor.panel());
        let secret = [("approach", "What I would never say aloud"), ("base", "2")];
        sam.post(&draft, &secret).await;
        floor.settle().await;
        floor.stage.clock.advance(chrono::TimeDelta::minutes(1));

        let page = enter(&floor, &signed(&floor, leader, None, None).await).await;

        assert_eq!(page.status, 200, "{}", page.body);
        assert!(
            plain(&page).contains("Call Ines on Thursday"),
            "{}",
            page.body
        );
        assert!(page.body.contains("Ask one question"));
        for private in [
            "never say aloud",
            "Confidence",
            "<textarea id=\"approach\"",
            "Publish",
        ] {
            assert!(!page.body.contains(private), "{private}");
        }
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors https://"), "{policy}");
        let proof = bearer(&page);
        let no_question = send(&floor, &proof, "question", &[("text", "Do better.")]).await;
        assert_eq!(no_question.status, 422);
        assert!(
            no_question.body.contains("question mark"),
            "{}",
            no_question.body
        );
        let text = [("text", "Who besides Ines would notice?")];
        let asked = send(&floor, &proof, "question", &text).await;
        assert_eq!(asked.status, 200, "{}", asked.body);
        let again = send(&floor, &proof, "question", &text).await;
        assert_eq!(again.status, 409, "one at a time");
        assert_eq!(
            send(&floor, &proof, "help", &[("text", "")]).await.status,
            200
        );
        assert_eq!(send(&floor, &proof, "talked", &[]).await.status, 200);
        let panel = sam.get(&floor.panel()).await;
        assert!(panel.body.contains("Who besides Ines would notice?"));
        assert!(
            panel.body.contains(&leader.name),
            "the seller sees who opened it"
        );
    }
}

#[tokio::test]
async fn a_frames_token_opens_what_its_person_may_do_and_nothing_else() {
    let floor = Floor::open().await;
    let leader = enter(&floor, &signed(&floor, &floor.manager, None, None).await).await;
    let seller = enter(&floor, &signed(&floor, &floor.seller, None, None).await).await;
    let words = [
        ("approach", "Not mine to write"),
        ("base", "0"),
        ("note", "person"),
    ];
    for what in ["preview", "draft", "publish", "note", "closing"] {
        let answer = send(&floor, &bearer(&leader), what, &words).await;
        assert_eq!(answer.status, 404, "a leader may not {what}");
    }
    let question = [("text", "May I ask this of myself?")];
    for what in ["question", "help", "talked"] {
        let answer = send(&floor, &bearer(&seller), what, &question).await;
        assert_eq!(answer.status, 404, "a seller may not {what}");
        assert_eq!(
            send(&floor, "Bearer none", what, &question).await.status,
            403
        );
        assert_eq!(send(&floor, "", what, &question).await.status, 403);
    }
    // Leaders without this seller below them, and the executive, who sees only what is passed up.
    for stranger in [&floor.product, &floor.executive] {
        let page = enter(&floor, &signed(&floor, stranger, None, None).await).await;
        assert_eq!(page.status, 404, "{}", stranger.name);
        assert!(!page.body.contains("data-token"));
    }
}

#[tokio::test]
async fn a_closed_deal_is_looked_back_on_in_the_frame_too() {
    let floor = Floor::open().await;
    {
        let world = &floor.stage.served.world;
        let mut state = world.state();
        state.deals[floor.place].stage = 6;
        let owner = state.deals[floor.place].owner;
        world.touch(&mut state, floor.place, owner);
    }
    floor.stage.clock.advance(chrono::TimeDelta::minutes(20));
    floor.settle().await;

    let page = enter(&floor, &signed(&floor, &floor.seller, None, None).await).await;
    let words = [("answer_0", "I asked who signs"), ("shared", "yes")];
    let kept = send(&floor, &bearer(&page), "closing", &words).await;

    assert!(
        page.body.contains("What did I do that I would do again"),
        "{}",
        page.body
    );
    assert_eq!(kept.status, 200, "{}", kept.body);
    let manager = enter(&floor, &signed(&floor, &floor.manager, None, None).await).await;
    assert!(manager.body.contains("I asked who signs"));
}
