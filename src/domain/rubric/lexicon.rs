//! The words the rules listen for, grouped in classes and compiled once for quick look-up.
//!
//! The lists are data (`config/rubric.toml`). An entry is a word or a phrase; `~` after a word
//! stands for all its regular forms, `^` for its plain and its -s form.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A group of words that mean the same to a rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Class {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Class {
            /// Every class.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its key in the framework file.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

classes! {
    /// Jobs and standings of people: buyer, plant manager, owner, nurse.
    Role = "role",
    /// Words before a name: Mr, Dr, Frau, Eng.
    Title = "title",
    /// One person spoken of: he, she, her.
    Person = "person",
    /// Several, or the customer as a whole: they, their, both.
    They = "they",
    /// The seller: I, we, my.
    Own = "own",
    /// Everyday words that are never a name.
    Common = "common",
    /// Monday to Sunday.
    Weekday = "weekday",
    /// January to December.
    Month = "month",
    /// Words that are months or weekdays only beside a number or a preposition: may, sat, mar.
    MaybeDay = "maybe_day",
    /// Tomorrow, tonight, next week.
    Soon = "soon",
    /// Seasons, quarters, feasts: a time, but no day.
    Season = "season",
    /// By, before, until, on: what stands before a date.
    Before = "before",
    /// Last, ago, since: what makes a date a past one.
    Past = "past",
    /// What hurts a business: lost, fined, broken, late.
    Trouble = "trouble",
    /// What a person strives for or must do: wants, needs, promised.
    Wants = "wants",
    /// Feelings and beliefs of a person: fears, trusts, hates.
    Feels = "feels",
    /// Reported speech: told, said, admitted.
    Said = "said",
    /// Stakes: at risk, or else, loses, penalty.
    Stake = "stake",
    /// What a customer can do that changes the deal: decides, picks, names, signs.
    Acts = "acts",
    /// How a seller brings it about: get, have, let, want.
    Brings = "brings",
    /// To, before what someone should do.
    To = "to",
    /// Openers of a question that has an answer: which, whether, who.
    Asks = "asks",
    /// What a seller does at the customer: present, demo, send.
    Pitch = "pitch",
    /// Aims of the seller alone: close, get the order, renew.
    Close = "close",
    /// Because, since, so that, which means.
    Reason = "reason",
    /// Rather than, instead of, won't: an alternative put aside.
    Reject = "reject",
    /// But, though, whereas.
    Contrast = "contrast",
    /// Better, cheaper than, beats.
    Compare = "compare",
    /// If, unless, until.
    If = "if",
    /// Would, could, might.
    Would = "would",
    /// Only, first, one: a scope that is chosen small.
    Narrow = "narrow",
    /// Or, plan B, worst case, otherwise.
    Option = "option",
    /// Concrete deeds within a seller's reach: offer, swap, borrow, draft.
    Deed = "deed",
    /// Deeds that are none: try, keep, follow up, stay close.
    Vague = "vague",
    /// Already arranged: agreed, booked, signed off.
    Arranged = "arranged",
    /// What stands in the way: refuses, union, blocks, no access.
    Obstacle = "obstacle",
    /// A meeting in sight: visit, seeing, meet, call, at the gate.
    Meet = "meet",
    /// Not, no, never, nobody.
    Not = "not",
    /// Maybe, perhaps, not sure.
    Hedge = "hedge",
    /// Corporate phrases that fit any deal.
    Generic = "generic",
    /// The vocabulary of sales methods.
    Jargon = "jargon",
    /// Countable sales activity: dials, touches, meetings booked.
    Activity = "activity",
    /// Fault put on one's own company.
    Blame = "blame",
    /// The departments of one's own company: product, legal, head office.
    OwnHouse = "own_house",
    /// What others should do, or leave undone: must, never, won't.
    Demands = "demands",
    /// The words of this very rubric: obstacle, option, reason, decision maker.
    RubricWord = "rubric_word",
    /// Nothing to say: tbd, n/a, see notes, test.
    Placeholder = "placeholder",
    /// Life outside the deal: softball, fridge, commission, this form.
    OffTopic = "off_topic",
    /// The customer and the dealings with them: customer, order, supplier, contract.
    Deal = "deal",
    /// Price given away: discount, lower price.
    Price = "price",
    /// Waiting for the customer: wait for, until they get back.
    Waits = "waits",
    /// Openings of blame: why do they, why can't product.
    WhyThey = "why_they",
    /// Pleasant emptiness: momentum, good feeling, going well.
    Empty = "empty",
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u64);

impl Classes {
    /// Whether it holds this class.
    pub fn has(self, class: Class) -> bool {
        self.0 & (1 << class as u64) != 0
    }

    /// Whether it holds none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds a class.
    pub fn add(&mut self, class: Class) {
        self.0 |= 1 << class as u64;
    }
}

/// The number of a word that occurs in some entry; 0 is any other word.
pub type WordId = u32;

#[derive(Clone, Debug, Default)]
struct Word {
    classes: Vec<Class>,
    phrases: Vec<(Box<[WordId]>, Class)>,
}

