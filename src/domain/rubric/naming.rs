//! Which words are somebody: every token is told apart by what stands around it.
//!
//! Capital letters earn nothing: a name is known by what it does, by what is wanted of it, or by
//! its standing: "Ana, who runs the plant", "Ana (CFO)", "the planner, Bruno", "Tom from finance".

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::lexicon::{Class, Classes};
use super::mixed::{Marked, Mixed};
use super::reading::{HOLLOW, Span};
use super::slips::{Likely, Slips};
use super::spelling::{Ending, normal};
use super::standing::standing;
use super::tokens::{Shape, Token};
use crate::domain::strategy::Answers;

/// The most words before a role in which its article stands.
const WORDS_OF_A_ROLE: usize = 3;

/// Marks every token that says who; where a standing is told of a name, from end to end.
pub fn mark(tokens: &mut [Token], answers: &Answers) -> Vec<Span> {
    mark_maybe_roles(tokens, answers);
    let mut previous: Option<(u32, Classes)> = None;
    let mut known = Marked::default();
    for index in 0..tokens.len() {
        let next = tokens.get(index + 1);
        let deed_next = next.filter(|next| is_deed_of_a_person(next));
        let acts_next = deed_next.is_some_and(is_of_one_person);
        let acts_or_to_next = deed_next.is_some()
            || next
                .is_some_and(|next| next.classes.has(Class::To) || next.classes.has(Class::Asks));
        let after_article = follows(tokens, index, Class::Article);
        // "In remote sets" has no doer.
        let after_place = index
            .checked_sub(1)
            .and_then(|before| tokens.get(before))
            .is_some_and(|before| {
                ["in", "of", "from"].contains(&&*word(before, answers).to_lowercase())
            });
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
        // "Our pump uses" has a thing for a doer.
        let by_deed = acts_next && !after_place && !ours;
        let by_name = may_be_name(token) && (after_title || by_deed || is_brought);
        let by_role = token.classes.has(Class::Role) || token.classes.has(Class::People);
        token.who = by_role && !hollow && !ours || token.classes.has(Class::Person) || by_name;
        // "Bakery asks" is somebody there, and no name to know it by elsewhere.
        if by_name && !after_article && !token.classes.has(Class::Trade) {
            known.insert(token.hash);
        }
        previous = Some((token.sentence, token.classes));
    }
    let standings: Vec<Span> = (0..tokens.len())
        .filter_map(|index| standing(tokens, answers, index))
        .collect();
    for span in &standings {
        let named = tokens.get(span.first..=span.last).unwrap_or_default();
        known.extend(named.iter().filter(|it| may_be_name(it)).map(|it| it.hash));
    }
    for index in 0..tokens.len() {
        if (will_act(tokens, index)
            || does_something(tokens, answers, index)
            || is_asked(tokens, answers, index))
            && let Some(token) = tokens.get(index)
        {
            known.insert(token.hash);
        }
    }
    for token in tokens.iter_mut() {
        token.who |= may_be_name(token) && known.contains(&token.hash);
    }
    mark_initials(tokens, answers, &known);
    mend_names(tokens, answers, &known);
    standings
}

/// "T tells him first": the first letter of a name that is known.
fn mark_initials(tokens: &mut [Token], answers: &Answers, known: &Marked) {
    let first = |token: &Token| word(token, answers).to_lowercase().chars().next();
    let mut letters: HashMap<char, u64, BuildHasherDefault<Mixed>> = HashMap::default();
    for token in tokens
        .iter()
        .filter(|it| may_be_name(it) && known.contains(&it.hash))
    {
        if let Some(letter) = first(token) {
            letters.entry(letter).or_insert(token.hash);
        }
    }
    for index in 0..tokens.len() {
        let does = tokens.get(index + 1).is_some_and(is_deed_of_a_person);
        let Some(token) = tokens.get_mut(index) else {
            continue;
        };
        let is_letter = token.end - token.start == 1 && token.shape == Shape::Word;
        if !is_letter || !does || token.classes.has(Class::Own) || token.classes.has(Class::Article)
        {
            continue;
        }
        if let Some(name) = first(token).and_then(|letter| letters.get(&letter)) {
            token.who = true;
            token.hash = *name;
        }
    }
}

