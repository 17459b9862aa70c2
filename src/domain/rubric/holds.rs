//! How strongly each cap holds for a text, in percent: never all of a sudden, so that no single
//! word makes or breaks a grade.

use std::collections::HashSet;

use super::caps::{Cap, Caps};
use super::lexicon::{Class, Lexicon};
use super::reading::{RUN_WORDS, Reading, Span, runs};
use super::tokens::{Shape, Token, tokens_of};
use super::trades::Trades;
use super::whole::{
    concrete_words, different_words, is_found_here, is_own, own_words, telling_words,
    telling_words_of,
};
use super::{approach, blame, goal, own_matter, ownership, people};

/// What moves the people there.
const MOVES: [Class; 5] = [
    Class::Trouble,
    Class::Wants,
    Class::Feels,
    Class::Said,
    Class::Stake,
];

/// A name or a number says as much of this deal as so many things found there.
const SAYS_MORE: usize = 2;

/// A cap that holds less than this says nothing of a text; in percent.
const LEAST_STRENGTH: i32 = 10;

/// The caps that hold for a text, the hardest first, and how strongly each.
///
/// What speaks for a cap is weighed against what a plan is made of, never against the length of
/// the text: so filler hides nothing, and a remark aside spoils nothing.
pub fn held(reading: &Reading, prompts: &HashSet<u64>, caps: &Caps) -> Vec<(Cap, i32)> {
    let heard = || reading.tokens.iter().filter(|token| !token.echo);
    let that = |tells: fn(&Token) -> bool| heard().filter(|token| tells(token)).count();
    let in_class = |class: Class| -> usize {
        reading
            .of_class(class)
            .map(|span| span.last + 1 - span.first)
            .sum()
    };
    let names = people::names(reading);
    let concrete = concrete_words(reading, &names);
    let named = heard().filter(|token| names.contains(&token.hash)).count();
    let persons = that(|token| token.who);
    let numbers = that(|token| token.shape == Shape::Number);
    let general = reading.tokens.iter().filter(|token| token.general);
    let general = general
        .filter(|token| token.classes.has(Class::Generic))
        .count();
    let activity = in_class(Class::Activity);
    let thought = persons
        + in_class(Class::They)
        + reading.of_class(Class::Trouble).count()
        + approach::reason(reading).len()
        + goal::decides(reading).len();
    let facts = concrete + persons + numbers;
    let moves = moving_words(reading) + goal::decides(reading).len();
    let trades = Trades::of(reading);
    let (aside, about) = aside_and_about(reading, &trades);
    let elsewhere = from_elsewhere(reading, &trades);
    let trade = different(reading, &[Class::Trade, Class::Deal], |_| true);
    let unlike = |tells: fn(&Token) -> bool| {
        let told = heard().filter(|token| tells(token));
        told.map(|token| token.hash).collect::<HashSet<u64>>().len()
    };
    // Told apart without capitals, which earn nothing.
    let things = unlike(|token| is_found_here(token) && !token.who);
    let found = things
        + SAYS_MORE * unlike(|token| token.who && token.is_unheard())
        + SAYS_MORE * unlike(|token| token.shape == Shape::Number);
    let all = |tests: &[i32]| tests.iter().copied().min().unwrap_or_default();
    let any = |tests: &[i32]| tests.iter().copied().max().unwrap_or_default();
    let says_nothing = || {
        any(&[
            caps.different_words.tells(different_words(reading)),
            caps.telling_words.tells(telling_words(reading)),
        ])
    };
    let strength = |cap: Cap| match cap {
        Cap::Placeholder => all(&[
            says_nothing(),
            100 - caps.placeholder_words.tells(every_word(reading)),
        ]),
        Cap::LongEmpty => says_nothing(),
        Cap::CopiedPrompt => all(&[
            caps.prompt
                .tells(percent(copied(&reading.tokens, prompts), heard().count())),
            caps.prompt_own_words.tells(own_words(reading)),
        ]),
        Cap::KeywordStuffing => all(&[
            caps.rubric_count.tells(in_class(Class::RubricWord)),
            caps.rubric_words
                .tells(beside(in_class(Class::RubricWord), facts)),
            caps.rubric_fluent.tells(beside(
                in_class(Class::RubricWord),
                in_class(Class::Generic) + general + in_class(Class::Jargon),
            )),
        ]),
        Cap::ActivityCounts => all(&[
            caps.activity.tells(activity),
            caps.counts.tells(beside(activity + numbers, thought)),
        ]),
        Cap::OnlyNumbers => all(&[
            caps.numbers.tells(numbers),
            caps.only_numbers.tells(beside(numbers, thought)),
        ]),
        Cap::OffTopic => any(&[
            caps.off_topic.tells(beside(aside, about)),
            all(&[
                caps.elsewhere.tells(elsewhere),
                caps.elsewhere_share.tells(beside(elsewhere, 2 * trade)),
            ]),
        ]),
        // The same words again are no second turn to the grader: a road works may own one.
        Cap::ToTheGrader => caps
            .to_the_grader
            .tells(different(reading, &[Class::Grader], |_| true)),
        Cap::Strewn => caps.strewn.tells(strewn(reading)),
        Cap::ManyNumbers => all(&[
            caps.numbers.tells(numbers),
            caps.many_numbers.tells(beside(numbers, thought)),
        ]),
        Cap::JargonWall => caps.jargon.tells(beside(in_class(Class::Jargon), facts)),
        Cap::OnlyNames => {
            let share = percent(named, that(|token| token.shape == Shape::Word));
            all(&[
                caps.names.tells(share),
                caps.names_concrete_words.tells(concrete),
                caps.moves_among_names.tells(moves),
            ])
        }
        Cap::Minutes => all(&[
            caps.minutes
                .tells(different(reading, &[Class::Minutes], |_| true)),
            caps.minutes_reasons.tells(approach::reason(reading).len()),
        ]),
        Cap::MovesNobody => caps.moves.tells(moves),
        Cap::Circles => all(&[
            caps.different.tells(variety(reading)),
            caps.different_own_words.tells(own_words(reading)),
        ]),
        Cap::FitsAnyDeal => caps.facts.tells(percent(found, heard().count())),
        Cap::NothingFound => all(&[caps.things.tells(things), caps.things_of_trade.tells(trade)]),
        Cap::NothingConcrete => any(&[
            caps.concrete_words.tells(concrete),
            caps.concrete_share
                .tells(percent(things, own_words(reading))),
            caps.trade_words.tells(trade),
        ]),
        Cap::HalfAnswered => {
            let given = reading.parts();
            let told = given
                .iter()
                .filter_map(|part| telling_words_of(reading, part));
            let bare: Vec<i32> = told.map(|words| caps.bare_words.tells(words)).collect();
            let share = bare.iter().sum::<i32>() / i32::try_from(bare.len().max(1)).unwrap_or(1);
            caps.bare_answers
                .tells(usize::try_from(share).unwrap_or_default())
        }
        Cap::OnlyBlame => {
            let blames = blame::blame(reading);
            let ways = ownership::own_ways(reading, &blames);
            let alone = blame::without_a_way(reading, &blames, &ways);
            all(&[
                caps.blames.tells(alone.len()),
                caps.blame_ways.tells(ways.len()),
            ])
        }
    };
    Cap::ALL
        .into_iter()
        .map(|cap| (cap, strength(cap)))
        .filter(|(_, strength)| *strength >= LEAST_STRENGTH)
        .collect()
}

