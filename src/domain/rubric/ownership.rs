//! Ownership: an obstacle named honestly, and options the seller can act on.

use super::Signal;
use super::blame::blame_alone;
use super::intent;
use super::lexicon::Class;
use super::overcome::{self, answered, overcome};
use super::reading::{Reading, Span};
use super::spelling::Ending;
use super::tokens::Shape;

/// What is listened for.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: "obstacle",
        says: "names an obstacle",
        find: obstacle,
    },
    Signal {
        name: "obstacle_who",
        says: "says who stands behind the obstacle",
        find: obstacle_who,
    },
    Signal {
        name: "own_deed",
        says: "has something you can do",
        find: own_deed,
    },
    Signal {
        name: "own_deed_who",
        says: "has something you can do, with or for a person there",
        find: own_deed_who,
    },
    Signal {
        name: "option",
        says: "has another way open",
        find: option,
    },
    Signal {
        name: "fallback",
        says: "says what happens if it goes otherwise",
        find: fallback,
    },
    Signal {
        name: "overcome",
        says: "says what you do about what stands in the way",
        find: overcome,
    },
    Signal {
        name: "arranged",
        says: "has something arranged already",
        find: arranged,
    },
    Signal {
        name: "arranged_who",
        says: "has it arranged with someone",
        find: arranged_who,
    },
    Signal {
        name: "vague",
        says: "says only that you will try or stay close",
        find: vague,
    },
    Signal {
        name: "price_cut",
        says: "gives price away",
        find: price_cut,
    },
    Signal {
        name: "waiting",
        says: "waits for the customer",
        find: waiting,
    },
    Signal {
        name: "blame_opening",
        says: "opens with a question of blame",
        find: blame_opening,
    },
    Signal {
        name: "blame",
        says: "puts the fault on others",
        find: blame_alone,
    },
];

fn obstacle(reading: &Reading) -> Vec<Span> {
    let mut found: Vec<Span> = reading
        .of_class(Class::Obstacle)
        .chain(too_much(reading))
        .collect();
    found.sort_by_key(|span| (span.first, span.last));
    found.dedup_by_key(|span| span.first);
    found
}

/// What is too much of nothing.
const NO_EXCESS: [&str; 6] = ["much", "many", "often", "bad", "well", "good"];

/// "Too wide", "too thirsty": more of something than will do, whatever it is.
fn too_much(reading: &Reading) -> impl Iterator<Item = Span> {
    (0..reading.tokens.len()).filter_map(|index| {
        let is_too = reading.is_one_of(index, &["too"]) && !reading.is_echo(index);
        let next = reading.after(index, 1).next().filter(|_| is_too)?;
        let is_not = reading
            .before(index, 1)
            .any(|at| reading.is(at, Class::Not));
        (!is_not
            && !reading.is_apart(next)
            && !reading.is_one_of(next, &NO_EXCESS)
            && !reading.is(next, Class::Joint)
            && !reading.is_who(next))
        .then_some(Span {
            first: index,
            last: next,
        })
    })
}

fn obstacle_who(reading: &Reading) -> Vec<Span> {
    obstacle(reading)
        .into_iter()
        .filter(|span| reading.who_nearby(span.first))
        .collect()
}

/// The seller as the one to whom something is done: "brings us", "shows me".
const OBJECTS: [&str; 4] = ["me", "us", "mine", "ours"];

/// Where the seller can do something: "I can bring", or, in notes, "Offering her a copy"; what one
/// will not do is no deed.
pub fn own_deed(reading: &Reading) -> Vec<Span> {
    let said = reading
        .of_class(Class::Own)
        .filter(|span| !reading.is_one_of(span.first, &OBJECTS))
        .filter_map(|span| {
            // "Our offering" is a thing.
            let owns = reading.is_one_of(span.first, &["my", "our"]);
            let deed = reading
                .after(span.last, 4)
                .skip(usize::from(owns))
                .take_while(|index| {
                    !reading.is(*index, Class::Vague) && !reading.is(*index, Class::Not)
                })
                .find(|index| {
                    reading.is(*index, Class::Deed) || is_any_deed(reading, &span, *index)
                })?;
            Some(Span {
                first: span.first,
                last: deed,
            })
        });
    let noted = noted_deeds(reading).chain(bare_deeds(reading));
    let mut deeds: Vec<Span> = said.chain(noted).collect();
    deeds.sort_by_key(|span| (span.first, span.last));
    deeds.dedup_by_key(|span| span.last);
    deeds
}

