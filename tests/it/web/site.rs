//! A site on a free port, with a small company in its database and a clock that stands still.
//!
//! On SQLite, or on PostgreSQL (a schema of its own) when `LATITUDE_TEST_POSTGRES` names one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use latitude::domain::cadence::State;
use latitude::domain::deal::{Deal, Pipeline, Stage, Standing};
use latitude::domain::framework::Framework;
use latitude::domain::grade::{Assessment, Dimensions, Finding, Grade};
use latitude::domain::ids::{ConnectionId, DealId};
use latitude::domain::people::Person;
use latitude::domain::role::Role;
use latitude::domain::strategy::{Answers, Part};
use latitude::env::{Env, Frozen};
use latitude::http;
use latitude::store::Store;
use latitude::store::coaching::TeamPromise;
use latitude::store::consider::Considered;
use latitude::store::deals::Marks;
use latitude::store::sealed::Seal;
use latitude::store::strategies::{Assessed, NewVersion};
use latitude::sync::worker::Engine;
use latitude::web::settings::Settings;
use latitude::web::{self, App};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};

/// A Tuesday morning.
pub const MORNING: &str = "2026-11-17T09:00:00Z";

/// What everyone in the company is called: id, name, whom they report to.
///
/// Eva leads Dan, who leads Mia and Max; six sell for Mia, one for Max. Pat owns the product.
pub const PEOPLE: [(&str, &str, Option<&str>); 12] = [
    ("eva", "Eva Exec", None),
    ("dan", "Dan Director", Some("eva")),
    ("mia", "Mia Manager", Some("dan")),
    ("max", "Max Manager", Some("dan")),
    ("pat", "Pat Product", Some("eva")),
    ("sam", "Sam Seller", Some("mia")),
    ("sue", "Sue Seller", Some("mia")),
    ("sid", "Sid Seller", Some("mia")),
    ("sol", "Sol Seller", Some("mia")),
    ("sky", "Sky Seller", Some("mia")),
    ("stu", "Stu Seller", Some("mia")),
    ("xia", "Xia Seller", Some("max")),
];

/// Latitude's pages, served.
pub struct Site {
    pub base: String,
    pub store: Store,
    pub env: Env,
    pub clock: Arc<Frozen>,
    folder: Option<PathBuf>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// A browser: keeps cookies and knows the token of the last page.
pub struct Browser {
    base: String,
    client: reqwest::Client,
    pub cookies: BTreeMap<String, String>,
    pub csrf: String,
}

/// The database of one test: its address, and the folder to remove with it.
pub async fn database() -> (String, Option<PathBuf>) {
    if let Some(postgres) = crate::scratch::server() {
        let name = format!("latitude_test_{}", crate::scratch::mark());
        let pool = sqlx::PgPool::connect(&postgres).await.unwrap();
        let mut make = sqlx::QueryBuilder::<sqlx::Postgres>::new("CREATE SCHEMA ");
        make.push(&name);
        make.build().execute(&pool).await.unwrap();
        let sign = if postgres.contains('?') { '&' } else { '?' };
        return (
            format!("{postgres}{sign}options=-c%20search_path%3D{name}"),
            None,
        );
    }
    let folder = crate::scratch::folder();
    let address = format!("sqlite://{}/latitude.db", folder.display());
    (address, Some(folder))
}

impl Site {
    /// A site where anyone may be anyone, with the company in connection `acme`.
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::on(database().await, change).await
    }

