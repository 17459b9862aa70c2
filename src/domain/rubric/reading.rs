//! A strategy as the rules read it: tokens in sentences, each with the classes of its word.
//!
//! All parts are read as one text, since what counts may stand in any of them. What is said
//! twice is heard once: later copies are marked as echo and yield nothing.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::dates::When;
use super::lexicon::{Class, Classes, Lexicon, WordId, normal};
use super::{dates, people};
use crate::domain::strategy::{Answers, Part};

/// So many words in a row that occurred before make an echo.
const ECHO_WORDS: usize = 5;

/// So many words in a row that stand in a prompt are copied from it.
pub const RUN_WORDS: usize = 3;

/// How far a rule looks around a word, within its sentence.
const NEARBY_WORDS: usize = 12;

/// What kind of characters a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Letters.
    Word,
    /// Holds a digit: 9%, 14.03., 2pm.
    Number,
    /// A question mark.
    Question,
    /// An arrow or an equals sign, which terse writers use for "therefore".
    Arrow,
}

/// One word, number or telling mark.
#[derive(Clone, Debug)]
pub struct Token {
    /// The part it stands in.
    pub part: Part,
    /// First byte in that part.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Its word in the lexicon, 0 for any other.
    pub word: WordId,
    /// Hash of the normal form, the same for the same word.
    pub hash: u64,
    /// What the word means to the rules.
    pub classes: Classes,
    /// Its kind of characters.
    pub shape: Shape,
    /// The number of its sentence.
    pub sentence: u32,
    /// Whether it says who: a role, a name, he or she.
    pub who: bool,
    /// Whether it repeats what stood before.
    pub echo: bool,
}

