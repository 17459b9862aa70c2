//! Sentences that say nothing about a deal, whichever words they use to do so.
//!
//! Filler cannot be listed. It is told by what it lacks: a person, a number, a time, a question, a
//! word of the trade.

use super::lexicon::Class;
use super::tokens::{Shape, Token};
use super::whole::may_be_found_there;

/// What binds a sentence to a deal, or speaks for or against a text by itself …
const BINDS: [Class; 14] = [
    Class::Grader,
    Class::Waits,
    Class::Weekday,
    Class::Month,
    Class::Soon,
    Class::Season,
    Class::Jargon,
    Class::OffTopic,
    Class::Pitch,
    Class::Close,
    Class::Vague,
    Class::Blame,
    Class::OwnHouse,
    Class::Price,
];

/// … and what does so other than by an everyday word.
const BINDS_UNLESS_COMMON: [Class; 6] = [
    Class::Role,
    Class::Title,
    Class::Person,
    Class::Trouble,
    Class::Stake,
    Class::Deal,
];

/// Words from outside the deal, which tell an aside where they stand beside the writer.
pub const OUTSIDE: [Class; 3] = [Class::OffTopic, Class::Elsewhere, Class::OnesJob];

/// What a sentence speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// The deal, or something that speaks against the text.
    Deal,
    /// Any deal: "quality will speak for itself".
    AnyDeal,
    /// Nothing that belongs to a deal.
    Nothing,
}

/// What a sentence speaks of, which may open a part; where it is not this deal, it earns nothing and costs nothing.
pub fn matter(sentence: &[Token], opens: bool) -> Matter {
    let mut matter = Matter::Nothing;
    // "Legal never signs" puts the fault on a house of one's own; "our support is outstanding" does not.
    let demands = sentence
        .iter()
        .any(|token| token.classes.has(Class::Demands));
    // One such word of one's own counts nothing: "the best of my accounts".
    let is_own = sentence.iter().any(|token| token.classes.has(Class::Own));
    let mut activity = sentence
        .iter()
        .filter(|token| token.classes.has(Class::Activity));
    let counts = activity.nth(usize::from(is_own)).is_some();
    if is_choice(sentence) {
        return Matter::Deal;
    }
    // "The supermarket found a knife in the sausage": what opens a part is its answer.
    let is_of_trade = opens && !sentence.iter().any(|it| it.classes.has(Class::Elsewhere));
    for token in sentence {
        let has = |classes: &[Class]| classes.iter().any(|class| token.classes.has(*class));
        let is_common = token.classes.has(Class::Common);
        let is_general = has(&[Class::Generic, Class::Empty]);
        if token.shape != Shape::Word
            || !is_general && (token.who || has(&BINDS) || demands && has(&[Class::House]))
            || !is_general && !is_common && has(&BINDS_UNLESS_COMMON)
            || is_of_trade && !is_general && !is_common && has(&[Class::Trade])
            || counts && !is_common && has(&[Class::Activity])
        {
            return Matter::Deal;
        }
        if is_general && !is_common {
            matter = Matter::AnyDeal;
        }
    }
    matter
}

/// "I can use a mobile link, or we read the machines by hand": two ways, each told as the seller's own.
fn is_choice(sentence: &[Token]) -> bool {
    let is_own = |token: &Token| token.classes.has(Class::Own);
    let or = sentence.iter().position(|it| it.classes.has(Class::Or));
    let sides = or.and_then(|at| sentence.split_at_checked(at));
    sides.is_some_and(|(one, other)| one.iter().any(is_own) && other.iter().any(is_own))
}

/// Whether a sentence speaks of the writing of these lines, or of the writer's own day, and of
/// nobody and nothing else: "typed this on my phone", "it is raining and I have had no lunch".
///
/// What opens a part is its answer, and no aside for the sake of a word from outside the deal alone.
/// One that names more things that could be found at a customer than things of its own is none. Such
/// remarks hold words of trouble, of time and from outside the deal; they neither make a plan
/// nor spoil one.
pub fn is_aside(sentence: &[Token], opens: bool) -> bool {
    const OF_OTHERS: [Class; 3] = [Class::They, Class::Weekday, Class::Month];
    const OF_THE_DEAL: [Class; 3] = [Class::Deal, Class::Title, Class::Activity];
    let count = |tells: &dyn Fn(&Token) -> bool| sentence.iter().filter(|it| tells(it)).count();
    let has = |it: &Token, classes: &[Class]| classes.iter().any(|class| it.classes.has(*class));
    let asides = count(&|it| has(it, &[Class::Aside]));
    let outside = count(&|it| has(it, &OUTSIDE) && !has(it, &[Class::Aside]));
    let owns = count(&|it| has(it, &[Class::Own]));
    let tells = asides + if opens && asides == 0 { 0 } else { outside };
    let speaks_of_oneself = owns > 0 && tells > 0 || tells > 1;
    let binds = |it: &Token| {
        it.who
            || it.shape == Shape::Number
            || !has(it, &[Class::Aside])
                && !has(it, &OUTSIDE)
                && (has(it, &OF_OTHERS) || has(it, &OF_THE_DEAL) && !it.classes.has(Class::Common))
    };
    let is_found = |it: &Token| {
        may_be_found_there(it)
            && !has(it, &[Class::Aside, Class::Common, Class::Trouble])
            && !has(it, &OUTSIDE)
    };
    speaks_of_oneself && count(&binds) == 0 && count(&is_found) <= asides + outside
}
