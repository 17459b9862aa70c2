//! What a text cannot be, whatever else is there: a strategy that only looks like one.
//!
//! The guide's caps live here. Each looks at shares of the text, not at its length.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::lexicon::{Class, Lexicon};
use super::people;
use super::reading::{RUN_WORDS, Reading, Span, runs};
use super::tokens::{Shape, Token, tokens_of};
use super::whole::{concrete_words, different_words, is_own, own_words};
use crate::domain::grade::Dimension;

/// Where the caps begin; shares in percent of all words, or of those that say something of
/// their own, so that filler hides nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Fewer different words than this are a placeholder.
    pub fewest_words: usize,
    /// So are fewer words than this that say something of their own.
    pub fewest_own_words: usize,
    /// So often must fault be put on others before the whole is capped …
    pub blames: usize,
    /// … at this level, where the seller has nothing to do about it.
    pub blame_overall: u8,
    /// Share of words copied from a prompt.
    pub prompt: usize,
    /// A copied prompt with more words of its own than this is more than a copy.
    pub prompt_own_words: usize,
    /// Share of the rubric's own vocabulary, beside own words.
    pub rubric_words: usize,
    /// Share of own words: activity words.
    pub activity: usize,
    /// Share of own words: activity words and numbers together.
    pub activity_and_numbers: usize,
    /// With a larger share of persons than this, counts of activity are not all there is.
    pub activity_persons: usize,
    /// Share of own words: numbers that leaves no room for a thought.
    pub only_numbers: usize,
    /// Share of own words: numbers above which a text is thin.
    pub many_numbers: usize,
    /// Share of own words: words from outside the deal.
    pub off_topic: usize,
    /// Share of sentences with such words: one remark aside makes no plan off topic.
    pub off_topic_sentences: usize,
    /// Off topic needs at least this share of the words about the customer.
    pub off_topic_to_deal: usize,
    /// Share of sales vocabulary, beside own words, above which a text is thin.
    pub jargon: usize,
    /// So many turns to the one who grades make a text that is not about a deal.
    pub to_the_grader: usize,
    /// Share of articles after which nothing follows that can, above which words are only strewn.
    pub strewn: usize,
    /// Share of all words: names and persons …
    pub names: usize,
    /// … with fewer words than this about what is found at the customer.
    pub names_concrete_words: usize,
    /// Different words in a hundred own words, below which a text turns in circles …
    pub different: usize,
    /// … when it has so many own words.
    pub different_own_words: usize,
    /// Fewer different words than this about what is found at the customer make no solid plan.
    pub fewest_concrete_words: usize,
}

/// Why the whole cannot be rated higher, whatever else is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// Too few words to say anything.
    Placeholder,
    /// The prompt, given back.
    CopiedPrompt,
    /// The words of the rubric without a deal behind them.
    KeywordStuffing,
    /// Counts of activity.
    ActivityCounts,
    /// Numbers without a thought.
    OnlyNumbers,
    /// Not about this deal.
    OffTopic,
    /// Spoken to the one who grades.
    ToTheGrader,
    /// Words without an order.
    Strewn,
    /// Many numbers, little said about them.
    ManyNumbers,
    /// A wall of sales vocabulary.
    JargonWall,
    /// Names, and nothing of what moves the people who bear them.
    OnlyNames,
    /// The same few words again and again.
    Circles,
    /// Nothing that could be found at this customer only.
    NothingConcrete,
}

impl Cap {
    /// Every cap, the hardest first.
    pub const ALL: [Self; 13] = [
        Self::Placeholder,
        Self::CopiedPrompt,
        Self::KeywordStuffing,
        Self::ActivityCounts,
        Self::OnlyNumbers,
        Self::OffTopic,
        Self::ToTheGrader,
        Self::Strewn,
        Self::ManyNumbers,
        Self::JargonWall,
        Self::OnlyNames,
        Self::Circles,
        Self::NothingConcrete,
    ];