/// Words of what moves anyone there; those that tell the standing of a name move nobody: "Ana (claims)".
fn moving_words(reading: &Reading) -> usize {
    let told = MOVES.iter().flat_map(|class| reading.of_class(*class));
    told.filter(|span| !reading.is_in_standing(span)).count()
}

/// How many different words there are, whatever they say.
fn every_word(reading: &Reading) -> usize {
    let words = reading.tokens.iter().filter(|it| it.shape == Shape::Word);
    words.map(|it| it.hash).collect::<HashSet<u64>>().len()
}

fn percent(of: usize, all: usize) -> usize {
    of * 100 / all.max(1)
}

/// So much of one thing in a hundred of both.
fn beside(of: usize, other: usize) -> usize {
    percent(of, of + other)
}

/// The runs of words in the prompts, to know a copied one by.
pub fn prompt_runs(prompts: &[String], lexicon: &Lexicon) -> HashSet<u64> {
    prompts
        .iter()
        .flat_map(|prompt| runs(&tokens_of(prompt, lexicon)))
        .collect()
}

/// How many words stand in a run that a prompt has too.
fn copied(tokens: &[Token], prompts: &HashSet<u64>) -> usize {
    let mut counted = 0;
    let mut next = 0;
    for (first, run) in runs(tokens).into_iter().enumerate() {
        if prompts.contains(&run) {
            let end = first + RUN_WORDS;
            counted += end - first.max(next);
            next = end;
        }
    }
    counted
}