/// Words in a row that a rule quotes: first and last token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the first token.
    pub first: usize,
    /// Index of the last token.
    pub last: usize,
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
        let mut sentence = 0;
        for part in Part::ALL {
            sentence = tokenize(answers.part(part), part, sentence + 1, lexicon, &mut tokens);
        }
        let mut reading = Self {
            answers,
            tokens,
            marks: vec![Vec::new(); Class::ALL.len()],
            times: Vec::new(),
        };
        reading.mark_classes(lexicon);
        reading.mark_echoes();
        people::mark(&mut reading.tokens);
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

    /// A number that is the same for the same words.
    pub fn words(&self, span: Span) -> u64 {
        let tokens = self.tokens.get(span.first..=span.last).unwrap_or_default();
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

    fn mark_classes(&mut self, lexicon: &Lexicon) {
        for index in 0..self.tokens.len() {
            let Some(word) = self.tokens.get(index).map(|token| token.word) else {
                continue;
            };
            let single = lexicon.classes(word).iter().map(|class| (*class, index));
            let phrases = lexicon.phrases(word).iter().filter_map(|(rest, class)| {
                let sentence = self.tokens.get(index)?.sentence;
                let fits = rest.iter().enumerate().all(|(offset, id)| {
                    self.tokens
                        .get(index + 1 + offset)
                        .is_some_and(|token| token.word == *id && token.sentence == sentence)
                });
                fits.then_some((*class, index + rest.len()))
            });
            let found: Vec<(Class, usize)> = single.chain(phrases).collect();
            for (class, last) in found {
                if let Some(token) = self.tokens.get_mut(index) {
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

    fn mark_echoes(&mut self) {
        let hashes: Vec<u64> = self.tokens.iter().map(|token| token.hash).collect();
        let mut heard = HashSet::new();
        for (first, words) in hashes.windows(ECHO_WORDS).enumerate() {
            if !heard.insert(hash_of(&words)) {
                self.tokens
                    .iter_mut()
                    .skip(first)
                    .take(ECHO_WORDS)
                    .for_each(|token| token.echo = true);
            }
        }
    }
}

/// Every run of words, as numbers that are the same for the same words.
pub fn runs(tokens: &[Token]) -> Vec<u64> {
    let hashes: Vec<u64> = tokens.iter().map(|token| token.hash).collect();
    hashes.windows(RUN_WORDS).map(|run| hash_of(&run)).collect()
}

/// The tokens of a text that is no answer, such as a prompt.
pub fn tokens_of(text: &str, lexicon: &Lexicon) -> Vec<Token> {
    let mut tokens = Vec::new();
    tokenize(text, Part::CustomerOutcome, 0, lexicon, &mut tokens);
    tokens
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Cuts a text into tokens; returns the number of its last sentence.
fn tokenize(text: &str, part: Part, from: u32, lexicon: &Lexicon, tokens: &mut Vec<Token>) -> u32 {
    let mut sentence = from;
    let mut rest = text.char_indices().peekable();
    while let Some((start, letter)) = rest.next() {
        let shape = match letter {
            '?' => Shape::Question,
            '→' | '⇒' | '=' => Shape::Arrow,
            '-' if matches!(rest.peek(), Some((_, '>'))) => Shape::Arrow,
            _ if letter.is_alphanumeric() => Shape::Word,
            _ => {
                if ends_sentence(
                    letter,
                    rest.peek().map(|(_, next)| *next),
                    tokens.last(),
                    start,
                ) {
                    sentence += 1;
                }
                continue;
            }
        };
        let mut end = start + letter.len_utf8();
        if shape == Shape::Word {
            end = end_of_word(text, start);
            while rest.next_if(|(at, _)| *at < end).is_some() {}
        }
        let word = text.get(start..end).unwrap_or_default();
        let normal = normal(word);
        let is_number = shape == Shape::Word && word.contains(|letter: char| letter.is_numeric());
        tokens.push(Token {
            part,
            start,
            end,
            word: known_word(&normal, letter, lexicon),
            hash: hash_of(&normal),
            classes: Classes::default(),
            shape: if is_number { Shape::Number } else { shape },
            sentence,
            who: false,
            echo: false,
        });
        if shape == Shape::Question {
            sentence += 1;
        }
    }
    sentence
}

/// The word's number; one that no list knows may be misspelt, unless a capital makes it a name.
fn known_word(normal: &str, first: char, lexicon: &Lexicon) -> WordId {
    match lexicon.id(normal) {
        0 if first.is_lowercase() => lexicon.id_if_misspelt(normal),
        id => id,
    }
}

/// Where the word that begins here ends: letters and digits, and what stands between them in
/// words (') and numbers (. , : /).
fn end_of_word(text: &str, start: usize) -> usize {
    let mut letters = text
        .get(start..)
        .unwrap_or_default()
        .char_indices()
        .peekable();
    let mut end = start;
    let mut before = ' ';
    while let Some((at, letter)) = letters.next() {
        let joins = letters.peek().is_some_and(|(_, next)| match letter {
            '\'' | '’' | '‘' | 'ʼ' | '`' => before.is_alphabetic() && next.is_alphabetic(),
            '.' | ',' | ':' | '/' | '-' => before.is_numeric() && next.is_numeric(),
            '&' => before.is_uppercase() && next.is_uppercase(),
            _ => false,
        });
        if !(letter.is_alphanumeric()
            || is_mark(letter)
            || joins
            || (letter == '%' && before.is_numeric()))
        {
            break;
        }
        end = start + at + letter.len_utf8();
        before = letter;
    }
    end
}

/// Combining marks belong to the letter before them.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{93c}'..='\u{94d}')
}

fn ends_sentence(mark: char, next: Option<char>, last: Option<&Token>, at: usize) -> bool {
    match mark {
        '\n' | '!' | ';' | '…' | '•' | '。' => true,
        '.' => {
            let abbreviates =
                last.is_some_and(|token| token.end == at && token.end - token.start <= 1);
            !abbreviates && next.is_none_or(char::is_whitespace)
        }
        _ => false,
    }
}
