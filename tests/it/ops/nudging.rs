//! Nudges: off by default; each reason once, whatever crashes; no word of a plan in them; ended by a
//! link.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{Datelike, NaiveTime, TimeDelta};
use latitude::domain::framework::Framework;
use latitude::domain::role::Role;
use latitude::ops::config::Config;
use latitude::ops::nudge_post::Post;
use latitude::ops::nudges::{Manners, gather, send};
use latitude::sync::report::RunState;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::floor::{Floor, databases, executed, page};

/// What the mail server does with the next message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Takes,
    /// Takes it, and the connection breaks before it can say so.
    TakesAndBreaks,
    /// Asks to come back.
    Busy,
}

/// A mail server: keeps what it was given, once for each message's id, as receivers do.
struct Mail {
    address: String,
    mood: Arc<Mutex<Mood>>,
    got: Arc<Mutex<BTreeMap<String, Got>>>,
}

/// One message, by its id.
struct Got {
    to: String,
    text: String,
    /// How often it came.
    times: usize,
}

impl Mail {
    async fn server() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mail = Self {
            address: format!("smtp://{}", listener.local_addr().unwrap()),
            mood: Arc::new(Mutex::new(Mood::Takes)),
            got: Arc::default(),
        };
        let (mood, got) = (mail.mood.clone(), mail.got.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mood, got) = (mood.clone(), got.clone());
                tokio::spawn(async move {
                    let (from, mut to) = stream.into_split();
                    let mut lines = BufReader::new(from).lines();
                    let mut whom = String::new();
                    to.write_all(b"220 mail.test ESMTP\r\n").await.unwrap();
                    while let Ok(Some(line)) = lines.next_line().await {
                        let said: &[u8] = match line.get(..4).unwrap_or_default() {
                            "EHLO" => b"250-mail.test\r\n250 8BITMIME\r\n",
                            "MAIL" if *mood.lock().unwrap() == Mood::Busy => b"451 later\r\n",
                            "RCPT" => {
                                whom = line;
                                b"250 ok\r\n"
                            }
                            "DATA" => {
                                to.write_all(b"354 go on\r\n").await.unwrap();
                                let mut text = String::new();
                                while let Ok(Some(line)) = lines.next_line().await {
                                    if line == "." {
                                        break;
                                    }
                                    text.push_str(&line);
                                    text.push('\n');
                                }
                                let id = text
                                    .lines()
                                    .find_map(|line| line.strip_prefix("Message-ID: "))
                                    .expect("an id")
                                    .to_owned();
                                let fresh = || Got {
                                    to: whom.clone(),
                                    text,
                                    times: 0,
                                };
                                got.lock().unwrap().entry(id).or_insert_with(fresh).times += 1;
                                if *mood.lock().unwrap() == Mood::TakesAndBreaks {
                                    return;
                                }
                                b"250 taken\r\n"
                            }
                            "QUIT" => b"221 bye\r\n",
                            _ => b"250 ok\r\n",
                        };
                        to.write_all(said).await.unwrap();
                    }
                });
            }
        });
        mail
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Messages that people see: one for each id.
    fn seen(&self) -> Vec<(String, String)> {
        let got = self.got.lock().unwrap();
        got.values()
            .map(|it| (it.to.clone(), it.text.clone()))
            .collect()
    }

    /// How often messages came, repeats included.
    fn came(&self) -> usize {
        self.got.lock().unwrap().values().map(|it| it.times).sum()
    }
}

/// A company in which one answer is owed and one seller's check date has passed.
struct Company {
    floor: Floor,
    mail: Mail,
    post: Post,
    pages: String,
    /// Addresses of who owes an answer, and of the seller.
    responder: String,
    seller: String,
}

