//! A strategy as the rules read it: tokens in sentences, each with the classes of its word.
//!
//! All parts are read as one text, since what counts may stand in any of them. What is said
//! twice is heard once: later copies are marked as echo and yield nothing.

use super::dates::When;
use super::idle::speaks_of_a_deal;
use super::lexicon::{Class, Lexicon};
use super::mixed::{Marked, hash_of};
use super::tokens::{Token, Words, tokenize};
use super::{dates, people};
use crate::domain::strategy::{Answers, Part};

/// So many words in a row that occurred before make an echo.
const ECHO_WORDS: usize = 5;

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
    /// Every token, in reading order.
    pub tokens: Vec<Token>,
    /// Per class, where its words and phrases stand.
    marks: Vec<Vec<Span>>,
    /// Every time told, echoes left out.
    pub times: Vec<When>,
}

impl<'a> Reading<'a> {
    /// Reads all parts.
    pub fn of(answers: &'a Answers, lexicon: &Lexicon) -> Self {
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
        let mut reading = Self {
            answers,
            tokens,
            marks: vec![Vec::new(); Class::ALL.len()],
            times: Vec::new(),
        };
        reading.set_stock_apart(lexicon);
        reading.mark_classes(lexicon);
        reading.mark_echoes();
        people::mark(&mut reading.tokens, answers);
        reading.set_idle_apart();
        reading.times = dates::times(&reading);
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

    /// Whether two tokens stand in one sentence.
    pub fn same_sentence(&self, one: usize, other: usize) -> bool {
        let sentence = |index: usize| self.tokens.get(index).map(|token| token.sentence);
        sentence(one) == sentence(other)
    }

    /// Whether the token at this index says who.
    pub fn is_who(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.who)
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

    /// Turns of phrase that say nothing count for nothing, and part what stands around them.
    fn set_stock_apart(&mut self, lexicon: &Lexicon) {
        let (mut parted, mut until) = (0, 0);
        for index in 0..self.tokens.len() {
            let stock = (index >= until)
                .then(|| self.phrases_at(index, lexicon))
                .and_then(|found| {
                    let stock = found
                        .into_iter()
                        .filter(|(class, _)| *class == Class::Stock);
                    stock.map(|(_, last)| last + 1).max()
                });
            if index == until && until > 0 || stock.is_some() {
                parted += 1;
            }
            until = stock.unwrap_or(until);
            if let Some(token) = self.tokens.get_mut(index) {
                token.echo = index < until;
                token.sentence += parted;
            }
        }
    }

    /// The phrases that begin at this index: class and last token of each.
    fn phrases_at(&self, index: usize, lexicon: &Lexicon) -> Vec<(Class, usize)> {
        let Some(first) = self.tokens.get(index) else {
            return Vec::new();
        };
        let Some(second) = self.tokens.get(index + 1) else {
            return Vec::new();
        };
        let phrases = lexicon.phrases(first.word, second.word).iter();
        phrases
            .filter(|(rest, _)| {
                let next = self.tokens.get(index + 1..).unwrap_or_default();
                rest.len() <= next.len()
                    && rest
                        .iter()
                        .zip(next)
                        .all(|(id, token)| token.word == *id && token.sentence == first.sentence)
            })
            .map(|(rest, class)| (*class, index + rest.len()))
            .collect()
    }

    fn mark_classes(&mut self, lexicon: &Lexicon) {
        let mut hollow_until = 0;
        for index in 0..self.tokens.len() {
            let Some(word) = self
                .tokens
                .get(index)
                .filter(|token| !token.echo)
                .map(|token| token.word)
            else {
                continue;
            };
            let mut found = self.phrases_at(index, lexicon);
            found.extend(lexicon.classes(word).iter().map(|class| (*class, index)));
            // A hollow phrase makes each of its words hollow: a trusted partner is nobody.
            let inside = index < hollow_until;
            for (class, last) in found {
                let is_hollow = HOLLOW.contains(&class);
                if inside && !is_hollow && class != Class::Common {
                    continue;
                }
                let until = if is_hollow { last } else { index };
                hollow_until = hollow_until.max(until);
                for token in self.tokens.get_mut(index..=until).unwrap_or_default() {
                    token.classes.add(class);
                }
                if let Some(marks) = self.marks.get_mut(class as usize) {
                    match marks.last_mut() {
                        Some(longest) if longest.first == index => {
                            longest.last = longest.last.max(last);
                        }
                        _ => marks.push(Span { first: index, last }),
                    }
                }
            }
        }
    }

    /// Sentences that do not speak of a deal count for nothing.
    fn set_idle_apart(&mut self) {
        let idle: Vec<Span> = self
            .sentences()
            .filter(|sentence| !speaks_of_a_deal(self.tokens_of(*sentence)))
            .collect();
        for sentence in idle {
            let tokens = self
                .tokens
                .get_mut(sentence.first..=sentence.last)
                .unwrap_or_default();
            tokens.iter_mut().for_each(|token| token.echo = true);
        }
    }

    fn mark_echoes(&mut self) {
        let hashes: Vec<u64> = self.tokens.iter().map(|token| token.hash).collect();
        let mut heard = Marked::default();
        let mut echoes: Vec<Span> = Vec::new();
        for sentence in self.sentences() {
            let words = hashes
                .get(sentence.first..=sentence.last)
                .unwrap_or_default();
            if !heard.insert(hash_of(&words)) {
                echoes.push(sentence);
            }
        }
        for (first, words) in hashes.windows(ECHO_WORDS).enumerate() {
            if !heard.insert(hash_of(&(ECHO_WORDS, words))) {
                echoes.push(Span {
                    first,
                    last: first + ECHO_WORDS - 1,
                });
            }
        }
        for echo in echoes {
            let tokens = self
                .tokens
                .get_mut(echo.first..=echo.last)
                .unwrap_or_default();
            tokens.iter_mut().for_each(|token| token.echo = true);
        }
    }
}

/// Every run of words, as numbers that are the same for the same words.
pub fn runs(tokens: &[Token]) -> Vec<u64> {
    let hashes: Vec<u64> = tokens.iter().map(|token| token.hash).collect();
    hashes.windows(RUN_WORDS).map(|run| hash_of(&run)).collect()
}
