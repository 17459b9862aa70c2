//! A slip of the keyboard: which word was meant.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::ops::Range;

use super::lexicon::WordId;
use super::mixed::{BASE, Mixed};

/// Shorter words are too much alike to guess at.
const FEWEST_LETTERS: usize = 4;
/// From so many letters on a word is known whichever letter of it is wrong or too many.
const UNMISTAKABLE: usize = 6;
/// Longer ones are no words of the lists.
const MOST_LETTERS: usize = 24;
/// The keys as they lie side by side.
const KEYS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// How likely a word was meant, where a slip leaves several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likely {
    /// One that everybody writes every day.
    #[default]
    Everyday,
    /// One that a rule listens for.
    OfTheTrade,
    /// One that is known only to tell it from another, or within a phrase: a short one may as well be
    /// a name.
    Seldom,
    /// One that only says what a text is about, and may as well be a name.
    Matter,
}

/// A word that may have been meant, the likelier first.
type Meant = (Likely, WordId);

/// Known words, and how they look with one letter left out, to know a misspelt one by.
///
/// Kept by [`Mark`], so that nothing is written down for each way a word may have gone wrong, and
/// each way costs one look-up, however long the word.
#[derive(Clone, Debug, Default)]
pub struct Slips {
    known: Marks,
    /// With a letter left out within the word …
    shorter: Marks,
    /// … or the last one.
    clipped: Marks,
    /// With the letter at this place left out.
    gapped: Marks,
}

/// Words by their mark.
type Marks = HashMap<u64, Meant, BuildHasherDefault<Mixed>>;

impl Slips {
    /// Of all known words, each with its number and how likely it is meant.
    pub fn of<'w>(words: impl Iterator<Item = (&'w str, WordId, Likely)>) -> Self {
        let mut slips = Self::default();
        let mut letters = Vec::new();
        for (word, id, likely) in words {
            letters.clear();
            letters.extend(word.chars());
            let mark = Mark::of(&letters);
            let meant = (likely, id);
            note(&mut slips.known, mark.whole(), meant);
            // A short word without its last letter may be many a name.
            let short = letters.len() <= FEWEST_LETTERS;
            let last = letters.len() - usize::from(short);
            for place in (1..last).filter(|_| letters.len() >= FEWEST_LETTERS) {
                let form = mark.without(place);
                let is_last = place + 1 == letters.len();
                let forms = if is_last {
                    &mut slips.clipped
                } else {
                    &mut slips.shorter
                };
                let known = forms.get(&form).copied();
                let is_one_of_two = short
                    && known.is_some_and(|(as_likely, other)| as_likely == likely && other != id);
                let meant = if is_one_of_two { (likely, 0) } else { meant };
                note(forms, form, meant);
                if letters.len() >= UNMISTAKABLE {
                    note(&mut slips.gapped, at(form, place), (likely, id));
                }
            }
        }
        slips
    }

    /// The word that this one is when one slip is forgiven: a letter doubled, left out, swapped
    /// with the next, or taken for the key beside it; in a long word, any letter wrong or too
    /// many. The first letter is always meant, and the last one as long as a word ends so. Of
    /// several the likeliest, in this order.
    pub fn mended(&self, word: &str) -> Option<WordId> {
        let mut letters = [' '; MOST_LETTERS];
        let mut count = 0;
        for letter in word.chars() {
            if !(letter.is_alphabetic() || letter == '\'') {
                return None;
            }
            *letters.get_mut(count)? = letter;
            count += 1;
        }
        let letters = letters
            .get(..count)
            .filter(|_| count + 1 >= FEWEST_LETTERS)?;
        let mark = &Mark::of(letters);
        let known = |form: u64| self.known.get(&form).copied();
        let longer = count > FEWEST_LETTERS;
        let guessable = count >= FEWEST_LETTERS;
        let last = count - 1;
        let is_doubled = |place: &usize| longer && letters.get(*place) == letters.get(place - 1);
        let doubled = |places: Range<usize>| {
            let places = places.filter(is_doubled);
            places.filter_map(|place| known(mark.without(place)))
        };
        let swapped = |places: Range<usize>| {
            let places = places.filter(|_| guessable);
            places.filter_map(|place| known(mark.swapped(place)))
        };
        let left_out = |forms: &Marks| forms.get(&mark.whole()).copied().into_iter();
        let mistaken = |places: Range<usize>| {
            let keys = places.filter(|_| guessable).flat_map(|place| {
                let keys = letters
                    .get(place)
                    .map_or([None; 2], |letter| beside(*letter));
                keys.into_iter().flatten().map(move |key| (place, key))
            });
            keys.filter_map(|(place, key)| known(mark.with(place, key)))
        };
        let too_many = (1..count)
            .filter(|_| count > UNMISTAKABLE)
            .filter_map(|place| known(mark.without(place)));
        let wrong = (1..count)
            .filter(|_| count >= UNMISTAKABLE)
            .filter_map(|place| self.gapped.get(&at(mark.without(place), place)).copied());
        let is_guess = |(likely, _): &Meant| *likely < Likely::Seldom || count > FEWEST_LETTERS;
        let within = doubled(1..last)
            .chain(swapped(1..last))
            .chain(left_out(&self.shorter))
            .chain(mistaken(1..last));
        let at_the_end = doubled(last..count)
            .chain(left_out(&self.clipped))
            .chain(mistaken(last..count));
        // A slip of the keyboard before any other letter: "managre" is no "manage". The end of a word
        // is mostly as it was meant: nor is "managr".
        likeliest(within.filter(is_guess))
            .or_else(|| likeliest(at_the_end.filter(is_guess)))
            .or_else(|| likeliest(too_many.chain(wrong).filter(is_guess)))
    }
}

