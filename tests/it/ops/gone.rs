//! A database that goes away and comes back: nothing is lost, and nothing has to be restarted.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use latitude::env::Env;
use latitude::store::Store;
use latitude::store::sealed::Seal;
use latitude::sync::report::RunState;
use sqlx::{Connection, Executor};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::floor::{Floor, KEY, databases, page, postgres, sqlite};

/// What a cable does with bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Plugged,
    Pulled,
    /// Both ends stay open, and nothing comes through: for good where a connection met it.
    Dead,
}

/// Stands between Latitude and PostgreSQL, and can be pulled out like a cable.
struct Cable {
    address: String,
    state: Arc<watch::Sender<State>>,
}

impl Cable {
    async fn to(database: &str) -> Self {
        let url = url::Url::parse(database).unwrap();
        let host = url.host_str().unwrap();
        let folder: String = url::form_urlencoded::parse(format!("x={host}").as_bytes())
            .map(|(_, value)| value.into_owned())
            .collect();
        let port = url.port().unwrap_or(5432);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut address = url.clone();
        address.set_host(Some("127.0.0.1")).unwrap();
        address
            .set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        let state = Arc::new(watch::Sender::new(State::Plugged));
        let cable = state.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (mut cable, folder) = (cable.subscribe(), folder.clone());
                tokio::spawn(async move {
                    if *cable.borrow() == State::Pulled {
                        return;
                    }
                    let dead = async {
                        let state = cable.wait_for(|state| *state != State::Plugged).await;
                        *state.unwrap() == State::Dead
                    };
                    let joined = async {
                        if folder.starts_with('/') {
                            let place = PathBuf::from(folder).join(format!(".s.PGSQL.{port}"));
                            let mut far = UnixStream::connect(place).await.unwrap();
                            drop(copy_bidirectional(&mut near, &mut far).await);
                        } else {
                            let mut far = TcpStream::connect((folder, port)).await.unwrap();
                            drop(copy_bidirectional(&mut near, &mut far).await);
                        }
                    };
                    let mut joined = Box::pin(joined);
                    tokio::select! {
                        () = &mut joined => {}
                        is_dead = dead => {
                            if is_dead {
                                std::future::pending::<()>().await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address: format!("{address}?sslmode=disable"),
            state,
        }
    }

    fn is(&self, state: State) {
        self.state.send_replace(state);
    }
}

#[tokio::test]
async fn a_database_that_goes_away_and_comes_back_is_worked_on_without_a_restart() {
    let Some(database) = postgres().await else {
        return;
    };
    let cable = Cable::to(&database).await;
    let floor = Floor::ready(&cable.address, 5).await;
    let pages = floor.pages().await;
    assert_eq!(floor.reconcile().await.state, RunState::Ok);

    cable.is(State::Pulled);
    let (gone, _) = page(&format!("{pages}/ready")).await;
    let (_, metrics) = page(&format!("{pages}/metrics")).await;
    assert!(floor.engine.run_until_quiet(None).await.is_err());
    cable.is(State::Plugged);
    let (back, _) = page(&format!("{pages}/ready")).await;

    assert_eq!((gone, back), (503, 200));
    assert!(metrics.contains("latitude_database_up 0"), "{metrics}");
    assert_eq!(floor.reconcile().await.state, RunState::Ok);
}

/// How long the database may keep these stores waiting.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longer than any of this takes when it ends at all.
const AGES: Duration = Duration::from_secs(30);

async fn impatient(address: &str) -> Store {
    let env = Env::system();
    let seal = Seal::new(&[KEY.to_vec()], env).unwrap();
    Store::open_within(address, seal, PATIENCE).await.unwrap()
}

#[tokio::test]
async fn a_database_that_says_nothing_keeps_nobody_waiting_and_its_dead_connections_are_not_used_again()
 {
    let Some(database) = postgres().await else {
        return;
    };
    let cable = Cable::to(&database).await;
    let store = impatient(&cable.address).await;
    store.migrate().await.unwrap();
    // As many as the pool takes, and then all of them dead at once.
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(store.read().await.unwrap());
    }

    cable.is(State::Dead);
    let asked = open.iter_mut().map(latitude::store::tx::Tx::connections);
    let answers = timeout(AGES, join_all(asked))
        .await
        .expect("no answer ends");
    cable.is(State::Plugged);
    drop(open);
    let again = async {
        loop {
            if let Ok(mut tx) = store.read().await {
                return tx.connections().await;
            }
        }
    };
    let again = timeout(AGES, again).await.expect("the pool is not used up");

    assert!(answers.iter().all(Result::is_err));
    assert!(again.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_process_that_vanished_left_open_keeps_no_other_from_its_connection() {
    let Some(database) = postgres().await else {
        return;
    };
    let floor = Floor::ready(&database, 1).await;
    let cable = Cable::to(&database).await;
    let (vanishing, other) = (impatient(&cable.address).await, impatient(&database).await);
    let (now, env) = (floor.env.now(), &floor.env);
    let until = now + TimeDelta::seconds(60);
    let mut tx = vanishing.write().await.unwrap();
    let lease = tx
        .claim(&[floor.id.as_str()], now, until)
        .await
        .unwrap()
        .unwrap();
    tx.commit().await.unwrap();
    // In the middle of a unit of work it is cut off, and is not heard of again.
    let mut tx = vanishing.write().await.unwrap();
    assert!(tx.hold(&lease, now, until).await.unwrap());
    cable.is(State::Dead);

    floor.advance(TimeDelta::minutes(2));
    let taken = async {
        loop {
            let mut tx = other.write().await.unwrap();
            let now = env.now();
            let claimed = tx
                .claim(&[floor.id.as_str()], now, now + TimeDelta::seconds(60))
                .await;
            tx.commit().await.unwrap();
            if let Some(lease) = claimed.unwrap() {
                return lease;
            }
        }
    };
    let taken = timeout(AGES, taken).await.expect("it is taken over");

    assert_eq!(taken.attempt, lease.attempt + 1);
}

#[tokio::test]
async fn wake_ups_that_cannot_be_had_at_first_come_later() {
    let Some(database) = postgres().await else {
        return;
    };
    let floor = Floor::ready(&database, 1).await;
    let cable = Cable::to(&database).await;
    let deaf = impatient(&cable.address).await;
    cable.is(State::Pulled);
    let mut words = deaf.wakeups();
    assert!(timeout(PATIENCE, words.next()).await.is_err());

    cable.is(State::Plugged);
    timeout(AGES, words.next()).await.expect("the line stands");
    let (heard, told) = tokio::join!(timeout(AGES, words.next()), floor.engine.store.wake());

    told.unwrap();
    heard.expect("a word of another process");
}

#[tokio::test]
async fn a_move_of_a_newer_release_is_left_to_it() {
    for database in databases().await {
        let floor = Floor::ready(&database, 1).await;
        assert_eq!(floor.reconcile().await.state, RunState::Ok);
        let mut tx = floor.engine.store.write().await.unwrap();
        let now = floor.env.now();
        tx.hasten(&floor.id, "a_move_to_come", now).await.unwrap();
        tx.commit().await.unwrap();

        let ended = timeout(AGES, floor.engine.run_until_quiet(None)).await;

        assert!(ended.expect("it ends").unwrap().is_empty(), "{database}");
    }
}

#[tokio::test]
async fn a_connection_whose_work_the_database_broke_off_is_taken_up_again_soon() {
    let database = sqlite();
    let floor = Floor::ready(&database, 1).await;
    let mut door = sqlx::SqliteConnection::connect(&database).await.unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON run BEGIN SELECT RAISE(ABORT, 'no'); END";
    door.execute(refuse).await.unwrap();

    assert!(floor.engine.run_until_quiet(None).await.is_err());
    door.execute("DROP TRIGGER refuse").await.unwrap();
    floor.advance(TimeDelta::seconds(6));

    // Its lease would have been held for a minute.
    assert_eq!(floor.reconcile().await.state, RunState::Ok);
}
