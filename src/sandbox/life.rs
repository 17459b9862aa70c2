//! Time passing in a world: sellers answer when asked, think again, move deals; managers ask.

use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde_json::Value;

use super::sellers;
use super::world::{State, World};

/// Lets one thing happen; tells it in a sentence.
pub fn pass(world: &World) -> Option<String> {
    let seed = u64::from_le_bytes(world.env().bytes());
    let mut dice = ChaCha12Rng::seed_from_u64(seed);
    let mut state = world.state();
    if state.deals.is_empty() {
        return None;
    }
    let n = dice.random_range(0..state.deals.len());
    let (stage, gone) = (state.deals[n].stage, state.deals[n].deleted_at.is_some());
    if gone || stage >= 6 {
        return None;
    }
    let told = match dice.random_range(0..3) {
        0 if stage < 5 => move_on(&mut state, n),
        _ => think_again(world, &mut state, n, &mut dice),
    };
    let owner = state.deals[n].owner;
    world.touch(&mut state, n, owner);
    Some(told)
}

fn move_on(state: &mut State, n: usize) -> String {
    state.deals[n].stage += 1;
    let (deal, stage) = (&state.deals[n], &state.stages[state.deals[n].stage]);
    let owner = state.people[deal.owner].name();
    format!("{owner} moves “{}” to {}", deal.name, stage.name)
}

fn think_again(world: &World, state: &mut State, n: usize, dice: &mut ChaCha12Rng) -> String {
    let account = state.deals[n].account.clone();
    let nth = dice.random_range(0..64);
    let mind = sellers::mind(nth, &mut Vec::new(), &account, world.now(), dice);
    let fields: Vec<(String, &'static str)> = state
        .fields
        .keys()
        .filter_map(|name| Some((name.clone(), state.part_of(name)?)))
        .collect();
    for (name, part) in fields {
        if let Some(text) = mind.get(part) {
            state.deals[n]
                .custom
                .insert(name, Value::String(text.clone()));
        }
    }
    state.deals[n].mind = mind;
    let owner = state.people[state.deals[n].owner].name();
    format!("{owner} writes a strategy for “{}”", state.deals[n].name)
}
