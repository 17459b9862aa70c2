//! How long the board takes over a million open deals, beside a bare handler in the same run, on
//! SQLite and, where `LATITUDE_TEST_POSTGRES` names one, on PostgreSQL.
//!
//! `cargo bench --bench board`, or with another number of deals: `cargo bench --bench board -- 20000`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::TimeDelta;
use latitude::domain::framework::Framework;
use latitude::domain::ids::ConnectionId;
use latitude::env::Env;
use latitude::http;
use latitude::store::Store;
use latitude::store::coaching::TeamPromise;
use latitude::store::sealed::Seal;
use latitude::sync::worker::Engine;
use latitude::web::settings::Settings;
use latitude::web::{self, App};
use reqwest::Method;
use reqwest::header::{self, HeaderValue};
use sqlx::Connection;

/// Open deals, unless said otherwise.
const DEALS: u64 = 1_000_000;
/// Sellers; ten to a manager, a hundred managers to a director.
const SELLERS: u64 = 5_000;
/// Requests of each kind.
const TIMES: usize = 60;
/// What a board may take.
const MOST: Duration = Duration::from_millis(100);

const PEOPLE: &str = "INSERT INTO person (connection, id, name, email, active, manager, time_zone)
    SELECT 'acme', id, 'Person ' || id, id || '@acme.test', true, manager, 'Europe/Berlin' FROM (
      SELECT 's' || n AS id, 'm' || (n / 10) AS manager FROM numbers WHERE n < 5000
      UNION ALL SELECT 'm' || n, 'd' || (n / 100) FROM numbers WHERE n < 500
      UNION ALL SELECT 'd' || n, 'boss' FROM numbers WHERE n < 5
      UNION ALL SELECT 'boss', NULL) AS everyone";

const GRADES: &str = "CASE n % 17 WHEN 0 THEN 'Strong' WHEN 1 THEN 'Solid' WHEN 2 THEN 'Solid'
    WHEN 3 THEN 'Developing' WHEN 4 THEN 'Developing' WHEN 5 THEN 'Thin' WHEN 6 THEN 'Thin'
    WHEN 7 THEN 'Not enough yet' ELSE NULL END";

fn deals(many: u64, close_on: &str) -> String {
    format!(
        "INSERT INTO deal (connection, id, name, account, pipeline, stage, amount, currency,
           close_on, seller, standing, seen_mark, answers_mark, question_mark, seen_at, version,
           assessed_version, grade, score, weakest, state)
         SELECT 'acme', 'deal' || n, 'Deal ' || n, 'Account ' || (n % 90001), 'sales',
           's' || (n % 6), ((n % 100003) * 7919) % 500000, 'EUR', {close_on}, 's' || (n % {SELLERS}), 'open',
           'a', 'b', 'c', '2026-11-01 00:00:00+00:00', 1, 1, {GRADES}, (n * 31) % 101,
           CASE n % 3 WHEN 0 THEN 'Goal' WHEN 1 THEN 'Approach' ELSE 'Ownership' END,
           CASE n % 11 WHEN 0 THEN 'Past check date' WHEN 1 THEN 'Getting old' ELSE 'Current' END
         FROM numbers WHERE n < {many}"
    )
}

/// Fills a database through a door of its own: what is measured is reading.
#[expect(
    clippy::disallowed_methods,
    reason = "the text is made of numbers of ours"
)]
async fn fill(address: &str, many: u64) -> anyhow::Result<()> {
    let numbers = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers
         WHERE n < {}) ",
        many.max(SELLERS)
    );
    let stages =
        (0..6).map(|n| format!("('acme', 'sales', 's{n}', 'Sales', 'Stage {n}', 'open', {n})"));
    let stages: Vec<String> = stages.collect();
    let stages = format!(
        "INSERT INTO stage (connection, pipeline, id, pipeline_name, name, standing, position)
         VALUES {}",
        stages.join(", ")
    );
    let texts = |date: &str, cast: &str| {
        let deals = deals(many, date).replace("'2026-11-01 00:00:00+00:00'", cast);
        [
            "INSERT INTO connection (id, crm) VALUES ('acme', 'sandbox')".to_owned(),
            stages.clone(),
            format!("{numbers}{PEOPLE}"),
            format!("{numbers}{deals}"),
            "ANALYZE".to_owned(),
        ]
    };
    if address.starts_with("sqlite") {
        let date =
            "CASE n % 50 WHEN 0 THEN NULL ELSE date('2026-11-20', '+' || (n % 400) || ' days') END";
        let mut door = sqlx::SqliteConnection::connect(address).await?;
        for text in texts(date, "'2026-11-01T00:00:00+00:00'") {
            // In SQLite the names that stand before INSERT ... SELECT are known to it too.
            sqlx::raw_sql(sqlx::AssertSqlSafe(text))
                .execute(&mut door)
                .await?;
        }
    } else {
        let date = "CASE n % 50 WHEN 0 THEN NULL ELSE DATE '2026-11-20' + n % 400 END";
        let mut door = sqlx::PgConnection::connect(address).await?;
        for text in texts(date, "TIMESTAMPTZ '2026-11-01 00:00:00+00:00'") {
            sqlx::raw_sql(sqlx::AssertSqlSafe(text))
                .execute(&mut door)
                .await?;
        }
    }
    Ok(())
}

