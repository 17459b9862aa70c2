//! Who: roles, titles, names, he and she.
//!
//! Capital letters earn nothing: a name is known by what it does, or what is wanted of it.

use std::collections::HashSet;

use super::lexicon::{Class, Classes};
use super::reading::{HOLLOW, Reading, Span};
use super::tokens::{Shape, Token};
use crate::domain::strategy::Answers;

/// Marks every token that says who.
pub fn mark(tokens: &mut [Token], answers: &Answers) {
    let mut previous: Option<(u32, Classes)> = None;
    for index in 0..tokens.len() {
        let next = tokens.get(index + 1);
        let deed_next = next.filter(|next| is_deed_of_a_person(next));
        let acts_next = deed_next.is_some_and(|deed| is_of_one_person(deed, answers));
        let acts_or_to_next = deed_next.is_some()
            || next
                .is_some_and(|next| next.classes.has(Class::To) || next.classes.has(Class::Asks));
        let Some(token) = tokens.get_mut(index) else {
            continue;
        };
        let opens = previous.is_none_or(|(sentence, _)| sentence != token.sentence);
        let is_brought = !opens
            && acts_or_to_next
            && previous.is_some_and(|(_, before)| before.has(Class::Brings));
        let after_title = !opens && previous.is_some_and(|(_, before)| before.has(Class::Title));
        let hollow = HOLLOW.iter().any(|class| token.classes.has(*class));
        let ours = !opens && previous.is_some_and(|(_, before)| before.has(Class::Own));
        token.who = token.classes.has(Class::Role) && !hollow && !ours
            || token.classes.has(Class::Person)
            || (may_be_name(token) && (after_title || acts_next || is_brought));
        previous = Some((token.sentence, token.classes));
    }
}

/// A word no list knows: a name, a place, a term of the trade.
fn may_be_name(token: &Token) -> bool {
    token.shape == Shape::Word && token.word == 0 && token.end - token.start > 1
}

/// Says, picks, fears: what only a person does.
fn is_deed_of_a_person(token: &Token) -> bool {
    [Class::Acts, Class::Said, Class::Feels, Class::Wants]
        .into_iter()
        .any(|class| token.classes.has(class))
}

/// Signs, signed, told: not what several do, since "the pieces fit" names nobody.
fn is_of_one_person(deed: &Token, answers: &Answers) -> bool {
    let text = answers.part(deed.part).get(deed.start..deed.end);
    let word = text.unwrap_or_default().to_lowercase();
    deed.classes.has(Class::Said) || word.ends_with('s') || word.ends_with("ed")
}

/// Roles and titles: persons known by their standing; "my manager" is nobody at the customer.
pub fn roles(reading: &Reading) -> Vec<Span> {
    let is_ours = |span: &Span| {
        let mut before = reading.before(span.first, 1);
        before.any(|index| reading.is(index, Class::Own))
    };
    let roles = reading.of_class(Class::Role).filter(|span| !is_ours(span));
    roles.chain(reading.of_class(Class::Title)).collect()
}

/// He, she, her: someone who was spoken of before.
pub fn pronouns(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::Person).collect()
}

/// The words that say who, wherever they stand; a capital in mid-sentence tells a name that does
/// nothing, so that a list of names is not taken for things found at the customer.
pub fn names(reading: &Reading) -> HashSet<u64> {
    let (mut who, mut capital, mut plain) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut sentence = None;
    for (index, token) in reading.tokens.iter().enumerate() {
        let opens = sentence != Some(token.sentence);
        sentence = Some(token.sentence);
        let word = reading.quote(Span {
            first: index,
            last: index,
        });
        let is_capital = word.starts_with(char::is_uppercase) && word.contains(char::is_lowercase);
        if token.who {
            who.insert(token.hash);
        } else if !is_capital {
            plain.insert(token.hash);
        } else if !opens && token.word == 0 {
            capital.insert(token.hash);
        }
    }
    who.extend(capital.difference(&plain));
    who
}
