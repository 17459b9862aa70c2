//! The standing of a name, told beside it: "Ana, who runs the plant", "Ana (CFO)", "Halvard (plant)", "the
//! planner, Bruno", "HR (Tomke)", "Tom from finance".

use super::lexicon::Class;
use super::naming::{may_be_name, word};
use super::reading::Span;
use super::tokens::{Shape, Token};
use crate::domain::strategy::Answers;

/// The most words between a name and the standing told of it: "Ana, the deputy commercial lead".
const WORDS_OF_A_STANDING: usize = 4;
/// What one does with a thing one has in hand: "Martine heads claims".
const HAS_IN_HAND: [&str; 5] = ["heads", "leads", "manages", "owns", "runs"];

/// A name with its standing, where the name begins at this index.
pub fn standing(tokens: &[Token], answers: &Answers, index: usize) -> Option<Span> {
    let first = tokens.get(index).filter(|token| may_be_name(token))?;
    let before = tokens
        .get(index.wrapping_sub(1))
        .filter(|before| before.sentence == first.sentence);
    if before.is_some_and(|before| may_be_name(before) && !first.apart) {
        return None;
    }
    let runs_on = |at: &usize| {
        tokens
            .get(*at)
            .is_some_and(|it| it.sentence == first.sentence && may_be_name(it) && !it.apart)
    };
    let end_of_run = (index + 1..).take_while(runs_on).last().unwrap_or(index);
    // "Foreman Kit coughs": the last word of a name is no deed.
    let does = |at: usize| {
        let follows = tokens
            .get(at + 1)
            .filter(|it| it.sentence == first.sentence);
        follows.is_some_and(|it| !it.apart && !word(it, answers).eq_ignore_ascii_case("who"))
            && tokens
                .get(at)
                .is_some_and(|it| looks_like_a_deed(word(it, answers)))
    };
    let last = end_of_run - usize::from(end_of_run > index && does(end_of_run));
    let next = tokens
        .get(last + 1)
        .filter(|next| next.sentence == first.sentence);
    let end = next.and_then(|next| {
        if word(next, answers).eq_ignore_ascii_case("who") {
            return Some(last + 2).filter(|end| {
                tokens
                    .get(*end)
                    .is_some_and(|verb| verb.sentence == first.sentence)
            });
        }
        if next.apart {
            return closed_role(tokens, last + 1).or_else(|| in_brackets(tokens, answers, last));
        }
        // "Ana owns up to it" has nothing in hand.
        let goes_up = tokens
            .get(last + 2)
            .is_some_and(|it| word(it, answers).eq_ignore_ascii_case("up"));
        if !goes_up && HAS_IN_HAND.contains(&&*word(next, answers).to_lowercase()) {
            return Some(last + 1);
        }
        department(tokens, answers, last + 1)
    });
    if let Some(end) = end {
        return Some(Span {
            first: index,
            last: end,
        });
    }
    let house = (index.saturating_sub(2)..index).find(|at| {
        tokens
            .get(*at)
            .is_some_and(|it| it.sentence == first.sentence && is_house(it))
    });
    if let Some(house) = house
        .filter(|_| opens_bracket(tokens, answers, index) && next.is_none_or(|next| next.apart))
    {
        return Some(Span { first: house, last });
    }
    // "The planner, Bruno", "CFO Reyes"; a verb no list knows is no name.
    let role = before.filter(|before| {
        before.classes.has(Class::Role)
            && !before.classes.has(Class::They)
            && before.who
            && (first.apart || last > index || !looks_like_a_verb(word(first, answers)))
    })?;
    let is_added = !first.apart || next.is_none_or(|next| next.apart);
    (role.part == first.part && is_added).then_some(Span {
        first: index - 1,
        last,
    })
}

fn is_house(token: &Token) -> bool {
    token.classes.has(Class::House) || token.classes.has(Class::OwnHouse)
}

