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
use super::tokens::{Shape, Token};
use crate::domain::strategy::Answers;

/// The most words between a name and the standing told of it: "Ana, the deputy commercial lead".
const WORDS_OF_A_STANDING: usize = 4;
/// The most words before a role in which its article stands.
const WORDS_OF_A_ROLE: usize = 3;

/// What one does with a thing one has in hand: "Martine heads claims".
const HAS_IN_HAND: [&str; 5] = ["heads", "leads", "manages", "owns", "runs"];

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
        if will_act(tokens, index)
            && let Some(token) = tokens.get(index)
        {
            known.insert(token.hash);
        }
    }
    for token in tokens.iter_mut() {
        token.who |= may_be_name(token) && known.contains(&token.hash);
    }
    mend_names(tokens, answers, &known);
    standings
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

/// A name with its standing, where the name begins at this index.
fn standing(tokens: &[Token], answers: &Answers, index: usize) -> Option<Span> {
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
            return closed_role(tokens, last + 1);
        }
        if HAS_IN_HAND.contains(&&*word(next, answers).to_lowercase()) {
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
    // "The planner, Bruno", "CFO Reyes"; a verb no list knows is no name.
    let role = before.filter(|before| {
        before.classes.has(Class::Role)
            && before.who
            && (first.apart || last > index || !looks_like_a_verb(word(first, answers)))
    })?;
    let is_added = !first.apart || next.is_none_or(|next| next.apart);
    (role.part == first.part && is_added).then_some(Span {
        first: index - 1,
        last,
    })
}

/// The end of a role that is added between commas or in brackets, from this index on.
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
                .is_some_and(|it| it.classes.has(Class::Role))
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
    let is_house = house.classes.has(Class::House) || house.classes.has(Class::OwnHouse);
    (joins && is_house).then_some(from + 1)
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

fn word<'a>(token: &Token, answers: &'a Answers) -> &'a str {
    let text = answers.part(token.part).get(token.start..token.end);
    text.unwrap_or_default()
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