/// A name that is misspelt in one place is the same name, and no second person.
fn mend_names(tokens: &mut [Token], answers: &Answers, known: &Marked) {
    let mut names: Vec<(String, u64)> = Vec::new();
    let mut listed = Marked::default();
    for token in tokens.iter().filter(|it| known.contains(&it.hash)) {
        if listed.insert(token.hash) {
            names.push((normal(word(token, answers)), token.hash));
        }
    }
    let slips = Slips::of(
        (1..)
            .zip(&names)
            .map(|(id, (name, _))| (&**name, id, Likely::Everyday)),
    );
    let mut meant: HashMap<u64, Option<u64>, BuildHasherDefault<Mixed>> = HashMap::default();
    for token in tokens.iter_mut() {
        if names.is_empty() || !may_be_name(token) || known.contains(&token.hash) {
            continue;
        }
        let found = *meant.entry(token.hash).or_insert_with(|| {
            let id = slips.mended(&normal(word(token, answers)))?;
            let at = usize::try_from(id).ok()?.checked_sub(1)?;
            names.get(at).map(|(_, hash)| *hash)
        });
        if let Some(name) = found {
            token.who = true;
            token.hash = name;
        }
    }
}

/// "The commercial lead" is a person, "we lead with" is not.
fn mark_maybe_roles(tokens: &mut [Token], answers: &Answers) {
    for index in 0..tokens.len() {
        let Some(token) = tokens.get(index) else {
            continue;
        };
        if !token.classes.has(Class::MaybeRole) || token.classes.has(Class::Role) {
            continue;
        }
        let verb_before = tokens.get(index.wrapping_sub(1)).is_some_and(|before| {
            before.classes.has(Class::To)
                || before.classes.has(Class::Own)
                || before.classes.has(Class::Modal)
                // "The dog's lead" is nobody.
                || before.classes.has(Class::OffTopic)
        });
        let names_a_time = tokens
            .get(index + 1)
            .is_some_and(|next| word(next, answers).to_lowercase().starts_with("time"));
        let first = index.saturating_sub(WORDS_OF_A_ROLE);
        let determined = tokens
            .get(first..=index)
            .unwrap_or_default()
            .iter()
            .any(|before| {
                before.sentence == token.sentence
                    && (before.apart
                        || before.classes.has(Class::Article)
                        || before.classes.has(Class::Person)
                        || before.classes.has(Class::They))
            });
        if determined
            && !verb_before
            && !names_a_time
            && let Some(token) = tokens.get_mut(index)
        {
            token.classes.add(Class::Role);
        }
    }
}

/// A name before what only a person may, must or will do: "Weiss may refuse".
fn will_act(tokens: &[Token], index: usize) -> bool {
    let Some(token) = tokens.get(index).filter(|token| may_be_name(token)) else {
        return false;
    };
    let at = |ahead: usize| {
        tokens
            .get(index + ahead)
            .filter(|it| it.sentence == token.sentence && !it.apart)
    };
    let wills = at(1).is_some_and(|it| it.classes.has(Class::Modal));
    let acts = |it: &Token| is_deed_of_a_person(it) && !it.classes.has(Class::Modal);
    wills
        && (at(2).is_some_and(acts)
            || at(2).is_some_and(|it| it.classes.has(Class::Common)) && at(3).is_some_and(acts))
        && !follows(tokens, index, Class::Article)
}