/// Whether a bracket opens before the token at this index.
fn opens_bracket(tokens: &[Token], answers: &Answers, index: usize) -> bool {
    // "(J. Peeters)": an initial belongs to the name.
    let is_initial = |at: &usize| {
        tokens
            .get(*at)
            .is_some_and(|it| it.shape == Shape::Word && it.end - it.start == 1)
    };
    let first = index.checked_sub(1).filter(is_initial).unwrap_or(index);
    let before = first.checked_sub(1).and_then(|at| tokens.get(at));
    before
        .zip(tokens.get(first))
        .is_some_and(|(before, token)| {
            let between = answers.part(token.part).get(before.end..token.start);
            before.part == token.part && between.is_some_and(|it| it.contains('('))
        })
}

/// "Halvard (plant)", "Kees (their IT)": the end of the department in brackets after a name.
fn in_brackets(tokens: &[Token], answers: &Answers, name: usize) -> Option<usize> {
    let from = name + 1;
    let sentence = tokens.get(name)?.sentence;
    if !opens_bracket(tokens, answers, from) {
        return None;
    }
    let house = (from..from + 2).find(|at| {
        tokens.get(*at).is_some_and(|it| {
            it.sentence == sentence
                && (*at == from || !it.apart)
                && (is_house(it) || it.classes.has(Class::They) && it.classes.has(Class::Common))
        })
    })?;
    let closes = tokens
        .get(house + 1)
        .is_none_or(|next| next.sentence != sentence || next.apart);
    closes.then_some(house)
}

/// The end of a role that is added between commas or in brackets, from this index on. A whole body is
/// nobody's standing: "like many public bodies, the council".
fn closed_role(tokens: &[Token], from: usize) -> Option<usize> {
    let sentence = tokens.get(from)?.sentence;
    let role = (from..from + WORDS_OF_A_STANDING)
        .take_while(|at| {
            tokens.get(*at).is_some_and(|it| {
                it.sentence == sentence && (*at == from || !it.apart) && !tells_something_else(it)
            })
        })
        .find(|at| {
            tokens
                .get(*at)
                .is_some_and(|it| it.classes.has(Class::Role) && !it.classes.has(Class::They))
        })?;
    let closes = tokens.get(role + 1).is_none_or(|next| {
        next.sentence != sentence
            || next.apart
            || next.classes.has(Class::Joint)
            || next.classes.has(Class::Role)
    });
    closes.then_some(role)
}

/// What no standing holds: a number, a deed, a word that joins clauses.
fn tells_something_else(token: &Token) -> bool {
    const ELSE: [Class; 7] = [
        Class::Amount,
        Class::Narrow,
        Class::Said,
        Class::Acts,
        Class::Deed,
        Class::Modal,
        Class::Joint,
    ];
    const OF_A_PERSON: [Class; 4] = [Class::Article, Class::Person, Class::They, Class::Role];
    let is_of_a_person = OF_A_PERSON.iter().any(|class| token.classes.has(*class));
    token.shape != Shape::Word
        || !is_of_a_person && ELSE.iter().any(|class| token.classes.has(*class))
}

/// "From finance", "in quality": the end of it.
fn department(tokens: &[Token], answers: &Answers, from: usize) -> Option<usize> {
    let name = tokens.get(from.wrapping_sub(1))?;
    let joins = tokens.get(from).is_some_and(|it| {
        match word(it, answers).to_lowercase().as_str() {
            "from" => true,
            // "Tugs in service" are nobody.
            "in" => !word(name, answers).to_lowercase().ends_with('s'),
            _ => false,
        }
    });
    let house = tokens.get(from + 1)?;
    (joins && is_house(house)).then_some(from + 1)
}

fn looks_like_a_verb(word: &str) -> bool {
    let word = word.to_lowercase();
    ["s", "ed", "ing", "ly"]
        .into_iter()
        .any(|ending| word.ends_with(ending))
}

fn looks_like_a_deed(word: &str) -> bool {
    let word = word.to_lowercase();
    word.ends_with("ed") || word.ends_with("ing") || word.ends_with('s') && !word.ends_with("ss")
}
