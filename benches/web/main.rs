//! How long pages take over a million open deals, beside a bare handler in the same run, on SQLite
//! and, where `LATITUDE_TEST_POSTGRES` names one, on PostgreSQL.
//!
//! `cargo bench --bench web`, or with another number of deals: `cargo bench --bench web -- 20000`.
//! With `--check` it fails where a bound is broken: the board within 100 ms, a preview within 50.

mod company;
mod door;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use company::fill;
use door::Door;
use latitude::domain::framework::Framework;
use latitude::domain::ids::ConnectionId;
use latitude::env::Env;
use latitude::store::Store;
use latitude::store::coaching::TeamPromise;
use latitude::store::sealed::Seal;
use latitude::sync::worker::Engine;
use latitude::web::settings::Settings;
use latitude::web::{self, App};
use reqwest::Method;
use sqlx::Connection;

/// Open deals, unless said otherwise.
const DEALS: u64 = 1_000_000;
/// Requests of each kind that have a bound.
const TIMES: usize = 60;
/// Requests of the others.
const FEW: usize = 10;
/// What a board may take.
const BOARD: Duration = Duration::from_millis(100);
/// What a preview may take.
const PREVIEW: Duration = Duration::from_millis(50);

/// A plan as long as they come, to be graded while it is typed.
const TYPED: &str = "customer_outcome=Ines%2C+the+CFO%2C+wants+to+close+the+books+in+three+days\
    +instead+of+nine%2C+because+the+board+asked+her+twice.&conversation_goal=Ines+names+who+signs\
    +and+agrees+the+date+of+the+proof+by+24+November.&approach=Walk+Ines+through+the+close+of+a\
    +peer+on+Thursday%2C+because+she+trusts+peers+more+than+slides.&obstacles=IT+may+refuse%3B+then\
    +I+start+with+one+plant%2C+or+bring+the+partner%27s+gateway.&check_on=2026-12-01&base=0";

const BOARDS: [&str; 10] = [
    "/board",
    "/board?grade=Thin",
    "/board?grade=Thin&grade=No+strategy+yet&state=Current",
    "/board?state=Past+check+date",
    "/board?stage=Stage+2&amount_from=100000",
    "/board?score_from=95&weakest=Goal",
    "/board?close_from=2027-03-01&close_to=2027-03-31",
    "/board?after=2027-06-01~deal5",
    // Hardly a deal fits, then none at all: nothing is found early.
    "/board?score_from=99&weakest=Goal&stage=Stage+1&amount_from=450000",
    "/board?grade=Strong&score_from=100&amount_from=499990&weakest=Next+step",
];

/// Told, not bound: they are opened now and then.
const OTHERS: [&str; 3] = ["/board/picture", "/board.csv", "/"];

/// The measured, so far.
struct Sheet {
    door: Door,
    bare: Duration,
    fits: bool,
}

impl Sheet {
    async fn line(
        &mut self,
        who: &str,
        (method, path, form): (Method, &str, &str),
        most: Option<Duration>,
    ) -> anyhow::Result<()> {
        let times = if most.is_some() { TIMES } else { FEW };
        let (took, bytes) = self.door.p95(times, (method, path, form)).await?;
        let ratio = took.as_secs_f64() / self.bare.as_secs_f64();
        let told = match most {
            Some(most) if took > most => "  too slow",
            _ => "",
        };
        self.fits &= told.is_empty();
        println!("  {who:>14}  {took:>9.1?}  {ratio:>6.1} x  {bytes:>8} B  {path}{told}");
        Ok(())
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
    settings.previews_a_minute = 10_000;
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
    let door = Door::of(base);
    let (bare, _) = door.p95(TIMES, (Method::GET, "/live", "")).await?;
    println!("{name}: {many} open deals; a bare handler takes {bare:.1?} (p95 of {TIMES})");
    let mut sheet = Sheet {
        door,
        bare,
        fits: true,
    };
    sheet.door.sign_in("s5").await?;
    let preview = (Method::POST, "/panel/acme/deal5/preview", TYPED);
    sheet.line("a seller", preview, Some(PREVIEW)).await?;
    for (leader, team) in [("m7", "10 sellers"), ("d1", "1,000 sellers")] {
        sheet.door.sign_in(leader).await?;
        for path in BOARDS {
            let page = (Method::GET, path, "");
            sheet.line(team, page, Some(BOARD)).await?;
        }
        for path in OTHERS {
            sheet.line(team, (Method::GET, path, ""), None).await?;
        }
    }
    // Executives see figures of everyone, and no single deal.
    sheet.door.sign_in("boss").await?;
    for path in ["/pyramid", "/"] {
        let page = (Method::GET, path, "");
        sheet.line("5,000 sellers", page, None).await?;
    }
    keep.send(true)?;
    serving.await?;
    store.close().await;
    Ok(sheet.fits)
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
    let measured = measure("SQLite", &address, many).await;
    std::fs::remove_dir_all(&folder)?;
    let mut fits = measured?;
    if let Ok(server) = std::env::var("LATITUDE_TEST_POSTGRES") {
        let name = format!("latitude_bench_{}", std::process::id());
        let mut door = sqlx::PgConnection::connect(&server).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut door)
            .await?;
        let mut own = url::Url::parse(&server)?;
        own.set_path(&name);
        let measured = measure("PostgreSQL", own.as_str(), many).await;
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
            .execute(&mut door)
            .await?;
        fits &= measured?;
    }
    let check = std::env::args().any(|it| it == "--check");
    anyhow::ensure!(fits || !check, "some pages take too long");
    Ok(())
}