impl Company {
    async fn found(database: &str) -> Self {
        let floor = Floor::ready(database, 12).await;
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        let pages = floor.pages().await;
        let mail = Mail::server().await;
        let mut config = floor.config();
        config.nudges.smtp = mail.address.as_str().into();
        config.nudges.from = "Latitude <latitude@latitude.test>".to_owned();
        let post = Post::new(&config.nudges).unwrap();
        let (deal, seller, responder) = {
            let state = floor.served.world.state();
            let open = state.deals.iter().position(|deal| {
                state.stages[deal.stage].standing == latitude::domain::deal::Standing::Open
                    && deal.deleted_at.is_none()
                    && state.people[deal.owner].active
            });
            let deal = &state.deals[open.unwrap()];
            let seller = &state.people[deal.owner];
            let other = state
                .people
                .iter()
                .find(|it| it.id != seller.id && it.active);
            let pair = |it: &latitude::sandbox::world::Person| (it.id.clone(), it.email.clone());
            (deal.id.clone(), pair(seller), pair(other.unwrap()))
        };
        let now = floor.env.now();
        let (half, due) = (now + TimeDelta::hours(4), now + TimeDelta::hours(8));
        let at = |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339();
        executed(
            &floor,
            &format!(
                "INSERT INTO obstacle (connection, id, deal, seller, text, state, began_at, changed_at)
                 VALUES ('acme', 'gate', '{deal}', '{}', 'The secret gate', 'asked', '{n}', '{n}');
                 INSERT INTO turn (connection, obstacle, round, position, level, responder,
                   started_at, owed_minutes, half_at, due_at)
                 VALUES ('acme', 'gate', 1, 0, 'manager', '{}', '{n}', 480, '{}', '{}');
                 UPDATE deal SET state = 'Past check date', version = 1, assessed_version = 1
                 WHERE connection = 'acme' AND id = '{deal}';
                 UPDATE deal SET state = 'Current' WHERE connection = 'acme' AND id <> '{deal}'",
                seller.0,
                responder.0,
                at(half),
                at(due),
                n = at(now),
            ),
        )
        .await;
        Self {
            floor,
            mail,
            post,
            pages,
            responder: responder.1,
            seller: seller.1,
        }
    }

    /// Puts together and sends, as the service does every minute.
    async fn minute(&self) -> (usize, usize) {
        self.minute_with(&by_day_and_night()).await
    }

    /// The same with other manners.
    async fn minute_with(&self, manners: &Manners) -> (usize, usize) {
        let (store, env) = (&self.floor.engine.store, &self.floor.env);
        let put = gather(store, env, manners, (&["email"], &self.pages)).await;
        let sent = send(store, env, manners, (&self.post, &self.pages)).await;
        (put.unwrap(), sent.unwrap())
    }

    fn to(&self, whom: &str) -> Vec<String> {
        let seen = self.mail.seen();
        let to_them = seen.into_iter().filter(|(to, _)| to.contains(whom));
        to_them.map(|(_, text)| text).collect()
    }
}

/// People who are at work at any time but weekends, wherever they are.
fn by_day_and_night() -> Manners {
    let mut manners = usual_manners();
    manners.hours.from = NaiveTime::MIN;
    manners.hours.until = "23:59:59".parse().unwrap();
    manners.cadence.quiet_from = NaiveTime::MIN;
    manners.cadence.quiet_until = NaiveTime::MIN;
    manners
}

fn usual_manners() -> Manners {
    let config = Config::of("").unwrap();
    config.manners(&Framework::standard())
}

#[test]
fn nudges_are_off_unless_a_way_is_given() {
    let config = Config::of("").unwrap();
    assert!(config.nudges.ways().is_empty());
    let told = Config::of("[nudges]\nsmtp = \"smtp://127.0.0.1:25\"").unwrap_err();
    assert!(told.to_string().contains("nudges.from"), "{told}");
    let told = Config::of("[nudges]\nsmtp = \"mail and a password\"").unwrap_err();
    assert!(!format!("{told:#}").contains("password\""), "{told}");
}

#[tokio::test]
async fn each_reason_is_told_once_and_sellers_are_told_once_a_week() {
    for database in databases().await {
        let company = Company::found(&database).await;
        let floor = &company.floor;

        company.minute().await;
        assert_eq!(company.to(&company.seller).len(), 1);
        assert_eq!(company.to(&company.responder).len(), 0, "not half over yet");
        floor.advance(TimeDelta::hours(4));
        for _ in 0..3 {
            company.minute().await;
        }
        assert_eq!(company.to(&company.responder).len(), 1);
        floor.advance(TimeDelta::hours(4));
        for _ in 0..3 {
            company.minute().await;
        }
        let told = company.to(&company.responder);
        assert_eq!(told.len(), 2);
        assert!(told.iter().any(|it| it.contains("Your answer is due")));
        assert_eq!(company.to(&company.seller).len(), 1);

        // A new check date that passed in the same week waits for the next one.
        executed(
            floor,
            "UPDATE deal SET version = 2 WHERE state = 'Past check date'",
        )
        .await;
        company.minute().await;
        assert_eq!(company.to(&company.seller).len(), 1);
        let days = 7 - floor.env.now().weekday().num_days_from_monday();
        floor.advance(TimeDelta::days(days.into()));
        company.minute().await;
        floor.advance(TimeDelta::days(7));
        company.minute().await;
        assert_eq!(company.to(&company.seller).len(), 2, "once for each date");
        for (_, text) in company.mail.seen() {
            assert!(!text.contains("secret gate"), "{text}");
            assert!(text.contains("List-Unsubscribe: <"), "{text}");
        }
    }
}