/// The first of the likeliest.
fn likeliest(meant: impl Iterator<Item = Meant>) -> Option<WordId> {
    let mut best: Option<Meant> = None;
    for (likely, id) in meant.filter(|(_, id)| *id > 0) {
        if likely == Likely::Everyday {
            return Some(id);
        }
        if best.is_none_or(|(known, _)| likely < known) {
            best = Some((likely, id));
        }
    }
    best.map(|(_, id)| id)
}

/// The likeliest word of the lists that has a form, and of those the first, so that the same word is
/// always meant.
fn note(forms: &mut Marks, form: u64, meant: Meant) {
    let known = forms.entry(form).or_insert(meant);
    *known = (*known).min(meant);
}

/// The mark of a form in which a letter is missing at this place.
fn at(form: u64, place: usize) -> u64 {
    form ^ (place as u64 + 1).wrapping_mul(BASE)
}

/// A number that is the same for the same letters, and is told for a word with one letter changed
/// without reading the word again: the sum of the letters, each times a power of [`BASE`].
struct Mark {
    letters: [u64; MOST_LETTERS],
    /// The sums of the first letters: none, one, two …
    sums: [u64; MOST_LETTERS + 1],
    count: usize,
}

/// What undoes a multiplication by [`BASE`].
const UNDO: u64 = undo(BASE);

/// The powers of [`BASE`].
const POWERS: [u64; MOST_LETTERS] = {
    let mut powers = [1_u64; MOST_LETTERS];
    let mut at = 1;
    while at < MOST_LETTERS {
        powers[at] = powers[at - 1].wrapping_mul(BASE);
        at += 1;
    }
    powers
};

/// The inverse of an odd number, each round of Newton's doubling the right bits.
const fn undo(odd: u64) -> u64 {
    let mut inverse = odd;
    let mut round = 0;
    while round < 5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        round += 1;
    }
    inverse
}

