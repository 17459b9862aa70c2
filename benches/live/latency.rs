//! From the panel to the CRM, from the CRM to the grade in it, while many sellers publish.
//!
//! Figures: `rate` (publishes a second), `seconds`, `companies`, `deals` (of each), `latency`
//! (milliseconds a call of the CRM), `poll` (seconds).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use latitude::crm::write::Update;
use latitude::domain::field::{Field, Value};
use latitude::domain::ids::DealId;
use latitude::http;
use reqwest::header::{self, HeaderValue};
use reqwest::{Method, Request};
use secrecy::ExposeSecret;
use sha2::Sha256;

use super::load::Load;
use super::rig::{
    Company, Database, Figures, Process, Told, companies, free_port, now, share, until,
};

/// A CRM that pushes, takes a hundred deals a call, and has a pace.
const CRM: &str = "hubspot";
const PATIENCE: Duration = Duration::from_secs(120);
/// Sellers who publish at once wait for one another at most so long.
const TAIL: Duration = Duration::from_secs(60);

pub async fn run(figures: &Figures) -> anyhow::Result<()> {
    let sqlite = Database::sqlite()?;
    measure("SQLite, one process", &sqlite, &["run"], figures).await?;
    sqlite.drop_it().await?;
    if let Some(database) = Database::postgres().await? {
        let parts = ["web", "worker"];
        measure("PostgreSQL, web and worker", &database, &parts, figures).await?;
        database.drop_it().await?;
    }
    Ok(())
}

/// Someone signed in, in front of a deal's panel.
#[derive(Clone)]
struct Seller {
    company: usize,
    deal: usize,
    path: String,
    cookie: HeaderValue,
    csrf: String,
    base: Arc<AtomicU64>,
}

/// By company and deal: the texts that are to appear, and since when.
type OnTheirWay = HashMap<(usize, usize), Vec<(String, Instant)>>;

/// What is on its way.
#[derive(Default)]
struct Awaited(Mutex<OnTheirWay>);

impl Awaited {
    fn all(&self) -> std::sync::MutexGuard<'_, OnTheirWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, place: (usize, usize), text: String, since: Instant) {
        self.all().entry(place).or_default().push((text, since));
    }

    fn count(&self) -> usize {
        self.all().values().map(Vec::len).sum()
    }

    /// Takes out what has appeared, and what newer words of the same deal have overtaken.
    fn look(&self, companies: &[Company], field: Field, times: &mut Vec<Duration>) {
        let at = now();
        self.all().retain(|(company, deal), texts| {
            let shown = companies[*company].shown(*deal, field);
            let shown = shown.as_str().unwrap_or_default();
            if let Some(n) = texts.iter().rposition(|(text, _)| shown.contains(text)) {
                times.extend(texts.drain(..=n).map(|(_, since)| at - since));
            }
            !texts.is_empty()
        });
    }
}

