//! Latitude simulated: the real engine, store, connectors and sandboxes in one thread, with time
//! that only moves when it is moved, and a seed that decides everything that happens.
//!
//! Two engines share one database, as two processes would. At every named point between two side
//! effects and around every call, the seed may crash the engine, freeze it past its lease while the
//! other one works, let time pass, or let people do things. A model of what people wrote and what
//! the CRM was told checks the invariants, while it happens and after the weather has calmed down.

mod carrier;
mod checks;
mod hand;
mod people;
mod play;
mod time;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use chrono::{NaiveTime, TimeDelta};
use latitude::crm::setup::FieldMap;
use latitude::crm::{self, Crm};
use latitude::domain::framework::Framework;
use latitude::domain::ids::ConnectionId;
use latitude::env::Env;
use latitude::env::fate::{Flaw, Point};
use latitude::http::Client;
use latitude::ops::provision::{Way, blueprint, carry_out, plan};
use latitude::sandbox::serve::{Served, at};
use latitude::sandbox::world::World;
use latitude::store::Store;
use latitude::store::sealed::Seal;
use latitude::sync::worker::Engine;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

use carrier::Wire;
use hand::Hand;
use time::{Local, Truth};

/// A Tuesday morning; every simulated world starts there.
const MORNING: &str = "2026-11-17T09:00:00Z";
/// How often the CRM is asked for changes.
const POLL: TimeDelta = TimeDelta::minutes(5);
/// The engines that share the database.
const ENGINES: usize = 2;

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// Decides everything.
    pub seed: u64,
    /// The mistake that is made on purpose, in debug builds.
    pub flaw: Option<Flaw>,
    /// Tells what happens, as it happens.
    pub aloud: bool,
    /// Where databases are; best in memory.
    pub folder: PathBuf,
    /// Only this CRM, by its id.
    pub only: Option<String>,
}

impl Options {
    /// A run of that seed.
    pub fn of(seed: u64) -> Self {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => memory.to_owned(),
            false => std::env::temp_dir(),
        };
        Self {
            seed,
            flaw: None,
            aloud: false,
            folder,
            only: None,
        }
    }
}

/// What was done to it, by kind, and what was found wrong.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Broken promises, each a sentence.
    pub findings: Vec<String>,
    /// Faults injected and things done, by kind.
    pub counts: BTreeMap<String, u64>,
    /// What happened, in order.
    pub story: Vec<String>,
    /// Time that passed in the simulated world.
    pub lived: TimeDelta,
}

/// One simulated world. Everything hangs on it by reference counts, as the engines' doors need.
pub struct Sim {
    options: Options,
    dice: Mutex<ChaCha12Rng>,
    truth: Arc<Truth>,
    locals: Vec<Arc<Local>>,
    crm: &'static dyn Crm,
    served: Served,
    router: axum::Router,
    fields: Mutex<FieldMap>,
    store: Store,
    /// The model's own eyes: a look takes no turn in the engines' order of things.
    eyes: Mutex<rusqlite::Connection>,
    file: PathBuf,
    id: ConnectionId,
    engines: Mutex<Vec<Option<Arc<Engine>>>>,
    state: Mutex<State>,
}

/// What the model knows.
#[derive(Default)]
struct State {
    outcome: Outcome,
    /// How many engines are at work inside one another.
    depth: usize,
    /// The storm is over: nothing more goes wrong.
    calm: bool,
    /// What each engine that is to die waits for.
    dying: BTreeSet<usize>,
    /// When an engine last died holding a lease.
    died_at: Option<latitude::domain::Time>,
    /// A clock was set ahead: what it left behind is believed for longer.
    was_ahead: bool,
    /// When an engine first might not work what was due, since one last did.
    refused_at: Option<latitude::domain::Time>,
    /// Engines that are keeping a page while the next is on its way.
    keeping: BTreeSet<usize>,
    /// Something happens that takes a while: nothing else may begin beside it, or the order of
    /// things would hang on threads.
    happening: bool,
    words: words::Words,
    visits: BTreeMap<Point, u64>,
    /// Calls and points of the turn that each engine is in.
    steps: BTreeMap<usize, u64>,
    backup: Option<PathBuf>,
}

