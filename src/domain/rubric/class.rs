//! What a word can mean to the rules: classes, and sets of them.

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
    /// What one has oneself, at home or as somebody's employee: a laptop, a travel claim, a wife.
    OnesOwn = "ones_own",
    /// Work and what it is done with: machines, goods, places, dealings.
    Trade = "trade",
    /// A meeting and its papers: agenda, attendees, recap, resends.
    Minutes = "minutes",
    /// What is said of any firm: processes, growth, stakeholders.
    AnyFirm = "any_firm",
}

/// Classes whose words say what a text is about, and nothing more: no rule listens for one.
pub const MATTERS: [Class; 6] = [
    Class::Elsewhere,
    Class::OnesJob,
    Class::OnesOwn,
    Class::Minutes,
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