/// Every word and phrase, ready for look-up.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    ids: HashMap<String, WordId>,
    /// Longer words with one letter left out, to know a misspelt one by.
    misspelt: HashMap<String, WordId>,
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
        for (word, id) in &lexicon.ids {
            for shorter in without_one_letter(word) {
                lexicon
                    .misspelt
                    .entry(shorter)
                    .and_modify(|known| *known = (*known).min(*id))
                    .or_insert(*id);
            }
        }
        lexicon
    }

    /// The number of the word that this one is when one slip of the keyboard is forgiven.
    ///
    /// Forgives a letter too many, too few, another one, or two swapped, in longer words.
    pub fn id_if_misspelt(&self, word: &str) -> WordId {
        if word.len() < MISSPELT_LETTERS {
            return 0;
        }
        let missing = self.misspelt.get(word).copied();
        missing
            .or_else(|| {
                without_one_letter(word)
                    .find_map(|it| self.ids.get(&it).or(self.misspelt.get(&it)).copied())
            })
            .unwrap_or_default()
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

    /// Phrases that begin with this word: the words after it, and the class of the whole.
    pub fn phrases(&self, id: WordId) -> &[(Box<[WordId]>, Class)] {
        self.words
            .get(id as usize)
            .map_or(&[], |word| &word.phrases)
    }

    fn learn(&mut self, entry: &str, class: Class) {
        let ids: Vec<WordId> = entry
            .split([' ', '-'])
            .filter(|word| !word.is_empty())
            .map(|word| self.intern(&normal(word)))
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
            self.words.push(Word::default());
        }
        id
    }
}

/// Shorter words are too much alike to guess at.
const MISSPELT_LETTERS: usize = 6;

/// A longer word with each of its letters left out in turn.
fn without_one_letter(word: &str) -> impl Iterator<Item = String> + '_ {
    let long = word.len() >= MISSPELT_LETTERS;
    word.char_indices()
        .filter(move |_| long)
        .map(|(at, letter)| {
            let (before, rest) = word.split_at(at);
            let after = rest.strip_prefix(letter).unwrap_or_default();
            format!("{before}{after}")
        })
}

/// A word as it is compared: lower case, without possessive ending, British and American alike.
pub fn normal(word: &str) -> String {
    let mut plain: String = word
        .chars()
        .map(|letter| {
            if matches!(letter, '’' | '‘' | 'ʼ' | '`') {
                '\''
            } else {
                letter
            }
        })
        .flat_map(char::to_lowercase)
        .collect();
    for ending in ["'s", "'"] {
        if plain.len() > ending.len()
            && plain.ends_with(ending)
            && !IS_CONTRACTED.contains(&plain.as_str())
        {
            plain.truncate(plain.len() - ending.len());
        }
    }
    for (british, american) in SPELLINGS {
        if plain.len() >= 6 && plain.contains(british) {
            plain = plain.replace(british, american);
        }
    }
    plain
}

/// Words whose ending `'s` is a verb.
const IS_CONTRACTED: [&str; 8] = [
    "it's", "he's", "she's", "that's", "what's", "who's", "there's", "let's",
];

/// Applied to entries and texts alike, so that only the sameness of both sides matters.
const SPELLINGS: [(&str, &str); 10] = [
    ("isation", "ization"),
    ("ising", "izing"),
    ("ised", "ized"),
    ("ises", "izes"),
    ("ise", "ize"),
    ("our", "or"),
    ("tre", "ter"),
    ("ll", "l"),
    ("ence", "ense"),
    ("mme", "m"),
];

/// The forms an entry stands for.
fn forms(entry: &str) -> Vec<String> {
    if let Some((base, rest)) = entry.split_once('~') {
        return inflected(base)
            .into_iter()
            .map(|form| form + rest)
            .collect();
    }
    if let Some((base, rest)) = entry.split_once('^') {
        return vec![format!("{base}{rest}"), with_s(base) + rest];
    }
    vec![entry.to_owned()]
}

fn inflected(base: &str) -> Vec<String> {
    let mut forms = vec![base.to_owned(), with_s(base)];
    let stem = base.strip_suffix('e').unwrap_or(base);
    forms.push(format!("{stem}ing"));
    match consonant_y(base) {
        Some(stem) => forms.push(format!("{stem}ied")),
        None => forms.push(format!("{stem}ed")),
    }
    if let Some(last) = doubled(base) {
        forms.push(format!("{base}{last}ed"));
        forms.push(format!("{base}{last}ing"));
    }
    forms
}

fn with_s(base: &str) -> String {
    if let Some(stem) = consonant_y(base) {
        return format!("{stem}ies");
    }
    let hisses = ["s", "x", "z", "ch", "sh"]
        .iter()
        .any(|ending| base.ends_with(ending));
    if hisses {
        format!("{base}es")
    } else {
        format!("{base}s")
    }
}

fn consonant_y(base: &str) -> Option<&str> {
    base.strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']))
}

/// The last letter where it doubles before -ed and -ing: one vowel between two consonants.
fn doubled(base: &str) -> Option<char> {
    let mut back = base.chars().rev();
    let (last, vowel, before) = (back.next()?, back.next()?, back.next()?);
    let is_vowel = |letter: char| "aeiou".contains(letter);
    (!is_vowel(last) && !"wxy".contains(last) && is_vowel(vowel) && !is_vowel(before))
        .then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn british_and_american_spelling_are_one_word() {
        for (british, american) in [
            ("organise", "organize"),
            ("favour", "favor"),
            ("cancelled", "canceled"),
            ("licence", "license"),
        ] {
            assert_eq!(normal(british), normal(american));
        }
    }

    #[test]
    fn a_verb_stands_for_its_forms() {
        assert_eq!(
            forms("swap~"),
            ["swap", "swaps", "swaping", "swaped", "swapped", "swapping"]
        );
        assert_eq!(forms("carry~"), ["carry", "carries", "carrying", "carried"]);
        assert_eq!(forms("decide^"), ["decide", "decides"]);
    }
}
