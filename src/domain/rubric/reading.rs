//! A strategy as the rules read it: tokens in sentences, each with the classes of its word.
//!
//! All parts are read as one text, since what counts may stand in any of them. What is said
//! twice is heard once: later copies are marked as echo and yield nothing.

use super::dates::When;
use super::lexicon::{Class, Lexicon};
use super::mixed::hash_of;
use super::spelling::{Ending, normal};
use super::tokens::{Shape, Token, Words, tokenize};
use super::{ahead, dates, naming};
use crate::domain::strategy::{Answers, Part};

/// So many words in a row that stand in a prompt are copied from it.
pub const RUN_WORDS: usize = 3;

/// Phrases that say nothing of their own, nor does any word in them.
pub const HOLLOW: [Class; 3] = [Class::Generic, Class::Jargon, Class::Empty];

/// How far a rule looks around a word, within its sentence.
const NEARBY_WORDS: usize = 12;

/// Words in a row that a rule quotes: first and last token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the first token.
    pub first: usize,
    /// Index of the last token.
    pub last: usize,
}

/// In the order of the text; of those that overlap, the one that begins first.
pub fn disjoint(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.first, span.last));
    spans.dedup_by(|next, kept| next.first <= kept.last);
    spans
}

impl Span {
    /// Whether it holds some of the same words.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// A strategy, read.
#[derive(Debug)]
pub struct Reading<'a> {
    /// The text of each part.
    pub answers: &'a Answers,
    lexicon: &'a Lexicon,
    /// Every token, in reading order.
    pub tokens: Vec<Token>,
    /// Per class, where its words and phrases stand.
    pub(super) marks: Vec<Vec<Span>>,
    /// Every time told, echoes left out.
    pub times: Vec<When>,
    /// Every name whose standing is told, with the words that tell it.
    pub standings: Vec<Span>,
}

impl<'a> Reading<'a> {
    /// Reads all parts.
    pub fn of(answers: &'a Answers, lexicon: &'a Lexicon) -> Self {
        let mut tokens = Vec::new();
        let mut words = Words::of(lexicon);
        let mut sentence = 0;
        for part in Part::ALL {
            sentence = tokenize(
                answers.part(part),
                part,
                sentence + 1,
                &mut words,
                &mut tokens,
            );
        }
        words.set_names_apart(&mut tokens);
        let mut reading = Self {
            answers,
            lexicon,
            tokens,
            marks: vec![Vec::new(); Class::ALL.len()],
            times: Vec::new(),
            standings: Vec::new(),
        };
        reading.set_stock_apart(lexicon);
        reading.mark_classes(lexicon);
        reading.mark_echoes();
        reading.standings = naming::mark(&mut reading.tokens, answers);
        reading.set_idle_apart();
        let told = std::mem::take(&mut reading.standings);
        reading.standings = told
            .into_iter()
            .filter(|span| !reading.is_echo(span.first))
            .collect();
        reading.times = dates::times(&reading);
        reading.times = ahead::told_apart(&reading);
        reading
    }

