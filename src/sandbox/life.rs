//! Time passing in a world: sellers write strategies where there are none, and move deals on.

use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use serde_json::Value;

use super::sellers;
use super::world::{State, World};
use crate::domain::similarity::Print;

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
    // A plan stays as its seller wrote it: nobody has another customer's in mind all of a sudden.
    let told = match state.deals[n].mind.is_empty() {
        true => think(world, &mut state, n, &mut dice)?,
        false if stage < 5 => move_on(&mut state, n),
        false => return None,
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

/// The seller writes a strategy, unlike those for their other deals; nothing where none is left that is.
fn think(world: &World, state: &mut State, n: usize, dice: &mut ChaCha12Rng) -> Option<String> {
    let (account, owner) = (state.deals[n].account.clone(), state.deals[n].owner);
    let theirs = state.deals.iter().filter(|it| it.owner == owner);
    let open = theirs.map(|it| Print::of(&sellers::answers(&it.mind)));
    let id = &state.people[owner].id;
    let over = state.over.iter().filter(|it| it.0 == *id);
    let others: Vec<Print> = open.chain(over.map(|it| it.1.clone())).collect();
    let mut fresh = Vec::new();
    let mind = loop {
        let mind = sellers::mind(0, &mut fresh, &account, world.now(), dice);
        let print = Print::of(&sellers::answers(&mind));
        if !others.iter().any(|it| print.is_near_copy(it)) {
            break mind;
        }
        if fresh.is_empty() {
            return None;
        }
    };
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
    Some(format!(
        "{owner} writes a strategy for “{}”",
        state.deals[n].name
    ))
}