    /// The same on a database of one's own; the folder goes with it.
    pub async fn on(
        (address, folder): (String, Option<PathBuf>),
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let clock = Frozen::at(MORNING.parse().unwrap());
        let env = Env::seeded(clock.clone(), 7);
        let store = Store::open(&address, Seal::random(&env)).await.unwrap();
        store.migrate().await.unwrap();
        let framework = Arc::new(Framework::standard());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut settings = Settings::demo(&base);
        settings.roles.insert("acme:pat".to_owned(), Role::Product);
        settings.sign_ins_a_minute = 10_000;
        change(&mut settings);
        let engine = Engine::new(
            store.clone(),
            env.clone(),
            framework.clone(),
            &base,
            TimeDelta::minutes(1),
        );
        let app = App::new(Arc::new(engine), settings);
        let (keep, stop) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            let _keep = keep;
            web::serve(app, listener, stop).await;
        });
        let site = Self {
            base,
            store,
            env,
            clock,
            folder,
        };
        site.found("acme").await;
        for leader in ["dan", "mia", "max"] {
            site.promise(leader).await;
        }
        site
    }

    /// Founds the company in a connection.
    pub async fn found(&self, connection: &str) {
        let id = ConnectionId::from(connection);
        let people: Vec<Person> = PEOPLE
            .iter()
            .map(|(person, name, manager)| Person {
                id: (*person).into(),
                name: (*name).to_owned(),
                email: Some(format!("{person}@{connection}.test")),
                active: true,
                manager: manager.map(Into::into),
                time_zone: Some("Europe/Berlin".to_owned()),
            })
            .collect();
        let stage = |id: &str, name: &str, standing| Stage {
            id: id.into(),
            name: name.to_owned(),
            standing,
        };
        let pipeline = Pipeline {
            id: "sales".into(),
            name: "Sales".to_owned(),
            stages: vec![
                stage("s1", "Qualification", Standing::Open),
                stage("s2", "Proposal", Standing::Open),
                stage("s3", "Negotiation", Standing::Open),
                stage("s4", "Closed Won", Standing::Won),
            ],
        };
        let now = self.env.now();
        let mut tx = self.store.write().await.unwrap();
        tx.add_connection(&id, "sandbox", &[], now).await.unwrap();
        tx.save_people(&id, &people).await.unwrap();
        tx.save_stages(&id, &[pipeline], now).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What a leader promises the team.
    pub async fn promise(&self, leader: &str) {
        let promise = TeamPromise {
            at: self.env.now(),
            answer_days: 1,
            text: "I answer within a day.".to_owned(),
        };
        let mut tx = self.store.write().await.unwrap();
        tx.add_team_promise(&ConnectionId::from("acme"), leader, &promise)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// A deal of a seller, as a pull would take it up and find that nothing is written there.
    pub async fn deal(&self, seller: &str, id: &str) -> Deal {
        let deal = plain_deal(seller, id);
        self.take_up("acme", &deal).await;
        deal
    }

    /// Takes a deal up.
    pub async fn take_up(&self, connection: &str, deal: &Deal) {
        let marks = Marks {
            seen: "seen".to_owned(),
            answers: "answers".to_owned(),
            question: "question".to_owned(),
        };
        let mut tx = self.store.write().await.unwrap();
        let id = ConnectionId::from(connection);
        let now = self.env.now();
        tx.save_deals(&id, &[(deal, &marks, 0)], (now, now))
            .await
            .unwrap();
        let known = tx.dossier(&id, &deal.id).await.unwrap().unwrap();
        if known.state.is_none() {
            let considered = Considered {
                id: known.id,
                state: State::NoStrategyYet.label(),
                asked_at: None,
                asked_reason: None,
                look_at: Some(now),
                desired_mark: String::new(),
                write_at: None,
            };
            tx.save_considered(&id, &[considered]).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// Takes up many new deals at once.
    pub async fn take_up_all(&self, connection: &str, deals: &[Deal]) {
        let marks = Marks {
            seen: "seen".to_owned(),
            answers: "answers".to_owned(),
            question: "question".to_owned(),
        };
        let (id, now) = (ConnectionId::from(connection), self.env.now());
        let marked: Vec<(&Deal, &Marks, i64)> = deals.iter().map(|it| (it, &marks, 0)).collect();
        let considered: Vec<Considered> = deals
            .iter()
            .map(|it| Considered {
                id: it.id.as_str().to_owned(),
                state: State::NoStrategyYet.label(),
                asked_at: None,
                asked_reason: None,
                look_at: None,
                desired_mark: String::new(),
                write_at: None,
            })
            .collect();
        let mut tx = self.store.write().await.unwrap();
        tx.save_deals(&id, &marked, (now, now)).await.unwrap();
        tx.save_considered(&id, &considered).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Writes a strategy into a deal and gives it a grade.
    pub async fn write(&self, deal: &Deal, version: i64, answers: &Answers, grade: Grade) {
        let id = ConnectionId::from("acme");
        let now = self.env.now();
        let new = NewVersion {
            deal: deal.id.as_str(),
            version,
            answers: answers.clone(),
            source: "crm",
            author: deal
                .seller
                .as_ref()
                .map(latitude::domain::ids::PersonId::as_str),
            at: now,
            stage: deal.stage.as_str(),
            amount: deal.amount,
            close_on: deal.close_on,
        };
        let assessed = Assessed {
            deal: deal.id.as_str(),
            version,
            assessment: assessment(answers, grade),
        };
        let mut tx = self.store.write().await.unwrap();
        tx.add_versions(&id, &[new]).await.unwrap();
        tx.save_assessments(&id, "default-1", &[assessed], now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// A browser in which someone has signed in.
    pub async fn browser_of(&self, person: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(&format!("acme:{person}")).await;
        browser
    }

    /// A browser in which nobody has signed in.
    pub fn browser(&self) -> Browser {
        Browser {
            base: self.base.clone(),
            client: http::client(),
            cookies: BTreeMap::new(),
            csrf: String::new(),
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            drop(std::fs::remove_dir_all(folder));
        }
    }
}

/// A deal with every fact.
pub fn plain_deal(seller: &str, id: &str) -> Deal {
    Deal {
        id: DealId::from(id),
        name: format!("Deal {id}"),
        account: Some("Harbour & Vale".to_owned()),
        pipeline: Some("sales".into()),
        stage: "s2".into(),
        amount: Some(12_500.0),
        currency: Some("EUR".to_owned()),
        close_on: "2026-12-10".parse().ok(),
        seller: Some(seller.into()),
        standing: Standing::Open,
        changed_at: MORNING.parse().unwrap(),
        revision: None,
        answers: Answers::default(),
        manager_question: String::new(),
        shown: Vec::new(),
    }
}

/// A strategy with something in every part.
pub fn strategy() -> Answers {
    Answers {
        customer_outcome: "Ines wants to close the books in three days.".to_owned(),
        conversation_goal: "Ines names who signs.".to_owned(),
        approach: "Show her team the close of a peer, because she trusts peers.".to_owned(),
        obstacles: "IT may say no; then we start with one plant.".to_owned(),
        check_on: "2026-11-24".parse().ok(),
        need: String::new(),
    }
}

fn assessment(answers: &Answers, grade: Grade) -> Assessment {
    let score = match grade {
        Grade::Strong => Some(90),
        Grade::Solid => Some(70),
        Grade::Developing => Some(45),
        Grade::Thin => Some(20),
        _ => None,
    };
    let approach = &answers.approach;
    let because = approach.find("because");
    Assessment {
        grade,
        score,
        overall: score.map_or(0, |score| score / 25),
        dims: Dimensions {
            customer: 3,
            goal: 2,
            approach: 3,
            ownership: 1,
            next_step: 2,
        },
        findings: because
            .map(|at| Finding {
                rule: "reason_given".to_owned(),
                dimension: None,
                part: Part::Approach,
                start: at,
                end: approach.len(),
                points: 125,
            })
            .into_iter()
            .collect(),
        notes: vec![latitude::domain::coaching::Note {
            name: "one_option".to_owned(),
            text: "What would you try if that door were closed?".to_owned(),
        }],
        private_notes: vec![latitude::domain::coaching::PrivateNote {
            name: "not_mine".to_owned(),
            text: "Which part of this can you move yourself?".to_owned(),
        }],
    }
}

impl Browser {
    /// A browser on any site, in which nobody has signed in.
    pub fn on(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            client: http::client(),
            cookies: BTreeMap::new(),
            csrf: String::new(),
        }
    }

    /// Picks a person on the demo's page.
    pub async fn sign_in(&mut self, key: &str) {
        let answer = self.post("/sign-in", &[("person", key)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    /// Sends a form as our own pages do.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        if self.csrf.is_empty() && !self.cookies.is_empty() {
            self.get("/board").await;
        }
        let origin = self.base.clone();
        let mut form = form.to_vec();
        let csrf = self.csrf.clone();
        form.push(("csrf", &csrf));
        self.send(Method::POST, path, Some(&form), &[("origin", &origin)])
            .await
    }

    /// Sends anything.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        form: Option<&[(&str, &str)]>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let url = url::Url::parse(&self.base).unwrap().join(path).unwrap();
        let mut request = reqwest::Request::new(method, url);
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().insert(name, value);
        }
        if !self.cookies.is_empty() {
            let pairs = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            let cookies = pairs.collect::<Vec<_>>().join("; ");
            let cookies = HeaderValue::from_str(&cookies).unwrap();
            request.headers_mut().insert(header::COOKIE, cookies);
        }
        if let Some(form) = form {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
            let mut body = url::form_urlencoded::Serializer::new(String::new());
            body.extend_pairs(form);
            *request.body_mut() = Some(body.finish().into());
        }
        let reply = self.client.execute(request).await.unwrap();
        let (status, headers) = (reply.status(), reply.headers().clone());
        for set in headers.get_all(header::SET_COOKIE) {
            let text = set.to_str().unwrap();
            let (pair, rest) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() || rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = reply.text().await.unwrap();
        if let Some((_, rest)) = body.split_once("name=\"csrf\" value=\"") {
            self.csrf = rest.split('"').next().unwrap_or_default().to_owned();
        }
        Answer {
            status,
            headers,
            body,
        }
    }
}

impl Answer {
    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|it| it.to_str().ok())
            .unwrap_or_default()
    }
}
