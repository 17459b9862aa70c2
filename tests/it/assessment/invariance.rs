//! What must not matter: filler, saying it twice, names, letter case, typos, spelling, bullets,
//! order.

use latitude::domain::rubric::{Rubric, assess};
use latitude::domain::strategy::{Answers, Part};
use latitude::ops::evaluate::Rated;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

use super::set;

/// The score may move by so much in the mean …
const MEAN: f64 = 3.0;
/// … and in the worst case …
const WORST: i32 = 10;
/// … but for so many in a hundred, where a word that is lost tips a cap or the only reason.
const PERCENT_BEYOND: usize = 2;

/// How far the score moves when every text is changed in this way.
fn moves(change: impl Fn(&Answers) -> Answers) -> Vec<(i32, String)> {
    let rubric = Rubric::default();
    let mut moves: Vec<(i32, String)> = set("fit.jsonl")
        .into_iter()
        .map(|Rated { id, answers, .. }| {
            let score = |answers: &Answers| assess(answers, &rubric).score.map_or(0, i32::from);
            (score(&change(&answers)) - score(&answers), id)
        })
        .collect();
    moves.sort_by_key(|(by, _)| -by.abs());
    moves
}

fn stays(what: &str, change: impl Fn(&Answers) -> Answers) {
    let moves = moves(change);
    let mean = moves.iter().map(|(by, _)| f64::from(by.abs())).sum::<f64>() / moves.len() as f64;
    let worst: Vec<&(i32, String)> = moves.iter().take(8).collect();
    let beyond = moves.iter().filter(|(by, _)| by.abs() > WORST).count();
    println!("{what}: mean {mean:.2}, beyond {WORST}: {beyond}, worst {worst:?}");

    assert!(mean <= MEAN, "{what}: mean {mean:.2}, worst {worst:?}");
    assert!(
        beyond * 100 <= moves.len() * PERCENT_BEYOND,
        "{what}: {beyond} beyond {WORST}, worst {worst:?}"
    );
}

fn each_part(answers: &Answers, mut change: impl FnMut(&str) -> String) -> Answers {
    let mut changed = answers.clone();
    for part in Part::ANSWERS {
        *changed.part_mut(part) = change(answers.part(part));
    }
    changed
}

fn each_word(text: &str, change: impl FnMut(&str) -> String) -> String {
    text.split_inclusive(|letter: char| !letter.is_alphanumeric())
        .map(change)
        .collect()
}

fn with_words_replaced(text: &str, words: &[(&str, &str)]) -> String {
    each_word(text, |word| {
        let bare = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        let other = words
            .iter()
            .find(|(from, _)| *from == bare)
            .map_or(bare, |(_, to)| *to);
        word.replacen(bare, other, 1)
    })
}

#[test]
fn filler_earns_and_costs_nothing() {
    stays("filler", |answers| {
        each_part(answers, |text| match text {
            "" => String::new(),
            text => format!(
                "{text} As always, it is important to keep this in mind going forward. All in all it is a matter of doing things well."
            ),
        })
    });
}

#[test]
fn saying_it_twice_earns_nothing() {
    stays("doubled", |answers| {
        each_part(answers, |text| format!("{text}\n{text}"))
    });
}

#[test]
fn letter_case_does_not_matter() {
    stays("lower case", |answers| {
        each_part(answers, str::to_lowercase)
    });
}

#[test]
fn he_or_she_does_not_matter() {
    let swapped = [
        ("she", "he"),
        ("She", "He"),
        ("her", "his"),
        ("Her", "His"),
        ("he", "she"),
        ("He", "She"),
        ("his", "her"),
        ("His", "Her"),
        ("him", "her"),
        ("Mr", "Mrs"),
        ("Mrs", "Mr"),
        ("Ms", "Mr"),
    ];
    stays("gender", |answers| {
        each_part(answers, |text| with_words_replaced(text, &swapped))
    });
}

#[test]
fn currencies_do_not_matter() {
    stays("currency", |answers| {
        each_part(answers, |text| {
            text.replace('$', "€")
                .replace('£', "R$")
                .replace("Rs ", "kr ")
        })
    });
}

#[test]
fn british_and_american_spelling_are_alike() {
    stays("spelling", |answers| {
        each_part(answers, |text| {
            text.replace("our ", "or ")
                .replace("ise ", "ize ")
                .replace("centre", "center")
                .replace("licence", "license")
        })
    });
}

#[test]
fn bullets_and_prose_are_alike() {
    stays("bullets", |answers| {
        each_part(answers, |text| format!("- {}", text.replace(". ", ".\n- ")))
    });
}

#[test]
fn the_order_of_the_parts_does_not_matter() {
    stays("order", |answers| Answers {
        customer_outcome: answers.obstacles.clone(),
        conversation_goal: answers.customer_outcome.clone(),
        approach: answers.conversation_goal.clone(),
        obstacles: answers.approach.clone(),
        ..Answers::default()
    });
}

#[test]
fn a_typo_in_one_word_in_twenty_hardly_matters() {
    stays("typos", |answers| {
        let mut random = ChaCha12Rng::seed_from_u64(7);
        each_part(answers, |text| {
            each_word(text, |word| misspelt(word, &mut random))
        })
    });
}

/// Swaps two letters of one long word in twenty.
fn misspelt(word: &str, random: &mut ChaCha12Rng) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() > 4 && random.random_range(0..20) == 0 {
        letters.swap(1, 2);
    }
    letters.into_iter().collect()
}