/// "I blur faces": what follows I or we at once and is no everyday word is something done.
fn is_any_deed(reading: &Reading, who: &Span, index: usize) -> bool {
    let is_subject = reading.is_one_of(who.first, &["i", "we", "i'll", "we'll", "i'd", "we'd"]);
    let at_once = reading.after(who.last, 1).next() == Some(index)
        || reading
            .after(who.last, 1)
            .any(|next| reading.is(next, Class::Modal))
            && reading.after(who.last, 2).last() == Some(index);
    is_subject
        && at_once
        && !reading.is_apart(index)
        && (intent::is_noun(reading, index) || has_an_object(reading, index))
        && !reading.ends(index, Ending::Ed)
}

/// "We key the first 200", "I halve her list": an everyday word is a deed where something follows that it
/// is done to, and it is none of what one only is, has, thinks or wants.
fn has_an_object(reading: &Reading, index: usize) -> bool {
    const NO_DEED: [Class; 15] = [
        Class::Modal,
        Class::Feels,
        Class::Wants,
        Class::Said,
        Class::Vague,
        Class::Waits,
        Class::Hedge,
        Class::Pitch,
        Class::Close,
        Class::Joint,
        Class::Not,
        Class::Before,
        Class::Empty,
        Class::Activity,
        Class::Generic,
    ];
    let is_thing = |next: usize| {
        !reading.is_apart(next)
            && (reading.is(next, Class::Article)
                || reading.is_one_of(next, &["his", "her", "their", "its"])
                || reading.is_shape(next, Shape::Number))
    };
    !NO_DEED.iter().any(|class| reading.is(index, *class))
        && !reading.is_one_of(index, &ONLY_IS_OR_HAS)
        && reading.ends(index, Ending::Other)
        && reading.after(index, 1).any(is_thing)
}

/// What one is, has or takes in, and what changes nothing.
const ONLY_IS_OR_HAS: [&str; 24] = [
    "am", "are", "be", "been", "have", "had", "got", "get", "did", "do", "know", "knew", "see",
    "saw", "hear", "heard", "like", "love", "lost", "met", "find", "found", "miss", "expect",
];

/// "Could pair his genset with our battery": in notes, what the seller can or will do, whichever word.
fn bare_deeds(reading: &Reading) -> impl Iterator<Item = Span> {
    const NO_DEED: [Class; 7] = [
        Class::Joint,
        Class::Not,
        Class::Vague,
        Class::Pitch,
        Class::Close,
        Class::Waits,
        Class::Hedge,
    ];
    reading.of_class(Class::Modal).filter_map(|span| {
        let opens = reading.before(span.first, 1).next().is_none();
        let may = reading.is_one_of(span.first, &["could", "can", "will", "would", "might"]);
        let deed = reading.after(span.last, 1).next()?;
        let is_deed = opens
            && may
            && !reading.is_who(deed)
            && !NO_DEED.iter().any(|class| reading.is(deed, *class))
            && !asks(reading, deed);
        is_deed.then_some(Span {
            first: span.first,
            last: deed,
        })
    })
}

/// Whether the sentence is a question.
fn asks(reading: &Reading, index: usize) -> bool {
    let mut rest = reading.after(index, usize::MAX - index - 1);
    rest.any(|at| reading.is_shape(at, Shape::Question))
}

/// A deed that opens a sentence, with no word of who does it.
fn noted_deeds(reading: &Reading) -> impl Iterator<Item = Span> {
    reading.of_class(Class::Deed).filter(|span| {
        let mut before = reading.before(span.first, 2).peekable();
        let opens = before.peek().is_none()
            || before.all(|index| reading.is(index, Class::Modal))
                && reading.before(span.first, 2).count() == 1;
        opens
            && !reading.ends(span.first, Ending::S)
            && !reading.ends(span.first, Ending::Ed)
            && !reading.is(span.first, Class::Vague)
            && !reading.is(span.first, Class::Pitch)
    })
}

fn own_deed_who(reading: &Reading) -> Vec<Span> {
    own_deed(reading)
        .into_iter()
        .filter(|span| reading.who_nearby(span.last))
        .collect()
}

