//! Seeds that every change has to live through; `cargo bench --bench faults` runs as many as one likes.

use latitude::env::fate::Flaw;

use super::sim::{Options, Outcome, run};

/// Seeds that are run each time.
const SEEDS: u64 = 32;
/// Others that once broke a promise, beside those that a test of their own stands for.
const BROKEN_ONCE: [u64; 7] = [54, 167, 229, 323, 363, 2029, 3107];
/// Those of the first two hundred that show a place saved before its rows (elsewhere the next poll reads
/// once more what was lost, or nothing was), and a worker that goes on without its lease.
const TELLING: [u64; 2] = [145, 39];

/// Every seed of so many, half of them in a thread of their own.
fn all(flaw: Option<Flaw>) -> Vec<(u64, Outcome)> {
    let half = |rest: u64| {
        std::thread::spawn(move || {
            let seeds = (0..SEEDS).chain(BROKEN_ONCE).chain(TELLING);
            let seeds = seeds.filter(|seed| seed % 2 == rest);
            let one = |seed| {
                let mut options = Options::of(seed);
                options.flaw = flaw;
                (seed, run(options))
            };
            seeds.map(one).collect::<Vec<_>>()
        })
    };
    let halves = [half(0), half(1)];
    let joined = halves.into_iter().map(|it| it.join().unwrap());
    joined.flatten().collect()
}

fn broken(outcomes: &[(u64, Outcome)]) -> Vec<String> {
    let found = outcomes.iter().filter(|(_, it)| !it.findings.is_empty());
    found
        .map(|(seed, it)| format!("seed {seed}: {}", it.findings.join("; ")))
        .collect()
}

#[test]
fn storms_leave_nothing_lost_nothing_doubled_and_nothing_undone() {
    assert_eq!(broken(&all(None)), Vec::<String>::new());
}

/// Whether some seed shows a mistake that is made on purpose; without it the same seeds are clean,
/// as the test above shows.
fn is_found(flaw: Flaw) -> bool {
    TELLING.into_iter().chain(0..SEEDS).any(|seed| {
        let mut options = Options::of(seed);
        options.flaw = Some(flaw);
        !run(options).findings.is_empty()
    })
}

#[test]
fn a_build_that_saves_its_place_before_the_rows_is_found_out() {
    assert!(is_found(Flaw::CursorFirst), "no seed shows it");
}

#[test]
fn a_build_whose_worker_goes_on_without_its_lease_is_found_out() {
    assert!(is_found(Flaw::NoFence), "no seed shows it");
}

#[test]
fn a_build_that_uses_a_token_before_it_is_saved_is_found_out() {
    assert!(is_found(Flaw::TokenUnsaved), "no seed shows it");
}

#[test]
fn a_seed_tells_the_same_story_each_time() {
    for seed in [3, 6] {
        let (first, second) = (run(Options::of(seed)), run(Options::of(seed)));
        assert_eq!(first.story, second.story, "seed {seed}");
    }
}
