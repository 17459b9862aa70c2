//! Whom a plan hangs on, where it is one person alone.

use super::lexicon::Class;
use super::mixed::Marked;
use super::naming::may_be_name;
use super::reading::{Reading, Span};
use super::{customer, goal};

/// The most words between the seller and a colleague's name: "our head of claims, Pim".
const WORDS_OF_A_COLLEAGUE: usize = 3;

/// The only person at the customer a text speaks of, in its words, where there is just one: by name,
/// else by role. Who is one of many (patients, a committee) is no contact.
pub fn single_contact(reading: &Reading) -> Option<String> {
    let doers = Doers::of(reading);
    let (mut names, mut others): (Vec<(Marked, Span)>, Vec<_>) = Default::default();
    let runs = name_runs(reading);
    for run in runs.into_iter().filter(|run| !is_ours(reading, run)) {
        let words: Marked = reading.tokens_of(run).iter().map(|it| it.hash).collect();
        match names
            .iter_mut()
            .find(|(known, _)| !known.is_disjoint(&words))
        {
            Some((known, longest)) => {
                known.extend(words);
                if run.last - run.first > longest.last - longest.first {
                    *longest = run;
                }
            }
            None => others.push((words, run)),
        }
        names.append(&mut others);
        if names.len() > 1 {
            return None;
        }
    }
    let is_named = |span: &Span| {
        reading.is_in_standing(span)
            || reading
                .after(span.last, 1)
                .any(|next| reading.is_who(next) && may_be_name_at(reading, next))
    };
    let is_one = |span: &Span| {
        let word = reading.word(span.last);
        !reading.is(span.first, Class::They) && (!word.ends_with('s') || word.ends_with("ss"))
    };
    let roles: Vec<Span> = reading
        .of_maybe_role()
        .chain(reading.of_class(Class::Role))
        .filter(|span| reading.is_who(span.first) && !is_named(span) && is_one(span))
        .collect();
    let roles_said: Marked = roles
        .iter()
        .filter_map(|span| reading.tokens.get(span.last).map(|it| it.hash))
        .collect();
    let roles = reading.quotes_of(&roles);
    match (names.as_slice(), roles.as_slice()) {
        ([(known, name)], []) => doers.any(known).then(|| reading.quote(*name).to_owned()),
        ([], [role]) => doers.any(&roles_said).then(|| format!("the {role}")),
        _ => None,
    }
}

/// Whoever decides, says, wants or fears something: one who acts for the customer, not one who builds there.
struct Doers(Marked);

impl Doers {
    fn of(reading: &Reading) -> Self {
        let acts = [
            goal::decides(reading),
            customer::said(reading),
            customer::wants(reading),
            customer::feels(reading),
            reading.standings.clone(),
        ];
        let hashes = |span: Span| {
            let tokens = reading.tokens_of(span).iter();
            tokens.map(|it| it.hash).collect::<Vec<u64>>()
        };
        Self(acts.into_iter().flatten().flat_map(hashes).collect())
    }

    fn any(&self, words: &Marked) -> bool {
        words.iter().any(|word| self.0.contains(word))
    }
}

/// "Our installer Pim", "our lab (Mira)": a colleague.
fn is_ours(reading: &Reading, run: &Span) -> bool {
    let mut before = reading.before(run.first, WORDS_OF_A_COLLEAGUE);
    before.any(|at| reading.is_one_of(at, &["my", "our"]))
}

/// Names as they stand, from end to end.
fn name_runs(reading: &Reading) -> Vec<Span> {
    let mut runs: Vec<Span> = Vec::new();
    for index in 0..reading.tokens.len() {
        // "The bakery asks" names nobody.
        let is_thing = reading
            .before(index, 1)
            .any(|before| reading.is(before, Class::Article));
        if is_thing
            || reading.is(index, Class::Trade)
            || !(reading.is_who(index) && may_be_name_at(reading, index))
        {
            continue;
        }
        match runs.last_mut() {
            Some(run)
                if run.last + 1 == index
                    && reading.same_sentence(run.last, index)
                    && !reading.is_apart(index) =>
            {
                run.last = index;
            }
            _ => runs.push(Span {
                first: index,
                last: index,
            }),
        }
    }
    runs
}

fn may_be_name_at(reading: &Reading, index: usize) -> bool {
    reading.tokens.get(index).is_some_and(may_be_name)
}