fn option(reading: &Reading) -> Vec<Span> {
    // "Not speed either" opens no way, nor does "it will otherwise cost".
    let names_two = |span: &Span| match reading.word(span.first).as_str() {
        "either" => reading
            .after(span.last, 14)
            .any(|index| reading.is(index, Class::Or)),
        "otherwise" => opens_clause(reading, span.first),
        _ => true,
    };
    let named = reading.of_class(Class::Option).filter(names_two);
    // "Could pair his genset with our battery" is one thought of.
    let thought_of =
        bare_deeds(reading).filter(|span| reading.is_one_of(span.first, &["could", "might"]));
    let or_else = reading.of_class(Class::If).filter(|span| {
        reading.is_one_of(span.first, &["else", "otherwise"])
            && opens_clause(reading, span.first)
            && reading.after(span.last, 1).next().is_some()
    });
    let mut options: Vec<Span> = named
        .chain(thought_of)
        .chain(or_else)
        .chain(overcome::two_ways(reading))
        .chain(overcome::other_people(reading))
        .collect();
    options.sort_by_key(|span| (span.first, span.last));
    options
}

/// Whether a sentence, or what a comma parts of it, begins with this word.
fn opens_clause(reading: &Reading, index: usize) -> bool {
    reading.before(index, 1).next().is_none() || reading.is_apart(index)
}

/// When, not if: what follows these is no other way.
const NO_OTHERWISE: [&str; 7] = [
    "until",
    "once",
    "when",
    "whenever",
    "whether",
    "depends",
    "depending",
];

/// Where the seller does something else if it goes otherwise; "if product did their job" is none.
pub fn fallback(reading: &Reading) -> Vec<Span> {
    let hangs_on_ours = |span: &Span| {
        let mut after = reading.after(span.last, 2);
        after.any(|index| reading.is(index, Class::OwnHouse) || reading.is_one_of(index, &["our"]))
    };
    let mut found: Vec<Span> = reading
        .of_class(Class::If)
        .filter(|span| !reading.is_one_of(span.first, &NO_OTHERWISE))
        .filter(|span| !hangs_on_ours(span))
        .filter_map(|span| {
            let deed = reading
                .after(span.last, 14)
                .find(|index| reading.is(*index, Class::Own) || reading.is(*index, Class::Deed))?;
            Some(Span {
                first: span.first,
                last: deed,
            })
        })
        .collect();
    found.extend(answered(reading));
    found.sort_by_key(|span| (span.first, span.last));
    found
}

/// Where something is arranged already.
///
/// "She promised it will not happen" arranges nothing.
pub fn arranged(reading: &Reading) -> Vec<Span> {
    let is_denied = |span: &Span| {
        let mut after = reading.after(span.last, 3);
        after.any(|index| reading.is(index, Class::Not))
    };
    let said = reading.of_class(Class::Arranged);
    said.filter(|span| !is_denied(span)).collect()
}

fn arranged_who(reading: &Reading) -> Vec<Span> {
    arranged(reading)
        .into_iter()
        .filter(|span| reading.who_nearby(span.first))
        .collect()
}

/// Where the seller will only try or stay close.
pub fn vague(reading: &Reading) -> Vec<Span> {
    intent::of_seller(reading, Class::Vague).collect()
}

/// How many ways of the seller's own there are; "if they did their job" is none.
pub fn ways(reading: &Reading, blames: &[Span]) -> usize {
    own_ways(reading, blames).len()
}

/// The ways of the seller's own that stand in no blame.
pub fn own_ways(reading: &Reading, blames: &[Span]) -> Vec<Span> {
    [
        option(reading),
        fallback(reading),
        own_deed_who(reading),
        arranged_who(reading),
    ]
    .concat()
    .into_iter()
    .filter(|way| {
        // Blames stand in order and apart from one another: only the last that begins before the
        // way ends can overlap it.
        let begun = blames.partition_point(|blame| blame.first <= way.last);
        let nearest = begun.checked_sub(1).and_then(|at| blames.get(at));
        nearest.is_none_or(|blame| !way.overlaps(blame))
    })
    .collect()
}

fn price_cut(reading: &Reading) -> Vec<Span> {
    intent::of_seller(reading, Class::Price).collect()
}

/// Where the seller waits.
pub fn waiting(reading: &Reading) -> Vec<Span> {
    intent::of_seller(reading, Class::Waits).collect()
}

fn blame_opening(reading: &Reading) -> Vec<Span> {
    reading.of_class(Class::WhyThey).collect()
}
