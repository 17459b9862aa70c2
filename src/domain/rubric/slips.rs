//! A slip of the keyboard: which word was meant.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

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

/// Known words, and how they look with one letter left out, to know a misspelt one by.
///
/// Kept by [`Mark`], so that nothing is written down for each way a word may have gone wrong, and
/// each way costs one look-up, however long the word.
#[derive(Clone, Debug, Default)]
pub struct Slips {
    known: Marks,
    /// With a letter left out, wherever.
    shorter: Marks,
    /// With the letter at this place left out.
    gapped: Marks,
}

/// Words by their mark.
type Marks = HashMap<u64, WordId, BuildHasherDefault<Mixed>>;

impl Slips {
    /// Of all known words.
    pub fn of(ids: &HashMap<String, WordId>) -> Self {
        let mut slips = Self::default();
        let mut letters = Vec::new();
        for (word, id) in ids {
            letters.clear();
            letters.extend(word.chars());
            let mark = Mark::of(&letters);
            slips.known.insert(mark.whole(), *id);
            // A short word without its last letter may be many a name.
            let short = letters.len() <= FEWEST_LETTERS;
            let last = letters.len() - usize::from(short);
            for place in (1..last).filter(|_| letters.len() >= FEWEST_LETTERS) {
                let form = mark.without(place);
                let known = slips.shorter.get(&form).copied();
                let is_one_of_two = short && known.is_some_and(|known| known != *id);
                note(
                    &mut slips.shorter,
                    form,
                    if is_one_of_two { 0 } else { *id },
                );
                if letters.len() >= UNMISTAKABLE {
                    note(&mut slips.gapped, at(form, place), *id);
                }
            }
        }
        slips
    }

    /// The word that this one is when one slip is forgiven: a letter doubled, left out, swapped
    /// with the next, or taken for the key beside it; in a long word, any letter wrong or too
    /// many. The first letter is always meant.
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
        let mark = Mark::of(letters);
        let known = |form: u64| self.known.get(&form).copied();
        let longer = count > FEWEST_LETTERS;
        let guessable = count >= FEWEST_LETTERS;
        let places = || 1..count;
        let is_doubled = |place: &usize| longer && letters.get(*place) == letters.get(place - 1);
        places()
            .filter(is_doubled)
            .find_map(|place| known(mark.without(place)))
            .or_else(|| {
                let mut swapped = (1..count - 1).filter(|_| guessable);
                swapped.find_map(|place| known(mark.swapped(place)))
            })
            .or_else(|| {
                self.shorter
                    .get(&mark.whole())
                    .copied()
                    .filter(|id| *id > 0)
            })
            .or_else(|| {
                places().filter(|_| guessable).find_map(|place| {
                    let keys = letters
                        .get(place)
                        .map_or([None; 2], |letter| beside(*letter));
                    keys.into_iter()
                        .flatten()
                        .find_map(|key| known(mark.with(place, key)))
                })
            })
            .or_else(|| {
                let too_many = |place| known(mark.without(place));
                places().filter(|_| count > UNMISTAKABLE).find_map(too_many)
            })
            .or_else(|| {
                let wrong = |place| self.gapped.get(&at(mark.without(place), place)).copied();
                places().filter(|_| count >= UNMISTAKABLE).find_map(wrong)
            })
    }
}

/// The first word of the lists that has a form, so that the same word is always meant.
fn note(forms: &mut Marks, form: u64, id: WordId) {
    let known = forms.entry(form).or_insert(id);
    *known = (*known).min(id);
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
fn beside(letter: char) -> [Option<char>; 2] {
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
        let ids: HashMap<String, WordId> = ["friday", "because", "hurt", "agrees", "september"]
            .into_iter()
            .map(str::to_owned)
            .zip(1..)
            .collect();
        let slips = Slips::of(&ids);
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
}