    /// Where words and phrases of a class stand, echoes left out.
    pub fn of_class(&self, class: Class) -> impl Iterator<Item = Span> + '_ {
        let all = self
            .marks
            .get(class as usize)
            .map_or(&[][..], Vec::as_slice);
        all.iter().copied().filter(|span| !self.is_echo(span.first))
    }

    /// Whether some of these words tell the standing of a name.
    pub fn is_in_standing(&self, span: &Span) -> bool {
        let begun = self.standings.partition_point(|it| it.first <= span.last);
        let nearest = begun.checked_sub(1).and_then(|at| self.standings.get(at));
        nearest.is_some_and(|it| it.overlaps(span))
    }

    /// Words that are a role where they stand, echoes left out.
    pub fn of_maybe_role(&self) -> impl Iterator<Item = Span> + '_ {
        self.of_class(Class::MaybeRole)
            .filter(|span| self.is(span.last, Class::Role))
    }

    /// The word or phrase of a class that begins at this index.
    pub fn mark_at(&self, class: Class, index: usize) -> Option<Span> {
        let all = self.marks.get(class as usize)?;
        all.binary_search_by_key(&index, |span| span.first)
            .ok()
            .and_then(|at| all.get(at))
            .copied()
    }

    /// Whether any token of the sentence around this index has the class.
    pub fn nearby(&self, index: usize, class: Class) -> bool {
        self.is(index, class) || self.around(index).any(|other| self.is(other, class))
    }

    /// Whether any token of the sentence around this index says who.
    pub fn who_nearby(&self, index: usize) -> bool {
        self.is_who(index) || self.around(index).any(|other| self.is_who(other))
    }

    fn around(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.before(index, NEARBY_WORDS)
            .chain(self.after(index, NEARBY_WORDS))
    }

    /// Whether the token at this index has the class.
    pub fn is(&self, index: usize, class: Class) -> bool {
        self.tokens
            .get(index)
            .is_some_and(|token| token.classes.has(class))
    }

    /// Whether the token at this index has the shape.
    pub fn is_shape(&self, index: usize, shape: Shape) -> bool {
        self.tokens
            .get(index)
            .is_some_and(|token| token.shape == shape)
    }

    /// Whether two tokens stand in one sentence.
    pub fn same_sentence(&self, one: usize, other: usize) -> bool {
        let sentence = |index: usize| self.tokens.get(index).map(|token| token.sentence);
        sentence(one) == sentence(other)
    }

    /// Whether the token at this index says who.
    pub fn is_who(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.who)
    }

    /// Whether a comma, a bracket or a dash stands before the token at this index.
    pub fn is_apart(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.apart)
    }

    /// Whether a colon stands before the token at this index.
    pub fn is_after_colon(&self, index: usize) -> bool {
        let before = self.before(index, 1).next();
        before
            .filter(|_| self.is_apart(index))
            .is_some_and(|first| {
                let both = Span { first, last: index };
                self.quote(both).contains(": ")
            })
    }

    /// The word at this index, as it is written.
    pub fn quote_at(&self, index: usize) -> &'a str {
        self.quote(Span {
            first: index,
            last: index,
        })
    }

    /// Whether the token at this index is one of these words, in whichever case, misspelt or not.
    pub fn is_one_of(&self, index: usize, words: &[&str]) -> bool {
        let written = self.quote_at(index);
        words.iter().any(|word| word.eq_ignore_ascii_case(written))
            || self.tokens.get(index).is_some_and(|token| {
                let meant = || self.lexicon.spelling(token.word);
                token.mended && words.iter().any(|word| normal(word) == meant())
            })
    }

    /// The word at this index, in lower case.
    pub fn word(&self, index: usize) -> String {
        self.quote_at(index).to_lowercase()
    }

    /// Whether the word at this index ends so, misspelt or not.
    pub fn ends(&self, index: usize, ending: Ending) -> bool {
        self.tokens
            .get(index)
            .is_some_and(|token| token.ending == ending)
    }

    /// Whether the token at this index repeats what stood before.
    pub fn is_echo(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.echo)
    }

    /// Indices of up to `count` tokens after this one in its sentence.
    pub fn after(&self, index: usize, count: usize) -> impl Iterator<Item = usize> + '_ {
        let sentence = self.tokens.get(index).map(|token| token.sentence);
        (index + 1..self.tokens.len().min(index + 1 + count))
            .take_while(move |next| self.tokens.get(*next).map(|token| token.sentence) == sentence)
    }

    /// Indices of up to `count` tokens before this one in its sentence, nearest first.
    pub fn before(&self, index: usize, count: usize) -> impl Iterator<Item = usize> + '_ {
        let sentence = self.tokens.get(index).map(|token| token.sentence);
        (index.saturating_sub(count)..index)
            .rev()
            .take_while(move |prior| {
                self.tokens.get(*prior).map(|token| token.sentence) == sentence
            })
    }

    /// The indices of the tokens of each sentence.
    pub fn sentences(&self) -> impl Iterator<Item = Span> + '_ {
        let mut next = 0;
        std::iter::from_fn(move || {
            let first = next;
            let sentence = self.tokens.get(first)?.sentence;
            while self
                .tokens
                .get(next)
                .is_some_and(|token| token.sentence == sentence)
            {
                next += 1;
            }
            Some(Span {
                first,
                last: next - 1,
            })
        })
    }

    /// Each part that holds words, from end to end.
    pub fn parts(&self) -> Vec<Span> {
        let mut parts: Vec<Span> = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            match parts.last_mut() {
                Some(part)
                    if self
                        .tokens
                        .get(part.first)
                        .is_some_and(|first| first.part == token.part) =>
                {
                    part.last = index;
                }
                _ => parts.push(Span {
                    first: index,
                    last: index,
                }),
            }
        }
        parts
    }

    /// The tokens of a span.
    pub fn tokens_of(&self, span: Span) -> &[Token] {
        self.tokens.get(span.first..=span.last).unwrap_or_default()
    }

    /// A number that is the same for the same words.
    pub fn words(&self, span: Span) -> u64 {
        let tokens = self.tokens_of(span);
        hash_of(&tokens.iter().map(|token| token.hash).collect::<Vec<u64>>())
    }

    /// The quoted words of several spans, each once.
    pub fn quotes_of(&self, spans: &[Span]) -> Vec<&'a str> {
        let mut quotes: Vec<&str> = spans.iter().map(|span| self.quote(*span)).collect();
        quotes.sort_unstable();
        quotes.dedup();
        quotes
    }

    /// The quoted words of a span.
    pub fn quote(&self, span: Span) -> &'a str {
        let (Some(first), Some(last)) = (self.tokens.get(span.first), self.tokens.get(span.last))
        else {
            return "";
        };
        self.answers
            .part(first.part)
            .get(first.start..last.end)
            .unwrap_or_default()
    }
}

/// Every run of words, as numbers that are the same for the same words.
pub fn runs(tokens: &[Token]) -> Vec<u64> {
    let hashes: Vec<u64> = tokens.iter().map(|token| token.hash).collect();
    hashes.windows(RUN_WORDS).map(|run| hash_of(&run)).collect()
}
