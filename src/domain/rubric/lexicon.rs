//! The words the rules listen for, grouped in classes and compiled once for quick look-up.
//!
//! The lists are data (`config/rubric.toml`). An entry is a word or a phrase; `~` after a word
//! stands for all its regular forms, `^` for its plain and its -s form.

use std::collections::{BTreeMap, HashMap};

use super::class::MATTERS;
pub use super::class::{Class, Classes};
use super::slips::{Likely, Slips};
use super::spelling::{Ending, forms, normal};

/// The number of a word that occurs in some entry; 0 is any other word.
pub type WordId = u32;

#[derive(Clone, Debug, Default)]
struct Word {
    spelling: Box<str>,
    ending: Ending,
    classes: Vec<Class>,
    phrases: Vec<(Box<[WordId]>, Class)>,
}

/// Every word and phrase, ready for look-up.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    ids: HashMap<String, WordId>,
    /// Words as the lists spell them, where that is not their normal form; only while compiling.
    spelt: HashMap<String, WordId>,
    slips: Slips,
    words: Vec<Word>,
}

impl Lexicon {
    /// Compiles the lists of the framework file: class name to entries set apart by commas.
    pub fn compile(lists: &BTreeMap<Class, String>) -> Self {
        let mut lexicon = Self {
            words: vec![Word::default()],
            ..Self::default()
        };
        for (class, list) in lists {
            for entry in list
                .split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
            {
                for form in forms(entry) {
                    lexicon.learn(&form, *class);
                }
            }
        }
        for word in &mut lexicon.words {
            word.phrases.sort_by_key(|(rest, _)| rest.first().copied());
        }
        let spelt = std::mem::take(&mut lexicon.spelt);
        let known = lexicon.ids.iter().chain(&spelt);
        lexicon.slips = Slips::of(known.map(|(word, id)| (&**word, *id, lexicon.likely(*id))));
        lexicon
    }

    /// How likely a word was meant where a slip leaves several: an everyday word most of all.
    fn likely(&self, id: WordId) -> Likely {
        let classes = self.classes(id);
        let only = |class: Class| {
            let mut others = classes.iter().filter(|it| !MATTERS.contains(it));
            others.all(|it| *it == class)
        };
        let is_only_matter =
            || !classes.is_empty() && classes.iter().all(|it| MATTERS.contains(it));
        if classes.contains(&Class::Common) {
            Likely::Everyday
        } else if is_only_matter() {
            Likely::Matter
        } else if only(Class::Plain) || only(Class::OffTopic) {
            Likely::Seldom
        } else {
            Likely::OfTheTrade
        }
    }

    /// A listed word in its normal form, see [`normal`].
    pub fn spelling(&self, id: WordId) -> &str {
        self.words
            .get(id as usize)
            .map_or("", |word| &word.spelling)
    }

    /// How a listed word ends.
    pub fn ending(&self, id: WordId) -> Ending {
        self.words
            .get(id as usize)
            .map(|word| word.ending)
            .unwrap_or_default()
    }

    /// The number of the word that this one is when one slip of the keyboard is forgiven.
    pub fn id_if_misspelt(&self, word: &str) -> WordId {
        self.slips.mended(word).unwrap_or_default()
    }

    /// The number of a normal word, see [`normal`].
    pub fn id(&self, word: &str) -> WordId {
        self.ids.get(word).copied().unwrap_or_default()
    }

    /// The classes of a single word.
    pub fn classes(&self, id: WordId) -> &[Class] {
        self.words
            .get(id as usize)
            .map_or(&[], |word| &word.classes)
    }

    /// Phrases that begin with these two words: the words after the first, and the class of the
    /// whole.
    pub fn phrases(&self, first: WordId, second: WordId) -> &[(Box<[WordId]>, Class)] {
        let all = self
            .words
            .get(first as usize)
            .map_or(&[][..], |word| &word.phrases);
        let starts_below =
            |(rest, _): &(Box<[WordId]>, Class)| rest.first().is_some_and(|word| *word < second);
        let starts_so =
            |(rest, _): &(Box<[WordId]>, Class)| rest.first().is_some_and(|word| *word <= second);
        let (from, to) = (
            all.partition_point(starts_below),
            all.partition_point(starts_so),
        );
        all.get(from..to).unwrap_or_default()
    }

    fn learn(&mut self, entry: &str, class: Class) {
        let ids: Vec<WordId> = entry
            .split([' ', '-'])
            .filter(|word| !word.is_empty())
            .map(|word| {
                let normal = normal(word);
                let id = self.intern(&normal);
                if normal != word {
                    self.spelt.insert(word.to_owned(), id);
                }
                id
            })
            .collect();
        let Some((first, rest)) = ids.split_first() else {
            return;
        };
        let Some(word) = self.words.get_mut(*first as usize) else {
            return;
        };
        if rest.is_empty() {
            if !word.classes.contains(&class) {
                word.classes.push(class);
            }
        } else {
            word.phrases.push((rest.into(), class));
        }
    }

    fn intern(&mut self, word: &str) -> WordId {
        let next = WordId::try_from(self.words.len()).unwrap_or_default();
        let id = *self.ids.entry(word.to_owned()).or_insert(next);
        if id == next {
            self.words.push(Word {
                spelling: word.into(),
                ending: Ending::of(word),
                ..Word::default()
            });
        }
        id
    }
}