async fn measure(
    name: &str,
    database: &Database,
    parts: &[&str],
    figures: &Figures,
) -> anyhow::Result<()> {
    let (rate, seconds) = (figures.get("rate", 50), figures.get("seconds", 60));
    let latency = Duration::from_millis(figures.get("latency", 100));
    let poll = figures.get("poll", 10);
    let companies = companies(CRM, figures.get("companies", 8), figures.get("deals", 100)).await?;
    let companies = Arc::new(companies);
    let port = free_port().await?;
    let told = Told {
        database: &database.address,
        port,
        poll,
        lanes: 8,
        lease: 60,
        dry_run: false,
    };
    let config = told.write(&format!("latency-{}", parts.len()), &companies)?;
    let processes: Vec<Process> = parts
        .iter()
        .map(|part| Process::start(part, &config))
        .collect::<anyhow::Result<_>>()?;
    let written = |company: &Company| {
        let open = company.open();
        open.iter()
            .all(|deal| company.shown(*deal, Field::State).is_string())
    };
    until(PATIENCE, || companies.iter().all(written)).await?;
    let base = format!("http://127.0.0.1:{port}");
    let sellers = sellers(&base, &companies).await?;
    for company in companies.iter() {
        company.takes(latency);
    }
    let (bare_page, bare_write) = floors(&base, &companies[0]).await?;
    println!(
        "{name}: {rate} publishes/s for {seconds} s over {} deals of {} connections, {} ms a call of the CRM",
        sellers.len(),
        companies.len(),
        latency.as_millis()
    );
    println!(
        "  floors: a bare handler {bare_page:.1?}, a bare read and write of one deal in the CRM {bare_write:.1?} (p95)"
    );

    let load = match database.address.starts_with("postgres") {
        true => Some(Load::of(&database.address).await?),
        false => None,
    };
    let calls = || -> u64 { companies.iter().map(|it| it.served.stats.calls()).sum() };
    let (before, cpu) = (
        calls(),
        processes.iter().map(Process::cpu).sum::<Duration>(),
    );
    let (words, pushed, polled) = (
        Arc::<Awaited>::default(),
        Awaited::default(),
        Awaited::default(),
    );
    let answers = Arc::new(Mutex::new(Vec::new()));
    let client = http::client();
    let (mut shown, mut by_push, mut by_poll) = (Vec::new(), Vec::new(), Vec::new());
    let (mut sent, mut edits, mut depths) = (0_u64, 0_u64, Vec::new());
    let began = now();
    let span = Duration::from_secs(seconds);
    while began.elapsed() < span || (words.count() + pushed.count() + polled.count() > 0) {
        anyhow::ensure!(
            began.elapsed() < span + TAIL,
            "{} never arrived",
            words.count()
        );
        let passed = began.elapsed().min(span).as_secs_f64();
        while sent < (passed * rate as f64) as u64 {
            // The last tenth of the deals is edited in the CRM instead.
            let seller = &sellers[usize::try_from(sent)? % (sellers.len() * 9 / 10)];
            let text = format!("Ada names the date of run {sent}.");
            let (client, seller, base) = (client.clone(), seller.clone(), base.clone());
            let (words, answers) = (words.clone(), answers.clone());
            tokio::spawn(async move {
                let since = now();
                words.add((seller.company, seller.deal), text.clone(), since);
                if let Err(error) = publish(&client, &base, &seller, &text).await {
                    println!("  a publish failed: {error:#}");
                }
                answers
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(since.elapsed());
            });
            sent += 1;
        }
        if passed as u64 > edits && began.elapsed() < span {
            let tenth = &sellers[sellers.len() * 9 / 10..];
            let seller = &tenth[usize::try_from(edits)? % tenth.len()];
            let company = &companies[seller.company];
            let text = format!("Bea says who decides about {edits}.");
            company.types(seller.deal, Field::ConversationGoal, &text);
            let place = (seller.company, seller.deal);
            if edits % 2 == 0 {
                pushed.add(place, text, now());
                tell(&client, &base, company, seller.deal).await?;
            } else {
                polled.add(place, text, now());
            }
            edits += 1;
            depths.push(words.count());
        }
        words.look(&companies, Field::ConversationGoal, &mut shown);
        pushed.look(&companies, Field::Strategy, &mut by_push);
        polled.look(&companies, Field::Strategy, &mut by_poll);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = began.elapsed().as_secs_f64();
    let mut answers = std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
    line("the panel answers", &mut answers, bare_page, None);
    line(
        "published -> in the CRM",
        &mut shown,
        bare_write,
        Some(Duration::from_secs(2)),
    );
    let ten = Duration::from_secs(10);
    line(
        "edited there -> graded there, pushed",
        &mut by_push,
        bare_write,
        Some(ten),
    );
    let most = ten + Duration::from_secs(poll);
    line(
        "edited there -> graded there, polled",
        &mut by_poll,
        bare_write,
        Some(most),
    );
    let mut told: Vec<String> = Vec::new();
    for tenth in depths.chunks(depths.len().div_ceil(10).max(1)) {
        told.push(format!("{}", tenth.iter().sum::<usize>() / tenth.len()));
    }
    println!("  on their way, by tenths of the time: {}", told.join(" "));
    let cpu = processes.iter().map(Process::cpu).sum::<Duration>() - cpu;
    let memory = processes.iter().map(Process::memory).max().unwrap_or(0);
    println!(
        "  {:.1} calls of the CRM a publish; {:.0} % of a core; {memory} MiB the larger process",
        (calls() - before) as f64 / sent.max(1) as f64,
        cpu.as_secs_f64() / took * 100.0,
    );
    if let Some(load) = load {
        let seen = load.seen().await?;
        println!(
            "  the database: {:.0} transactions/s, {:.0} % of a core, {:.2} statements at once",
            seen.transactions,
            seen.cpu * 100.0,
            seen.active
        );
    }
    Ok(())
}

fn line(what: &str, times: &mut [Duration], floor: Duration, most: Option<Duration>) {
    let (p50, p95, max) = (share(times, 0.5), share(times, 0.95), share(times, 1.0));
    let ratio = p95.as_secs_f64() / floor.as_secs_f64();
    let told = match most {
        Some(most) if p95 > most => format!("  LATE: more than {most:?}"),
        _ => String::new(),
    };
    println!(
        "  {what:<38} p50 {:>8.1?}  p95 {:>8.1?}  max {:>8.1?}  {ratio:>5.1} x its floor  ({} of them){told}",
        p50,
        p95,
        max,
        times.len()
    );
}

/// What anyone would need: for an answer, and for reading and writing one deal.
async fn floors(base: &str, company: &Company) -> anyhow::Result<(Duration, Duration)> {
    let client = http::client();
    let (mut pages, mut writes) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let began = now();
        let request = Request::new(Method::GET, format!("{base}/live").parse()?);
        client.execute(request).await?.bytes().await?;
        pages.push(began.elapsed());
    }
    let env = latitude::env::Env::system();
    let scratch = Database::sqlite()?;
    let seal = latitude::store::sealed::Seal::random(&env);
    let store = latitude::store::Store::open(&scratch.address, seal).await?;
    store.migrate().await?;
    let framework = Arc::new(latitude::domain::framework::Framework::standard());
    let hour = chrono::TimeDelta::hours(1);
    let mut engine =
        latitude::sync::worker::Engine::new(store.clone(), env, framework, "http://x.test", hour);
    engine
        .add(company.id.clone(), company.served.settings.clone())
        .map_err(anyhow::Error::msg)?;
    engine.enrol().await?;
    let session = engine
        .session(&company.id)
        .await
        .map_err(anyhow::Error::new)?;
    // Asked before: the company's state is held while it is looked into.
    let first = company.open()[0];
    let id = DealId::from(company.served.world.state().deals[first].id.as_str());
    for _ in 0..10 {
        let began = now();
        company
            .crm
            .deals_now(&session, std::slice::from_ref(&id))
            .await
            .map_err(anyhow::Error::new)?;
        let update = Update {
            deal: id.clone(),
            fields: vec![(Field::Grade, Value::text("Solid"))],
            revision: None,
        };
        company
            .crm
            .write(&session, &[update])
            .await
            .map_err(anyhow::Error::new)?;
        writes.push(began.elapsed());
        // Below the CRM's pace.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    store.close().await;
    scratch.drop_it().await?;
    Ok((share(&mut pages, 0.95), share(&mut writes, 0.95)))
}

/// A seller in front of each open deal.
async fn sellers(base: &str, companies: &[Company]) -> anyhow::Result<Vec<Seller>> {
    let client = http::client();
    let mut cookies: HashMap<(usize, usize), HeaderValue> = HashMap::new();
    let mut sellers = Vec::new();
    for (company, at) in companies.iter().enumerate() {
        for deal in at.open() {
            let (id, owner, person) = {
                let state = at.served.world.state();
                let owner = state.deals[deal].owner;
                (
                    state.deals[deal].id.clone(),
                    owner,
                    state.people[owner].id.clone(),
                )
            };
            if let Entry::Vacant(place) = cookies.entry((company, owner)) {
                let form = format!("person={}", encoded(&format!("{}:{person}", at.id)));
                let request = form_of(base, "/sign-in", None, &form)?;
                let answer = client.execute(request).await?;
                let set = answer
                    .headers()
                    .get(header::SET_COOKIE)
                    .context("a cookie")?;
                let pair = set.to_str()?.split(';').next().unwrap_or_default();
                place.insert(HeaderValue::from_str(pair)?);
            }
            let cookie = cookies[&(company, owner)].clone();
            let path = format!("/panel/{}/{}", at.id, encoded(&id));
            let mut request = Request::new(Method::GET, format!("{base}{path}").parse()?);
            request.headers_mut().insert(header::COOKIE, cookie.clone());
            let page = client.execute(request).await?.text().await?;
            let held = |name: &str| {
                let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
                rest.split('"').next().map(str::to_owned)
            };
            let csrf = held("csrf").with_context(|| format!("no panel at {path}"))?;
            let version = held("base").and_then(|it| it.parse().ok()).unwrap_or(0);
            sellers.push(Seller {
                company,
                deal,
                path,
                cookie,
                csrf,
                base: Arc::new(AtomicU64::new(version)),
            });
        }
    }
    // Neighbours in time are of different companies.
    sellers.sort_by_key(|seller| (seller.deal, seller.company));
    Ok(sellers)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn form_of(
    base: &str,
    path: &str,
    cookie: Option<&HeaderValue>,
    form: &str,
) -> anyhow::Result<Request> {
    let mut request = Request::new(Method::POST, format!("{base}{path}").parse()?);
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, kind);
    request
        .headers_mut()
        .insert(header::ORIGIN, HeaderValue::from_str(base)?);
    if let Some(cookie) = cookie {
        request.headers_mut().insert(header::COOKIE, cookie.clone());
    }
    *request.body_mut() = Some(form.to_owned().into());
    Ok(request)
}

async fn publish(
    client: &reqwest::Client,
    base: &str,
    seller: &Seller,
    text: &str,
) -> anyhow::Result<()> {
    let version = seller.base.load(Ordering::Relaxed);
    let form = format!(
        "csrf={}&base={version}&conversation_goal={}",
        encoded(&seller.csrf),
        encoded(text)
    );
    let request = form_of(base, &seller.path, Some(&seller.cookie), &form)?;
    let answer = client.execute(request).await?;
    let status = answer.status();
    anyhow::ensure!(status.is_redirection(), "{}: {status}", seller.path);
    seller.base.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// The CRM tells of a change, as it would: signed.
async fn tell(
    client: &reqwest::Client,
    base: &str,
    company: &Company,
    deal: usize,
) -> anyhow::Result<()> {
    let id: u64 = company.served.world.state().deals[deal].id.parse()?;
    let body = serde_json::json!([{
        "subscriptionType": "object.propertyChange", "objectTypeId": "0-3", "objectId": id,
    }]);
    let body = body.to_string();
    let url = format!("{base}/push/{}", company.id);
    let secret = company
        .served
        .settings
        .client_secret
        .as_ref()
        .context("a secret")?;
    #[expect(clippy::disallowed_methods, reason = "the CRM's time")]
    let stamp = chrono::Utc::now().timestamp_millis().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())?;
    mac.update(format!("POST{url}{body}{stamp}").as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    let mut request = Request::new(Method::POST, url.parse()?);
    let headers = request.headers_mut();
    headers.insert("x-hubspot-signature-v3", HeaderValue::from_str(&signature)?);
    headers.insert(
        "x-hubspot-request-timestamp",
        HeaderValue::from_str(&stamp)?,
    );
    *request.body_mut() = Some(body.into());
    let status = client.execute(request).await?.status();
    anyhow::ensure!(status.is_success(), "a push was answered with {status}");
    Ok(())
}
