//! A database per test: a SQLite file always, a PostgreSQL database where one is offered.

use std::path::PathBuf;

use latitude::env::{Env, Frozen};
use latitude::store::Store;
use latitude::store::sealed::Seal;

use crate::bench::MORNING;

/// A database that goes away with the test.
pub struct Shelf {
    pub store: Store,
    folder: Option<PathBuf>,
}

/// Randomness that differs from process to process, the clock at [`MORNING`].
pub fn env() -> Env {
    let seed = Env::system().bytes::<8>();
    Env::seeded(
        Frozen::at(MORNING.parse().unwrap()),
        u64::from_le_bytes(seed),
    )
}

/// A fresh database of each kind.
pub async fn shelves() -> Vec<Shelf> {
    let env = env();
    let folder = crate::scratch::folder();
    let mut places = vec![(format!("sqlite://{}/it.db", folder.display()), Some(folder))];
    places.extend(crate::scratch::postgres().await.map(|place| (place, None)));
    let mut shelves = Vec::new();
    for (place, folder) in places {
        let store = Store::open(&place, Seal::random(&env)).await.unwrap();
        store.migrate().await.unwrap();
        shelves.push(Shelf { store, folder });
    }
    shelves
}

impl Drop for Shelf {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            std::fs::remove_dir_all(folder).ok();
        }
    }
}