/// Engines work inside one another here, and a debug build's frames are large.
const STACK: usize = 64 << 20;

/// Runs one seed; the same seed always does the same.
pub fn run(options: Options) -> Outcome {
    let thread = std::thread::Builder::new().stack_size(STACK);
    let ran = thread.spawn(|| run_here(options)).expect("a thread").join();
    ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn run_here(options: Options) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let outcome = runtime.block_on(async {
        let sim = Sim::begin(options).await;
        play::play(&sim).await;
        sim.end().await
    });
    runtime.shutdown_background();
    outcome
}

impl Sim {
    async fn begin(options: Options) -> Arc<Self> {
        let mut dice = ChaCha12Rng::seed_from_u64(options.seed);
        let crm = match &options.only {
            Some(id) => crm::by_id(id).expect("a CRM of that id"),
            // Every other run is on the preferred one.
            None if options.seed.is_multiple_of(2) => {
                crm::by_id(crm::PREFERRED).expect("it is there")
            }
            None => crm::ALL[(options.seed / 2) as usize % crm::ALL.len()],
        };
        let truth = Truth::at(MORNING.parse().expect("a time"));
        let world = World::new(
            Env::seeded(truth.clone(), options.seed),
            options.seed,
            dice.random_range(3..9),
        );
        let base = url::Url::parse("http://crm.test").expect("an address");
        let (served, router) = at(crm, world, base);
        let file = fresh(&options).await;
        let seal = Seal::new(&[vec![7; 32]], Env::seeded(truth.clone(), 7)).expect("a key");
        let address = format!("sqlite://{}", file.display());
        let store = Store::open(&address, seal).await.expect("a database");
        let eyes = rusqlite::Connection::open(&file).expect("a database");
        let locals = (0..ENGINES).map(|_| Local::of(&truth)).collect();
        let sim = Arc::new(Self {
            options,
            dice: Mutex::new(dice),
            truth,
            locals,
            crm,
            served,
            router,
            fields: Mutex::default(),
            store,
            eyes: Mutex::new(eyes),
            file,
            id: ConnectionId::from("acme"),
            engines: Mutex::new(vec![None; ENGINES]),
            state: Mutex::default(),
        });
        sim.set_up().await;
        sim
    }

    /// Our fields are put into the CRM, as an admin does before anything else.
    async fn set_up(self: &Arc<Self>) {
        // A storm begins when there is something to lose.
        self.state().calm = true;
        let engine = self.engine(0);
        engine.enrol().await.expect("rows");
        let session = engine.session(&self.id).await.expect("a session");
        let wanted = plan(self.crm, &session, Way::Apply).await.expect("a plan");
        let done = carry_out(self.crm, &session, &wanted, |_| {}).await;
        assert!(done.is_ok(), "set-up in {}", self.served.crm);
        let found = self.crm.setup(&session, &blueprint(&session)).await;
        *lock(&self.fields) = found.expect("our fields").field_map();
        self.truth.advance(TimeDelta::minutes(30));
        self.remember_minds();
        lock(&self.engines)[0] = None;
        self.state().calm = false;
    }

    /// The engine of that place; a fresh process where the last one died.
    fn engine(self: &Arc<Self>, place: usize) -> Arc<Engine> {
        if let Some(engine) = &lock(&self.engines)[place] {
            return engine.clone();
        }
        let seed = self.roll(0..u64::MAX);
        let hand = Arc::new(Hand::new(self, place));
        let env = Env::seeded(self.locals[place].clone(), seed).under(hand);
        let mut framework = Framework::standard();
        framework.cadence.weekends = true;
        framework.cadence.quiet_from = NaiveTime::MIN;
        framework.cadence.quiet_until = NaiveTime::MIN;
        framework.cadence.asks_per_seller_and_day = 1000;
        let wire = Client::through(Arc::new(Wire::new(self, place)));
        let mut engine = Engine::new(
            self.store.clone(),
            env,
            Arc::new(framework),
            "https://latitude.test",
            POLL,
        )
        .through(wire);
        engine
            .add(self.id.clone(), self.settings())
            .expect("a known CRM");
        let engine = Arc::new(engine);
        lock(&self.engines)[place] = Some(engine.clone());
        engine
    }