#[tokio::test]
async fn whoever_works_the_product_queue_is_reminded_of_it() {
    for database in databases().await {
        let company = Company::found(&database).await;
        let floor = &company.floor;
        let gap = "UPDATE turn SET level = 'product', responder = NULL";
        executed(floor, gap).await;
        let mut config = Config::of("").unwrap();
        let owner = company.responder.to_uppercase();
        config.web.roles.insert(owner, Role::Product);
        let mut manners = config.manners(&Framework::standard());
        manners.hours = by_day_and_night().hours;
        manners.cadence = by_day_and_night().cadence;
        let told = async |hours: i64| {
            floor.advance(TimeDelta::hours(hours));
            for _ in 0..3 {
                company.minute_with(&manners).await;
            }
            company.to(&company.responder).len()
        };

        assert_eq!(told(3).await, 0, "not half over yet");
        assert_eq!(told(1).await, 1);
        assert_eq!(told(4).await, 2);
        assert_eq!(company.mail.seen().len(), 3, "the owner and the seller");
    }
}

#[tokio::test]
async fn everyone_is_told_in_their_own_working_hours_and_sellers_never_in_their_quiet_ones() {
    for database in databases().await {
        let company = Company::found(&database).await;
        let floor = &company.floor;
        // Tuesday, 09:00 UTC: evening in Tokyo, deep night in Los Angeles.
        let lives = async |whom: &str, zone: &str| {
            let place = format!("UPDATE person SET time_zone = '{zone}' WHERE email = '{whom}'");
            executed(floor, &place).await;
        };
        lives(&company.seller, "Asia/Tokyo").await;
        lives(&company.responder, "America/Los_Angeles").await;
        let told = || {
            let (seller, responder) = (&company.seller, &company.responder);
            (company.to(seller).len(), company.to(responder).len())
        };
        let mut manners = usual_manners();
        manners.cadence.quiet_until = "10:30:00".parse().unwrap();
        let minute_at = async |hours: i64| {
            floor.advance(TimeDelta::hours(hours));
            company.minute_with(&manners).await;
            told()
        };

        assert_eq!(minute_at(0).await, (0, 0), "18:00 in Tokyo");
        assert_eq!(minute_at(9).await, (0, 1), "10:00 in Los Angeles");
        assert_eq!(minute_at(6).await, (0, 1), "09:00 in Tokyo, still quiet");
        assert_eq!(minute_at(2).await, (1, 1), "11:00 in Tokyo");

        // A message that was put together in time meets a mail server that is down until night.
        executed(
            floor,
            "UPDATE deal SET version = 2 WHERE state = 'Past check date'",
        )
        .await;
        company.mail.is(Mood::Busy);
        floor.advance(TimeDelta::days(7));
        assert_eq!(company.minute_with(&manners).await, (1, 0));
        company.mail.is(Mood::Takes);
        assert_eq!(minute_at(8).await, (1, 1), "19:00 in Tokyo");
        assert_eq!(minute_at(17).await, (2, 1), "12:00 in Tokyo");
    }
}

#[tokio::test]
async fn two_processes_put_each_message_out_once() {
    for database in databases().await {
        let company = Company::found(&database).await;
        company.floor.advance(TimeDelta::hours(9));
        let other = company.floor.another(&[super::floor::KEY]).await;
        let (store, env) = (&company.floor.engine.store, &company.floor.env);
        let (pages, manners) = (company.pages.as_str(), by_day_and_night());

        let (one, two) = tokio::join!(
            gather(store, env, &manners, (&["email"], pages)),
            gather(&other.store, env, &manners, (&["email"], pages))
        );
        assert_eq!(one.unwrap() + two.unwrap(), 2);
        let (one, two) = tokio::join!(
            send(store, env, &manners, (&company.post, pages)),
            send(&other.store, env, &manners, (&company.post, pages))
        );

        assert_eq!(one.unwrap() + two.unwrap(), 2);
        assert_eq!(company.mail.came(), 2);
    }
}

