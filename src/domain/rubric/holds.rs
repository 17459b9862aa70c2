//! How strongly each cap holds for a text, in percent: never all of a sudden, so that no single
//! word makes or breaks a grade.

use std::collections::HashSet;

use super::caps::{Cap, Caps};
use super::lexicon::{Class, Lexicon};
use super::people;
use super::reading::{RUN_WORDS, Reading, runs};
use super::tokens::{Shape, Token, tokens_of};
use super::whole::{concrete_words, different_words, is_own, own_words, own_words_anywhere};

/// The caps that hold for a text, the hardest first, and how strongly each.
pub fn held(reading: &Reading, prompts: &HashSet<u64>, caps: &Caps) -> Vec<(Cap, i32)> {
    let heard = || reading.tokens.iter().filter(|token| !token.echo);
    let own = own_words(reading);
    // Everyday words around them make jargon no rarer.
    let beside_own = |count: usize| count * 100 / (count + own).max(1);
    let of_own = |count: usize| count * 100 / own.max(1);
    let in_class = |class: Class| -> usize {
        reading
            .of_class(class)
            .map(|span| span.last + 1 - span.first)
            .sum()
    };
    let that = |tells: fn(&Token) -> bool| heard().filter(|token| tells(token)).count();
    let numbers = of_own(that(|token| token.shape == Shape::Number));
    let activity = of_own(in_class(Class::Activity));
    let off_topic = in_class(Class::OffTopic);
    let names = people::names(reading);
    let concrete = concrete_words(reading, &names);
    let words = that(|token| token.shape == Shape::Word).max(1);
    let named = heard().filter(|token| names.contains(&token.hash)).count();
    let about_the_deal = that(is_about_the_deal).max(1);
    let copied = copied(&reading.tokens, prompts) * 100 / heard().count().max(1);
    let all = |tests: &[i32]| tests.iter().copied().min().unwrap_or_default();
    let any = |tests: &[i32]| tests.iter().copied().max().unwrap_or_default();
    let strength = |cap: Cap| match cap {
        Cap::Placeholder => any(&[
            caps.different_words.tells(different_words(reading)),
            caps.own_words.tells(own_words_anywhere(reading)),
        ]),
        Cap::CopiedPrompt => all(&[
            caps.prompt.tells(copied),
            caps.prompt_own_words.tells(own),
        ]),
        Cap::KeywordStuffing => caps.rubric_words.tells(beside_own(in_class(Class::RubricWord))),
        Cap::ActivityCounts => all(&[
            caps.activity.tells(activity),
            caps.activity_and_numbers.tells(activity + numbers),
            caps.activity_persons.tells(of_own(that(|token| token.who))),
        ]),
        Cap::OnlyNumbers => caps.only_numbers.tells(numbers),
        Cap::OffTopic => all(&[
            caps.off_topic.tells(of_own(off_topic)),
            caps.off_topic_sentences.tells(sentences_with(reading, Class::OffTopic)),
            caps.off_topic_to_deal.tells(off_topic * 100 / about_the_deal),
        ]),
        Cap::ToTheGrader => caps.to_the_grader.tells(reading.of_class(Class::Grader).count()),
        Cap::Strewn => caps.strewn.tells(strewn(reading)),
        Cap::ManyNumbers => caps.many_numbers.tells(numbers),
        Cap::JargonWall => caps.jargon.tells(beside_own(in_class(Class::Jargon))),
        Cap::OnlyNames => all(&[
            caps.names.tells(named * 100 / words),
            caps.names_concrete_words.tells(concrete),
        ]),
        Cap::Circles => all(&[
            caps.different.tells(variety(reading)),
            caps.different_own_words.tells(own),
        ]),
        Cap::NothingConcrete => caps.concrete_words.tells(concrete),
    };
    Cap::ALL
        .into_iter()
        .map(|cap| (cap, strength(cap)))
        .filter(|(_, strength)| *strength > 0)
        .collect()
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

fn is_about_the_deal(token: &Token) -> bool {
    [
        Class::Role,
        Class::Title,
        Class::Person,
        Class::They,
        Class::Deal,
    ]
    .into_iter()
    .any(|class| token.classes.has(class))
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
        broken += usize::from(next.is_none_or(|next| reading.is(next, Class::Joint)));
    }
    if articles < FEWEST_ARTICLES {
        return 0;
    }
    broken * 100 / articles
}

/// How many different words there are in a hundred of its own.
fn variety(reading: &Reading) -> usize {
    let own = || {
        reading
            .tokens
            .iter()
            .filter(|token| is_own(token) && token.shape == Shape::Word)
    };
    let different: HashSet<u64> = own().map(|token| token.hash).collect();
    different.len() * 100 / own().count().max(1)
}

/// How many sentences of a hundred hold a word of this class.
fn sentences_with(reading: &Reading, class: Class) -> usize {
    let sentence_of = |token: &Token| token.sentence;
    let all: HashSet<u32> = reading.tokens.iter().map(sentence_of).collect();
    let spans = reading.of_class(class);
    let with: HashSet<u32> = spans
        .filter_map(|span| reading.tokens.get(span.first).map(sentence_of))
        .collect();
    with.len() * 100 / all.len().max(1)
}
