//! What must not matter: filler, saying it twice, names, letter case, typos, spelling, bullets,
//! order.

use std::sync::LazyLock;

use latitude::domain::rubric::{Rubric, assess};
use latitude::domain::strategy::{Answers, Part};
use latitude::ops::evaluate::Rated;
use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

use super::filler::{
    ASIDE, FORMAL, LAST_ASIDE, LAST_PRAISE, LATER_ASIDE, LATER_PRAISE, NEWER_ASIDE, PLAIN, PRAISE,
    PROVERBS, SPOKEN,
};
use super::set;

/// The score may move by so much in the mean …
const MEAN: f64 = 3.0;
/// … and in the worst case …
const WORST: i32 = 10;
/// … but for so many texts in a thousand, and none by more than this. A typo may make another word of
/// the one word that showed a thought; a remark may hold a day or the words of a customer's trouble. All other
/// changes keep to [`WORST`] without exception.
const BEYOND: [(&str, usize, i32); 3] = [
    ("typos", 5, 25),
    ("praise", 4, 20),
    ("newer remarks", 10, 30),
];

/// Every rated strategy that was not written against the rubric, and its score.
static SCORED: LazyLock<Vec<(Rated, i32)>> = LazyLock::new(|| {
    [
        "fit",
        "held_back",
        "fresh_open",
        "fresh_sealed",
        "plain_sealed",
    ]
    .into_iter()
    .flat_map(|name| set(&format!("{name}.jsonl")))
    .map(|rated| {
        let score = score(&rated.answers);
        (rated, score)
    })
    .collect()
});

/// The score; nothing to score is no points.
fn score(answers: &Answers) -> i32 {
    assess(answers, &Rubric::default())
        .score
        .map_or(0, i32::from)
}

/// How far the score moves when every text is changed in this way.
fn moves(change: impl Fn(&Answers) -> Answers) -> Vec<(i32, &'static str)> {
    let mut moves: Vec<(i32, &str)> = SCORED
        .iter()
        .map(|(Rated { id, answers, .. }, before)| (score(&change(answers)) - before, &**id))
        .collect();
    moves.sort_by_key(|(by, _)| -by.abs());
    moves
}

pub fn stays(what: &str, change: impl Fn(&Answers) -> Answers) {
    let moves = moves(change);
    let mean = moves.iter().map(|(by, _)| f64::from(by.abs())).sum::<f64>() / moves.len() as f64;
    let worst: Vec<&(i32, &str)> = moves.iter().take(8).collect();
    let beyond = moves.iter().filter(|(by, _)| by.abs() > WORST).count();
    println!("{what}: mean {mean:.2}, beyond {WORST}: {beyond}, worst {worst:?}");

    assert!(mean <= MEAN, "{what}: mean {mean:.2}, worst {worst:?}");
    let (in_a_thousand, furthest) = BEYOND
        .into_iter()
        .find(|(of, ..)| *of == what)
        .map_or((0, WORST), |(_, count, furthest)| (count, furthest));
    assert!(
        beyond * 1000 <= moves.len() * in_a_thousand,
        "{what}: {beyond} beyond {WORST}, worst {worst:?}"
    );
    assert!(
        worst.iter().all(|(by, _)| by.abs() <= furthest),
        "{what}: worst {worst:?}"
    );
}