struct Door {
    base: String,
    client: reqwest::Client,
    cookie: Option<HeaderValue>,
}

impl Door {
    async fn send(
        &self,
        method: Method,
        path: &str,
        form: &str,
    ) -> anyhow::Result<reqwest::Response> {
        let mut request = reqwest::Request::new(method, format!("{}{path}", self.base).parse()?);
        let headers = request.headers_mut();
        headers.insert(header::ORIGIN, HeaderValue::from_str(&self.base)?);
        if let Some(cookie) = &self.cookie {
            headers.insert(header::COOKIE, cookie.clone());
        }
        if !form.is_empty() {
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, kind);
            *request.body_mut() = Some(form.to_owned().into());
        }
        Ok(self.client.execute(request).await?)
    }

    async fn sign_in(&mut self, person: &str) -> anyhow::Result<()> {
        self.cookie = None;
        let form = format!("person=acme%3A{person}");
        let answer = self.send(Method::POST, "/sign-in", &form).await?;
        let set = answer
            .headers()
            .get(header::SET_COOKIE)
            .context("a cookie")?;
        let pair = set
            .to_str()?
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        self.cookie = Some(HeaderValue::from_str(&pair)?);
        Ok(())
    }

    /// The time within which 95 of 100 answers came.
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    async fn p95(&self, path: &str) -> anyhow::Result<Duration> {
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let began = Instant::now();
            let answer = self.send(Method::GET, path, "").await?;
            anyhow::ensure!(answer.status().is_success(), "{path}: {}", answer.status());
            answer.bytes().await?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        Ok(times[TIMES * 95 / 100])
    }
}

async fn measure(name: &str, address: &str, many: u64) -> anyhow::Result<bool> {
    let env = Env::system();
    let store = Store::open(address, Seal::random(&env)).await?;
    store.migrate().await?;
    fill(address, many).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let engine = Engine::new(
        store.clone(),
        env.clone(),
        Arc::new(Framework::standard()),
        &base,
        TimeDelta::hours(1),
    );
    let mut settings = Settings::demo(&base);
    settings.sign_ins_a_minute = 10_000;
    let app = App::new(Arc::new(engine), settings);
    let (keep, stop) = tokio::sync::watch::channel(false);
    let serving = tokio::spawn(web::serve(app, listener, stop));
    let promise = TeamPromise {
        at: env.now(),
        answer_days: 1,
        text: String::new(),
    };
    let mut tx = store.write().await?;
    for leader in ["m7", "d1"] {
        tx.add_team_promise(&ConnectionId::from("acme"), leader, &promise)
            .await?;
    }
    tx.commit().await?;
    let mut door = Door {
        base,
        client: http::client(),
        cookie: None,
    };
    let bare = door.p95("/live").await?;
    println!("{name}: {many} open deals; a bare handler takes {bare:.1?} (p95 of {TIMES})");
    let mut fits = true;
    for (leader, team) in [("m7", "10 sellers"), ("d1", "1,000 sellers")] {
        door.sign_in(leader).await?;
        for path in [
            "/board",
            "/board?grade=Thin",
            "/board?grade=Thin&grade=No+strategy+yet&state=Current",
            "/board?state=Past+check+date",
            "/board?stage=Stage+2&amount_from=100000",
            "/board?score_from=95&weakest=Goal",
            "/board?close_from=2027-03-01&close_to=2027-03-31",
            "/board?after=2027-06-01~deal5",
        ] {
            let took = door.p95(path).await?;
            let times = took.as_secs_f64() / bare.as_secs_f64();
            let told = if took <= MOST { "" } else { "  too slow" };
            fits &= took <= MOST;
            println!("  {team:>13}  {took:>9.1?}  {times:>6.1} x  {path}{told}");
        }
    }
    keep.send(true)?;
    serving.await?;
    store.close().await;
    Ok(fits)
}

#[tokio::main]
#[expect(
    clippy::disallowed_methods,
    reason = "which database there is is the machine's say"
)]
async fn main() -> anyhow::Result<()> {
    let many = std::env::args()
        .find_map(|it| it.parse().ok())
        .unwrap_or(DEALS);
    let folder = std::env::temp_dir().join(format!("latitude-bench-{}", std::process::id()));
    let address = format!("sqlite://{}/latitude.db", folder.display());
    let mut fits = measure("SQLite", &address, many).await?;
    std::fs::remove_dir_all(&folder)?;
    if let Ok(server) = std::env::var("LATITUDE_TEST_POSTGRES") {
        let name = format!("latitude_bench_{}", std::process::id());
        let mut door = sqlx::PgConnection::connect(&server).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut door)
            .await?;
        let mut own = url::Url::parse(&server)?;
        own.set_path(&name);
        fits &= measure("PostgreSQL", own.as_str(), many).await?;
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
            .execute(&mut door)
            .await?;
    }
    anyhow::ensure!(fits, "some boards take longer than {MOST:?}");
    Ok(())
}