#[tokio::test]
async fn a_crash_neither_loses_nor_doubles_one() {
    for database in databases().await {
        let company = Company::found(&database).await;
        let (store, env) = (&company.floor.engine.store, &company.floor.env);
        let manners = by_day_and_night();
        gather(store, env, &manners, (&["email"], &company.pages))
            .await
            .unwrap();

        // A process takes the message up and dies before it sends it.
        let now = env.now();
        let mut tx = store.write().await.unwrap();
        let taken = tx.next_nudge(now, now + TimeDelta::minutes(2)).await;
        assert!(taken.unwrap().is_some());
        tx.commit().await.unwrap();
        assert_eq!(company.minute().await, (0, 0));
        company.floor.advance(TimeDelta::minutes(3));

        // The server takes it, and the answer is lost on the way.
        company.mail.is(Mood::TakesAndBreaks);
        assert_eq!(company.minute().await, (0, 0));
        assert_eq!(company.mail.came(), 1);
        company.mail.is(Mood::Busy);
        company.floor.advance(TimeDelta::minutes(10));
        assert_eq!(company.minute().await, (0, 0));
        company.mail.is(Mood::Takes);
        company.floor.advance(TimeDelta::minutes(30));
        assert_eq!(company.minute().await, (0, 1));
        company.floor.advance(TimeDelta::hours(1));
        assert_eq!(company.minute().await, (0, 0));

        assert_eq!(company.mail.came(), 2, "the lost answer cost a repeat");
        assert_eq!(company.mail.seen().len(), 1, "with the same id: seen once");
    }
}

#[tokio::test]
async fn the_link_in_a_message_ends_them_without_signing_in_and_begins_them_again() {
    for database in databases().await {
        let company = Company::found(&database).await;
        company.minute().await;
        let text = company.to(&company.seller).pop().unwrap();
        let (_, rest) = text.split_once("List-Unsubscribe: <").unwrap();
        let link = rest.split('>').next().unwrap().to_owned();
        let send_form = async |form: &'static str| {
            let url = url::Url::parse(&link).unwrap();
            let mut request = reqwest::Request::new(reqwest::Method::POST, url);
            let kind = "application/x-www-form-urlencoded".parse().unwrap();
            request
                .headers_mut()
                .insert(reqwest::header::CONTENT_TYPE, kind);
            *request.body_mut() = Some(form.into());
            let reply = company.floor.client.execute(request).await.unwrap();
            assert!(reply.status().is_success());
        };

        let (status, shown) = page(&link).await;
        assert_eq!(status, 200);
        assert!(shown.contains("No more of these"), "{shown}");
        send_form("List-Unsubscribe=One-Click").await;
        let anew = "UPDATE deal SET version = version + 1 WHERE state = 'Past check date'";
        executed(&company.floor, anew).await;
        company.floor.advance(TimeDelta::days(8));
        company.minute().await;
        assert_eq!(company.to(&company.seller).len(), 1);

        send_form("again=yes").await;
        company.minute().await;
        assert_eq!(company.to(&company.seller).len(), 2);
        let (status, _) = page(&format!("{}/unsubscribe/nobody", company.pages)).await;
        assert_eq!(status, 404);
    }
}

#[tokio::test]
async fn a_chat_gets_them_by_its_webhook() {
    for database in databases().await {
        let company = Company::found(&database).await;
        let got: Arc<Mutex<Vec<serde_json::Value>>> = Arc::default();
        let keep = got.clone();
        let take = move |axum::Json(body): axum::Json<serde_json::Value>| async move {
            keep.lock().unwrap().push(body);
        };
        let router = axum::Router::new().route("/hook", axum::routing::post(take));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut config = company.floor.config();
        config.nudges.webhook = hook.as_str().into();
        assert_eq!(config.nudges.ways(), ["chat"]);
        let post = Post::new(&config.nudges).unwrap();
        let (store, env) = (&company.floor.engine.store, &company.floor.env);

        let manners = by_day_and_night();
        gather(store, env, &manners, (&["chat"], &company.pages))
            .await
            .unwrap();
        let sent = send(store, env, &manners, (&post, &company.pages)).await;
        assert_eq!(sent.unwrap(), 1);

        let got = got.lock().unwrap();
        assert_eq!(got[0]["to"], company.seller.as_str());
        let text = got[0]["text"].as_str().unwrap();
        assert!(text.contains("/deals/acme/"), "{text}");
        assert!(!text.contains("secret gate"));
    }
}