    fn settings(&self) -> crm::settings::Settings {
        self.served.settings.clone()
    }

    async fn end(self: &Arc<Self>) -> Outcome {
        lock(&self.engines).iter_mut().for_each(|it| *it = None);
        self.store.close().await;
        let mut state = self.state();
        for (point, visits) in std::mem::take(&mut state.visits) {
            state.outcome.counts.insert(format!("at {point:?}"), visits);
        }
        let mut outcome = std::mem::take(&mut state.outcome);
        outcome.lived = self.truth.lived();
        for end in ["", "-wal", "-shm"] {
            let mut name = self.file.clone().into_os_string();
            name.push(end);
            drop(std::fs::remove_file(name));
        }
        if let Some(backup) = state.backup.take() {
            drop(std::fs::remove_file(backup));
        }
        outcome
    }

    #[track_caller]
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn roll<T, R>(&self, range: R) -> T
    where
        T: rand::distr::uniform::SampleUniform,
        R: rand::distr::uniform::SampleRange<T>,
    {
        lock(&self.dice).random_range(range)
    }

    /// Whether something of that chance happens.
    fn chance(&self, chance: f64) -> bool {
        lock(&self.dice).random::<f64>() < chance
    }

    fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.roll(0..from.len())]
    }

    /// Whether our fields are only being put into the CRM.
    fn is_being_set_up(&self) -> bool {
        lock(&self.fields).0.is_empty()
    }

    /// Counts something that was done to it.
    fn count(&self, what: &str) {
        *self
            .state()
            .outcome
            .counts
            .entry(what.to_owned())
            .or_default() += 1;
    }

    /// Tells what happens.
    fn say(&self, what: &str) {
        let line = format!("{} {what}", self.truth.at_now().format("%d %H:%M:%S"));
        if self.options.aloud {
            eprintln!("{line}");
        }
        self.state().outcome.story.push(line);
    }

    /// A broken promise.
    fn find(&self, what: String) {
        self.say(&format!("!! {what}"));
        self.state().outcome.findings.push(what);
    }
}

/// One thread runs a world, so that a lock that is held already would be waited for for ever.
#[track_caller]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(TryLockError::Poisoned(broken)) => broken.into_inner(),
        Err(TryLockError::WouldBlock) => panic!("held already"),
    }
}

/// A fresh database with the schema in it: a copy of one that was made once.
async fn fresh(options: &Options) -> PathBuf {
    static MADE: tokio::sync::OnceCell<Vec<u8>> = tokio::sync::OnceCell::const_new();
    let process = std::process::id();
    let bytes = MADE
        .get_or_init(|| async {
            let file = options
                .folder
                .join(format!("latitude-sim-{process}-{}.made", options.seed));
            let address = format!("sqlite://{}", file.display());
            let env = Env::seeded(Truth::at(MORNING.parse().expect("a time")), 7);
            let store = Store::open(&address, Seal::new(&[vec![7; 32]], env).expect("a key"))
                .await
                .expect("a database");
            store.migrate().await.expect("the schema");
            store.close().await;
            let bytes = std::fs::read(&file).expect("the file");
            drop(std::fs::remove_file(&file));
            bytes
        })
        .await;
    let flaw = options.flaw.map_or(0, |flaw| flaw as u8 + 1);
    let name = format!("latitude-sim-{process}-{}-{flaw}.db", options.seed);
    let file = options.folder.join(name);
    std::fs::write(&file, bytes).expect("a copy");
    file
}