/// A name that opens a sentence, before a colon and a question: "Peeters: one store or two".
fn is_asked(tokens: &[Token], answers: &Answers, index: usize) -> bool {
    let Some(token) = tokens
        .get(index)
        .filter(|token| may_be_name(token) && token.word == 0)
    else {
        return false;
    };
    let opens = index
        .checked_sub(1)
        .and_then(|at| tokens.get(at))
        .is_none_or(|before| before.sentence != token.sentence);
    let has_colon = || {
        let next = tokens
            .get(index + 1)
            .filter(|next| next.sentence == token.sentence && next.apart);
        next.is_some_and(|next| {
            let between = answers.part(token.part).get(token.end..next.start);
            between.is_some_and(|it| it.starts_with(": "))
        })
    };
    let asks = |it: &Token| {
        it.shape == Shape::Question || it.classes.has(Class::Or) || it.classes.has(Class::Asks)
    };
    opens
        && has_colon()
        && tokens
            .iter()
            .skip(index + 1)
            .take(12)
            .take_while(|it| it.sentence == token.sentence)
            .any(asks)
}

/// A name that opens a clause, or follows a role, before what it does to something: "Toula chucks 60 a week".
fn does_something(tokens: &[Token], answers: &Answers, index: usize) -> bool {
    const OBJECTS: [Class; 5] = [
        Class::Article,
        Class::Amount,
        Class::Person,
        Class::They,
        Class::Own,
    ];
    let Some(token) = tokens
        .get(index)
        .filter(|token| may_be_name(token) && token.word == 0)
    else {
        return false;
    };
    let at = |ahead: usize| {
        tokens
            .get(index + ahead)
            .filter(|it| it.sentence == token.sentence && !it.apart)
    };
    let opens = token.apart
        || index
            .checked_sub(1)
            .and_then(|at| tokens.get(at))
            .is_none_or(|before| {
                before.sentence != token.sentence
                    || before.classes.has(Class::Role)
                    || before.classes.has(Class::Title)
            });
    let does = at(1).is_some_and(|verb| {
        // What is from elsewhere for a name may well be done: "Lena ships ten".
        verb.shape == Shape::Word
            && verb.ending == Ending::S
            && (verb.is_unheard() || verb.classes.has(Class::Plain))
    });
    let to_something = at(2).is_some_and(|it| {
        it.shape == Shape::Number || OBJECTS.iter().any(|class| it.classes.has(*class))
    });
    // "Moulds jams a press" is no English: what ends in -s is many, and many do it without one.
    let is_many = || word(token, answers).ends_with(['s', 'S']);
    opens && does && to_something && !is_many()
}

/// Whether a word of the class stands shortly before, within the sentence.
fn follows(tokens: &[Token], index: usize, class: Class) -> bool {
    let Some(token) = tokens.get(index) else {
        return false;
    };
    let first = index.saturating_sub(WORDS_OF_A_ROLE - 1);
    let before = tokens.get(first..index).unwrap_or_default();
    let beside = before
        .iter()
        .filter(|it| it.sentence == token.sentence)
        .rev();
    beside
        .take_while(|it| may_be_name(it) || it.classes.has(class))
        .any(|it| it.classes.has(class))
}

/// A word no rule listens for: a name, a place, a term of the trade; a bird is nobody.
pub fn may_be_name(token: &Token) -> bool {
    token.shape == Shape::Word
        && token.is_unheard()
        && !token.classes.has(Class::Elsewhere)
        && token.end - token.start > 1
}

/// The word of a token, as it is written.
pub fn word<'a>(token: &Token, answers: &'a Answers) -> &'a str {
    let text = answers.part(token.part).get(token.start..token.end);
    text.unwrap_or_default()
}

/// Says, picks, fears: what only a person does.
fn is_deed_of_a_person(token: &Token) -> bool {
    [Class::Acts, Class::Said, Class::Feels, Class::Wants]
        .into_iter()
        .any(|class| token.classes.has(class))
}

/// Signs, signed, told: not what several do, since "the pieces fit" names nobody.
fn is_of_one_person(deed: &Token) -> bool {
    deed.classes.has(Class::Said) || matches!(deed.ending, Ending::S | Ending::Ed)
}