impl Mark {
    /// Of the first letters of a word; what is longer is no word of the lists.
    fn of(letters: &[char]) -> Self {
        let mut mark = Self {
            letters: [0; MOST_LETTERS],
            sums: [0; MOST_LETTERS + 1],
            count: letters.len().min(MOST_LETTERS),
        };
        let mut sum = 0_u64;
        let places = mark.letters.iter_mut().zip(POWERS);
        for (((kept, power), next), letter) in places.zip(mark.sums.iter_mut().skip(1)).zip(letters)
        {
            *kept = u64::from(*letter);
            sum = sum.wrapping_add(kept.wrapping_mul(power));
            *next = sum;
        }
        mark
    }

    fn sum(&self, count: usize) -> u64 {
        self.sums.get(count).copied().unwrap_or_default()
    }

    fn letter(&self, place: usize) -> u64 {
        self.letters.get(place).copied().unwrap_or_default()
    }

    fn whole(&self) -> u64 {
        self.sum(self.count)
    }

    /// With the letter at this place left out.
    fn without(&self, place: usize) -> u64 {
        let after = self.whole().wrapping_sub(self.sum(place + 1));
        self.sum(place).wrapping_add(after.wrapping_mul(UNDO))
    }

    /// With another letter at this place.
    fn with(&self, place: usize, letter: char) -> u64 {
        let more = u64::from(letter).wrapping_sub(self.letter(place));
        self.whole().wrapping_add(more.wrapping_mul(power(place)))
    }

    /// With this letter and the next in each other's place.
    fn swapped(&self, place: usize) -> u64 {
        let more = self.letter(place + 1).wrapping_sub(self.letter(place));
        let moved = power(place).wrapping_sub(power(place + 1));
        self.whole().wrapping_add(more.wrapping_mul(moved))
    }
}

fn power(place: usize) -> u64 {
    POWERS.get(place).copied().unwrap_or_default()
}

/// The keys to the left and right of this one.
pub fn beside(letter: char) -> [Option<char>; 2] {
    let place = KEYS.iter().find_map(|row| Some((row, row.find(letter)?)));
    let Some((row, at)) = place else {
        return [None; 2];
    };
    let key = |at: usize| row.as_bytes().get(at).map(|key| char::from(*key));
    [at.checked_sub(1).and_then(key), key(at + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_of_the_keyboard_is_forgiven() {
        let words = ["friday", "because", "hurt", "agrees", "september"];
        let known = words.into_iter().zip(1..);
        let slips = Slips::of(known.map(|(word, id)| (word, id, Likely::OfTheTrade)));
        for (written, meant) in [
            ("firday", 1),
            ("frday", 1),
            ("frriday", 1),
            ("fruday", 1),
            ("becuase", 2),
            ("huurt", 3),
            ("hrut", 3),
            ("hrt", 3),
            ("agres", 4),
            ("septemner", 5),
            ("sepxtember", 5),
            ("septwmber", 5),
        ] {
            assert_eq!(slips.mended(written), Some(meant), "{written}");
        }
        for other in ["driday", "hwrt", "harm", "het", "fry", "grieves"] {
            assert_eq!(slips.mended(other), None, "{other}");
        }
    }
    #[test]
    fn of_several_words_the_likeliest_was_meant() {
        let slips = Slips::of(
            [
                ("manger", 1, Likely::Seldom),
                ("manager", 2, Likely::OfTheTrade),
                ("weak", 3, Likely::OfTheTrade),
                ("week", 4, Likely::Everyday),
            ]
            .into_iter(),
        );

        assert_eq!(slips.mended("maanger"), Some(2));
        assert_eq!(slips.mended("wek"), Some(4));
    }

    #[test]
    fn a_word_ends_as_it_was_meant_to() {
        let words = [
            ("manage", Likely::Everyday),
            ("manager", Likely::OfTheTrade),
        ];
        let known = words.into_iter().zip(1..);
        let slips = Slips::of(known.map(|((word, likely), id)| (word, id, likely)));

        assert_eq!(slips.mended("managr"), Some(2));
        assert_eq!(slips.mended("managge"), Some(1));
    }
}
