//! What each token of a strategy means: the classes of its word, and whether it says nothing new.

use super::idle::{Matter, is_aside, matter};
use super::lexicon::{Class, Lexicon};
use super::mixed::{Marked, hash_of};
use super::reading::{HOLLOW, Reading, Span};

/// A turn of phrase of no more words parts no sentence: "I could of course show".
const SHORT_STOCK: usize = 2;
/// So many words in a row that occurred before make an echo.
const ECHO_WORDS: usize = 5;

impl Reading<'_> {
    /// Turns of phrase that say nothing count for nothing, and part what stands around them.
    pub(super) fn set_stock_apart(&mut self, lexicon: &Lexicon) {
        let (mut parted, mut begun, mut until) = (0, 0, 0);
        for index in 0..self.tokens.len() {
            let stock = (index >= until)
                .then(|| self.phrases_at(index, lexicon))
                .and_then(|found| {
                    let stock = found
                        .into_iter()
                        .filter(|(class, _)| *class == Class::Stock);
                    stock.map(|(_, last)| last + 1).max()
                });
            let ends = index == until && until > begun + SHORT_STOCK;
            let begins = stock.is_some_and(|end| end > index + SHORT_STOCK);
            if stock.is_some() {
                begun = index;
            }
            parted += u32::from(ends || begins);
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

    pub(super) fn mark_classes(&mut self, lexicon: &Lexicon) {
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
                let is_whole = is_hollow || matches!(class, Class::OffTopic | Class::Aside);
                let until = if is_whole { last } else { index };
                if is_hollow {
                    hollow_until = hollow_until.max(last);
                }
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

    /// Sentences that do not speak of a deal count for nothing; a semicolon parts none.
    pub(super) fn set_idle_apart(&mut self) {
        let mut whole: Vec<Span> = Vec::new();
        for sentence in self.sentences() {
            let joined = self
                .tokens
                .get(sentence.first)
                .is_some_and(|token| token.joined);
            match whole.last_mut() {
                Some(before) if joined => before.last = sentence.last,
                _ => whole.push(sentence),
            }
        }
        let part_at = |index: usize| self.tokens.get(index).map(|token| token.part);
        let set_apart: Vec<(Span, bool, bool, Matter)> = whole
            .into_iter()
            .map(|sentence| {
                let tokens = self.tokens_of(sentence);
                let before = sentence.first.checked_sub(1).and_then(part_at);
                let opens = before != part_at(sentence.first);
                (
                    sentence,
                    opens,
                    is_aside(tokens, opens),
                    matter(tokens, opens),
                )
            })
            .filter(|(_, _, aside, matter)| *aside || *matter != Matter::Deal)
            .collect();
        for (sentence, opens, aside, matter) in set_apart {
            let tokens = self
                .tokens
                .get_mut(sentence.first..=sentence.last)
                .unwrap_or_default();
            for token in tokens.iter_mut().filter(|token| !token.echo) {
                token.general = !aside && matter == Matter::AnyDeal;
                token.idle = opens && !aside && matter == Matter::Nothing;
                token.echo = true;
            }
        }
    }

    pub(super) fn mark_echoes(&mut self) {
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
