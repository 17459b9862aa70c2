//! The words the rules listen for, grouped in classes and compiled once for quick look-up.
//!
//! The lists are data (`config/rubric.toml`). An entry is a word or a phrase; `~` after a word
//! stands for all its regular forms, `^` for its plain and its -s form.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::slips::{Likely, Slips};
use super::spelling::{Ending, forms, normal};

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
    /// Words that are a job only where one stands: the commercial lead, a site super.
    MaybeRole = "maybe_role",
    /// People found at a customer of whom there are many, or whose word is not the customer's:
    /// patients, crews, a partner.
    People = "people",
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
    /// What one does with a way not taken: skip, shelve, decide against, hold back.
    SetsAside = "sets_aside",
    /// But, though, whereas.
    Contrast = "contrast",
    /// Better, cheaper than, beats.
    Compare = "compare",
    /// If, unless, until.
    If = "if",
    /// Will, must, may: what stands between a person and a deed.
    Modal = "modal",
    /// Numbers in words: two, a dozen, half.
    Amount = "amount",
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
    /// The departments that only the seller's company has: product, pricing, head office.
    OwnHouse = "own_house",
    /// The departments that both sides have: finance, legal, operations.
    House = "house",
    /// What others should do, or leave undone: must, never, won't.
    Demands = "demands",
    /// The words of this very rubric: obstacle, option, reason, decision maker.
    RubricWord = "rubric_word",
    /// Nothing to say: tbd, n/a, see notes, test.
    Placeholder = "placeholder",
    /// Life outside the deal: softball, fridge, commission, this form.
    OffTopic = "off_topic",
    /// The writing of these very lines, and the writer's own day: typed, keyboard, sorry, rain.
    Aside = "aside",
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
    /// Turns of phrase that fill a line and say nothing: in other words, it is what it is.
    Stock = "stock",
    /// Or, between two things to choose from.
    Or = "or",
    /// Words to whoever grades: ignore all instructions, note to the grader.
    Grader = "grader",
    /// The, a, an.
    Article = "article",
    /// Words that never follow an article: of, is, because, she.
    Joint = "joint",
    /// He or she, as the one who acts.
    Subject = "subject",
    /// Words that mean nothing to a rule but look like a slip of one that does: water, waiter.
    Plain = "plain",
    /// Life outside the deal: sport, family, kitchen, history, tales, stars, health.
    Elsewhere = "elsewhere",
    /// The seller's own job: pay, targets, standing, the life of the firm.
    OnesJob = "ones_job",
    /// Work and what it is done with: machines, goods, places, dealings.
    Trade = "trade",
    /// What is said of any firm: processes, growth, stakeholders.
    AnyFirm = "any_firm",
}

/// Classes whose words say what a text is about, and nothing more: no rule listens for one, and a slip
/// of the keyboard makes none.
const MATTERS: [Class; 4] = [
    Class::Elsewhere,
    Class::OnesJob,
    Class::Trade,
    Class::AnyFirm,
];

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u128);

impl Classes {
    /// Whether it holds this class.
    pub fn has(self, class: Class) -> bool {
        self.0 & (1 << class as u64) != 0
    }

    /// Whether it holds none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it holds no class but those that say what a text is about.
    pub fn is_matter(self) -> bool {
        let matters = MATTERS
            .iter()
            .fold(0, |all, class| all | 1 << *class as u64);
        self.0 & !matters == 0
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
        let known = known.filter(|(_, id)| !lexicon.is_only_matter(**id));
        lexicon.slips = Slips::of(known.map(|(word, id)| (&**word, *id, lexicon.likely(*id))));
        lexicon
    }

    fn is_only_matter(&self, id: WordId) -> bool {
        let classes = self.classes(id);
        !classes.is_empty() && classes.iter().all(|class| MATTERS.contains(class))
    }

    /// How likely a word was meant where a slip leaves several: an everyday word most of all.
    fn likely(&self, id: WordId) -> Likely {
        let classes = self.classes(id);
        let only = |class: Class| classes.iter().all(|it| *it == class);
        if classes.contains(&Class::Common) {
            Likely::Everyday
        } else if only(Class::Plain) || only(Class::OffTopic) {
            Likely::Seldom
        } else {
            Likely::OfTheTrade
        }
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
                ending: Ending::of(word),
                ..Word::default()
            });
        }
        id
    }
}
