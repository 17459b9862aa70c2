//! The text as a whole: is it a strategy at all, or something that only looks like one?
//!
//! The guide's caps live here. Each looks at shares of the text, not at its length.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::lexicon::{Class, Lexicon};
use super::reading::{Reading, Span, runs};
use super::tokens::{Shape, Token, tokens_of};

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
    /// Off topic needs at least this share of the words about the customer.
    pub off_topic_to_deal: usize,
    /// Share of sales vocabulary, beside own words, above which a text is thin.
    pub jargon: usize,
}

/// How short texts are made good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brevity {
    /// Texts with so many words of their own, or more, are of usual length.
    pub usual_words: usize,
    /// Percent added to what the shortest text earns.
    pub most_added: i32,
}

/// Classes of words that say nothing of their own.
const NOTHING_OWN: [Class; 9] = [
    Class::Common,
    Class::Placeholder,
    Class::Own,
    Class::They,
    Class::Generic,
    Class::Empty,
    Class::Vague,
    Class::Jargon,
    Class::Hedge,
];

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
    /// Many numbers, little said about them.
    ManyNumbers,
    /// A wall of sales vocabulary.
    JargonWall,
}

impl Cap {
    /// Every cap, the hardest first.
    pub const ALL: [Self; 8] = [
        Self::Placeholder,
        Self::CopiedPrompt,
        Self::KeywordStuffing,
        Self::ActivityCounts,
        Self::OnlyNumbers,
        Self::OffTopic,
        Self::ManyNumbers,
        Self::JargonWall,
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
        }
    }

    /// The highest level of the whole.
    pub fn overall(self) -> u8 {
        match self {
            Self::ManyNumbers | Self::JargonWall => 1,
            _ => 0,
        }
    }

    /// The words that show it.
    fn class(self) -> Option<Class> {
        match self {
            Self::Placeholder | Self::CopiedPrompt | Self::OnlyNumbers | Self::ManyNumbers => None,
            Self::KeywordStuffing => Some(Class::RubricWord),
            Self::ActivityCounts => Some(Class::Activity),
            Self::OffTopic => Some(Class::OffTopic),
            Self::JargonWall => Some(Class::Jargon),
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
                && off_topic * 100 >= that(is_about_the_deal) * caps.off_topic_to_deal,
        ),
        (Cap::ManyNumbers, numbers >= caps.many_numbers),
        (
            Cap::JargonWall,
            beside_own(in_class(Class::Jargon)) >= caps.jargon,
        ),
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
            let end = first + super::reading::RUN_WORDS;
            counted += end - first.max(next);
            next = end;
        }
    }
    counted
}

/// How much denser than usual a short text is, in percent added to what it earns.
///
/// A short answer has fewer places in which to show the same thought. Only words that say
/// something count as length, so that filler makes no text longer.
pub fn density(reading: &Reading, brevity: &Brevity) -> i32 {
    let missing = brevity
        .usual_words
        .saturating_sub(own_words(reading))
        .min(brevity.usual_words);
    let share = missing * 100 / brevity.usual_words.max(1);
    i32::try_from(share).unwrap_or_default() * brevity.most_added / 100
}

fn different_words(reading: &Reading) -> usize {
    reading
        .tokens
        .iter()
        .filter(|token| !token.echo)
        .map(|token| token.hash)
        .collect::<HashSet<u64>>()
        .len()
}

fn own_words(reading: &Reading) -> usize {
    reading.tokens.iter().filter(|token| is_own(token)).count()
}

/// Whether a word is neither an everyday word nor a placeholder nor repeated.
pub fn is_own(token: &Token) -> bool {
    !token.echo
        && !NOTHING_OWN
            .into_iter()
            .any(|class| token.classes.has(class))
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