pub fn each_part(answers: &Answers, mut change: impl FnMut(&str) -> String) -> Answers {
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

pub fn with_words_replaced(text: &str, words: &[(&str, &str)]) -> String {
    each_word(text, |word| {
        let bare = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        let other = words
            .iter()
            .find(|(from, _)| *from == bare)
            .map_or(bare, |(_, to)| *to);
        word.replacen(bare, other, 1)
    })
}

/// Each text gets one sentence per part, in turn.
fn filled(what: &str, sentences: &[&str]) {
    for turn in 0..2 {
        stays(what, |answers| {
            let mut next = answers.approach.len() + 3 * turn;
            each_part(answers, |text| {
                next += 1;
                match text {
                    "" => String::new(),
                    text => format!("{text}\n{}", sentences[next % sentences.len()]),
                }
            })
        });
    }
}

#[test]
fn filler_earns_and_costs_nothing() {
    filled("filler", &PLAIN);
    filled("formal filler", &FORMAL);
    filled("spoken filler", &SPOKEN);
    filled("proverbs", &PROVERBS);
}

#[test]
fn praise_of_the_deal_earns_and_costs_nothing() {
    filled("praise", &PRAISE);
    filled("praise", &LATER_PRAISE);
    filled("praise", &LAST_PRAISE);
}

#[test]
fn remarks_about_ones_own_day_earn_and_cost_nothing() {
    filled("one's own day", &ASIDE);
    filled("one's own day", &LATER_ASIDE);
}

#[test]
fn remarks_never_seen_before_matter_little_in_the_mean() {
    filled("one's own day", &LAST_ASIDE);
    filled("newer remarks", &NEWER_ASIDE);
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
    stays("upper case", |answers| {
        each_part(answers, str::to_uppercase)
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
        ("herself", "himself"),
        ("himself", "herself"),
        ("Mr", "Mrs"),
        ("Mrs", "Mr"),
        ("Ms", "Mr"),
        ("son", "daughter"),
        ("daughter", "son"),
        ("brother", "sister"),
        ("sister", "brother"),
        ("father", "mother"),
        ("mother", "father"),
        ("wife", "husband"),
        ("husband", "wife"),
        ("man", "woman"),
        ("woman", "man"),
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

/// British endings and what Americans write; four, hour and rise are too short to be meant.
const ENDINGS: [(&str, &str); 8] = [
    ("our", "or"),
    ("ours", "ors"),
    ("ise", "ize"),
    ("ised", "ized"),
    ("ising", "izing"),
    ("elled", "eled"),
    ("entre", "enter"),
    ("icence", "icense"),
];

fn american(word: &str) -> String {
    let bare = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
    let ending = ENDINGS
        .iter()
        .find(|(british, _)| bare.len() >= 6 && bare.ends_with(british));
    ending.map_or(word.to_owned(), |(british, american)| {
        let stem = bare.strip_suffix(british).unwrap_or(bare);
        word.replacen(bare, &format!("{stem}{american}"), 1)
    })
}

#[test]
fn british_and_american_spelling_are_alike() {
    stays("spelling", |answers| {
        each_part(answers, |text| each_word(text, american))
    });
}

/// Each sentence on a line of its own; "Mr. M. Kane" is no end of one.
fn bulleted(text: &str) -> String {
    let mut bullets = "- ".to_owned();
    for piece in text.split_inclusive(". ") {
        let word = piece.trim_end_matches(". ").rsplit([' ', '.']).next();
        let is_end = piece.ends_with(". ") && word.is_some_and(|word| word.len() > 3);
        bullets.push_str(if is_end { piece.trim_end() } else { piece });
        if is_end {
            bullets.push_str("\n- ");
        }
    }
    bullets
}

#[test]
fn bullets_and_prose_are_alike() {
    stays("bullets", |answers| each_part(answers, bulleted));
    stays("prose", |answers| {
        each_part(answers, |text| {
            text.replace("\n- ", ". ").replace('\n', " ")
        })
    });
}

#[test]
fn the_order_of_the_parts_does_not_matter() {
    stays("order", |answers| Answers {
        customer_outcome: answers.obstacles.clone(),
        conversation_goal: answers.customer_outcome.clone(),
        approach: answers.conversation_goal.clone(),
        obstacles: answers.approach.clone(),
        ..answers.clone()
    });
}

#[test]
fn a_typo_in_one_word_in_twenty_hardly_matters() {
    for seed in [7, 8, 9, 10] {
        stays("typos", |answers| {
            let mut random = ChaCha12Rng::seed_from_u64(seed);
            each_part(answers, |text| {
                each_word(text, |word| misspelt(word, &mut random))
            })
        });
    }
}

/// One long word in twenty with a letter dropped, doubled, swapped or mistaken for its neighbour.
fn misspelt(word: &str, random: &mut ChaCha12Rng) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() > 4 && random.random_range(0..20) == 0 {
        let at = random.random_range(1..letters.len() - 2);
        match random.random_range(0..4) {
            0 => {
                letters.remove(at);
            }
            1 => letters.insert(at, letters[at]),
            2 => letters.swap(at, at + 1),
            _ => letters[at] = neighbour(letters[at]),
        }
    }
    letters.into_iter().collect()
}

/// The key to the right of this one.
fn neighbour(letter: char) -> char {
    const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let mut keys = ROWS
        .iter()
        .flat_map(|row| row.chars().zip(row.chars().skip(1)));
    keys.find(|(key, _)| *key == letter)
        .map_or(letter, |(_, next)| next)
}