    /// Its name as a rule.
    pub fn name(self) -> &'static str {
        match self {
            Self::Placeholder => "placeholder",
            Self::CopiedPrompt => "copied_prompt",
            Self::KeywordStuffing => "keyword_stuffing",
            Self::ActivityCounts => "activity_counts",
            Self::OnlyNumbers => "only_numbers",
            Self::OffTopic => "off_topic",
            Self::ManyNumbers => "many_numbers",
            Self::JargonWall => "jargon_wall",
            Self::ToTheGrader => "to_the_grader",
            Self::Strewn => "strewn",
            Self::OnlyNames => "only_names",
            Self::Circles => "circles",
            Self::NothingConcrete => "nothing_concrete",
        }
    }

    /// What it says about the text, as a seller reads it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Placeholder => "there are too few words to tell a plan from",
            Self::CopiedPrompt => "this is mostly the question itself",
            Self::KeywordStuffing => {
                "these are the words of the rubric, without a deal behind them"
            }
            Self::ActivityCounts => "this counts activity; it does not say what should change",
            Self::OnlyNumbers => "these are numbers, without what they mean",
            Self::OffTopic => "this does not seem to be about the deal",
            Self::ManyNumbers => "numbers stand for most of what could be said",
            Self::JargonWall => "sales vocabulary stands where facts could be",
            Self::ToTheGrader => "this speaks to whoever grades it, not about the customer",
            Self::Strewn => "these words do not make sentences",
            Self::OnlyNames => "this says who is there, not what moves them",
            Self::Circles => "this says the same few words over and over",
            Self::NothingConcrete => "nothing here could be found at this customer only",
        }
    }

    /// The highest level of the whole.
    pub fn overall(self) -> u8 {
        match self {
            Self::NothingConcrete => 2,
            Self::ManyNumbers | Self::JargonWall | Self::OnlyNames | Self::Circles => 1,
            _ => 0,
        }
    }

    /// Whether a dimension is judged as if the cap were not there: a list of names may well say
    /// who meets whom on which day.
    pub fn spares(self, dimension: Dimension) -> bool {
        self == Self::OnlyNames && dimension == Dimension::NextStep
    }

    /// The words that show it.
    fn class(self) -> Option<Class> {
        match self {
            Self::ToTheGrader => Some(Class::Grader),
            Self::KeywordStuffing => Some(Class::RubricWord),
            Self::ActivityCounts => Some(Class::Activity),
            Self::OffTopic => Some(Class::OffTopic),
            Self::JargonWall => Some(Class::Jargon),
            _ => None,
        }
    }

    /// Words to quote: up to three that show it, or each part from end to end.
    pub fn evidence(self, reading: &Reading) -> Vec<Span> {
        match self.class() {
            Some(class) => reading.of_class(class).take(3).collect(),
            None => reading.parts(),
        }
    }
}

/// The cap that holds for a text, the hardest first.
pub fn cap(reading: &Reading, prompts: &HashSet<u64>, caps: &Caps) -> Option<Cap> {
    let heard = || reading.tokens.iter().filter(|token| !token.echo);
    // Everyday words around them make jargon no rarer.
    let beside_own = |count: usize| count * 100 / (count + own_words(reading)).max(1);
    let of_own = |count: usize| count * 100 / own_words(reading).max(1);
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
    let tests = [
        (
            Cap::Placeholder,
            different_words(reading) < caps.fewest_words
                || own_words(reading) < caps.fewest_own_words,
        ),
        (
            Cap::CopiedPrompt,
            copied(&reading.tokens, prompts) * 100 >= heard().count() * caps.prompt
                && own_words(reading) <= caps.prompt_own_words,
        ),
        (
            Cap::KeywordStuffing,
            beside_own(in_class(Class::RubricWord)) >= caps.rubric_words,
        ),
        (
            Cap::ActivityCounts,
            activity >= caps.activity
                && activity + numbers >= caps.activity_and_numbers
                && of_own(that(|token| token.who)) <= caps.activity_persons,
        ),
        (Cap::OnlyNumbers, numbers >= caps.only_numbers),
        (
            Cap::OffTopic,
            of_own(off_topic) >= caps.off_topic
                && sentences_with(reading, Class::OffTopic) >= caps.off_topic_sentences
                && off_topic * 100 >= that(is_about_the_deal) * caps.off_topic_to_deal,
        ),
        (
            Cap::ToTheGrader,
            reading.of_class(Class::Grader).count() >= caps.to_the_grader,
        ),
        (Cap::Strewn, is_strewn(reading, caps.strewn)),
        (Cap::ManyNumbers, numbers >= caps.many_numbers),
        (
            Cap::JargonWall,
            beside_own(in_class(Class::Jargon)) >= caps.jargon,
        ),
        (
            Cap::OnlyNames,
            named * 100 >= words * caps.names && concrete < caps.names_concrete_words,
        ),
        (Cap::Circles, turns_in_circles(reading, caps)),
        (Cap::NothingConcrete, concrete < caps.fewest_concrete_words),
    ];
    tests
        .into_iter()
        .find(|(_, holds)| *holds)
        .map(|(cap, _)| cap)
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

/// Whether so many articles of a hundred stand before a word that never follows one.
fn is_strewn(reading: &Reading, percent: usize) -> bool {
    let (mut articles, mut broken) = (0, 0);
    for index in 0..reading.tokens.len() {
        if reading.is_echo(index) || !reading.is(index, Class::Article) {
            continue;
        }
        articles += 1;
        let next = reading.after(index, 1).next();
        broken += usize::from(next.is_none_or(|next| reading.is(next, Class::Joint)));
    }
    articles >= FEWEST_ARTICLES && broken * 100 >= articles * percent
}

/// Whether a text of some length has few different words among those of its own.
fn turns_in_circles(reading: &Reading, caps: &Caps) -> bool {
    let own = || {
        reading
            .tokens
            .iter()
            .filter(|token| is_own(token) && token.shape == Shape::Word)
    };
    let count = own().count();
    let different = own()
        .map(|token| token.hash)
        .collect::<HashSet<u64>>()
        .len();
    count >= caps.different_own_words && different * 100 < count * caps.different
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