/// How many different words and phrases of these classes there are.
fn different(reading: &Reading, classes: &[Class], counts: impl Fn(&Span) -> bool) -> usize {
    let told = classes.iter().flat_map(|class| reading.of_class(*class));
    // A misspelt word is the word that was meant.
    let words = |span: Span| match reading.tokens_of(span) {
        [one] if one.word > 0 => u64::from(one.word),
        _ => reading.words(span),
    };
    told.filter(counts)
        .map(words)
        .collect::<HashSet<u64>>()
        .len()
}

/// How many different things from elsewhere, or from the seller's own job, there are, in halves: kin
/// count by half, since many a business is a family's, and so does what may well be another's trade.
/// Where the seller hardly occurs, it is all the more somebody else's story.
fn from_elsewhere(reading: &Reading, trades: &Trades) -> usize {
    const HALVES: usize = 2;
    let is_kin = |span: &Span| reading.is(span.first, Class::Role);
    let is_other = |span: &Span| !is_kin(span);
    let is_no_trade = |span: &Span| !is_kin(span) && !trades.may_be(reading, span);
    let told = HALVES
        * (different(reading, &[Class::Elsewhere], is_other)
            + different(reading, &[Class::OnesJob], is_no_trade))
        + different(reading, &[Class::Elsewhere, Class::OnesJob], is_kin)
        + different(reading, &[Class::OffTopic], is_no_trade)
        + HALVES * own_matter::weight(reading);
    let seller = reading.of_class(Class::Own).take(HALVES).count();
    if told == 0 { 0 } else { told + HALVES - seller }
}

/// Words from outside the deal, and words about it.
fn aside_and_about(reading: &Reading, trades: &Trades) -> (usize, usize) {
    const ABOUT: [Class; 4] = [Class::They, Class::Deal, Class::Trouble, Class::Acts];
    let (mut aside, mut about) = (0, 0);
    let mut off_until = 0;
    for sentence in reading.sentences() {
        let (mut off, mut on) = (0, 0);
        for index in sentence.first..=sentence.last {
            let Some(token) = reading.tokens.get(index).filter(|token| !token.echo) else {
                continue;
            };
            let outside = reading.mark_at(Class::OffTopic, index);
            if let Some(span) = outside.filter(|span| !trades.may_be(reading, span)) {
                off += (span.last + 1).saturating_sub(off_until.max(index));
                off_until = span.last + 1;
            }
            on += usize::from(token.who || ABOUT.iter().any(|class| token.classes.has(*class)));
        }
        match off {
            0 => about += on,
            _ => aside += off,
        }
    }
    (aside, about)
}

/// Articles with nothing to belong to show that words were strewn; so few prove nothing.
const FEWEST_ARTICLES: usize = 4;

/// How many articles of a hundred stand before a word that never follows one.
fn strewn(reading: &Reading) -> usize {
    let (mut articles, mut broken) = (0, 0);
    for index in 0..reading.tokens.len() {
        if reading.is_echo(index) || !reading.is(index, Class::Article) {
            continue;
        }
        articles += 1;
        let next = reading.after(index, 1).next();
        // "The IT lead" is no "it".
        let cannot_follow =
            |next| reading.is(next, Class::Joint) && !reading.is_one_of(next, &["it"]);
        broken += usize::from(next.is_none_or(cannot_follow));
    }
    if articles < FEWEST_ARTICLES {
        return 0;
    }
    broken * 100 / articles
}

/// How many different words there are in a hundred of its own; he has more forms than she.
fn variety(reading: &Reading) -> usize {
    let counts = |token: &&Token| {
        is_own(token) && token.shape == Shape::Word && !token.classes.has(Class::Person)
    };
    let own = || reading.tokens.iter().filter(counts);
    let different: HashSet<u64> = own().map(|token| token.hash).collect();
    different.len() * 100 / own().count().max(1)
}
