//! One word, many spellings: British and American, regular forms, a slip of the keyboard.

use std::collections::HashMap;

use super::lexicon::WordId;

/// Shorter words are too much alike to guess at.
const FEWEST_LETTERS: usize = 4;
/// Longer ones are no words of the lists.
const MOST_LETTERS: usize = 24;
/// The keys as they lie side by side.
const KEYS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Known words, and how they look with one letter left out, to know a misspelt one by.
///
/// Kept by [`mark`], so that nothing is written down for each way a word may have gone wrong.
#[derive(Clone, Debug, Default)]
pub struct Slips {
    known: HashMap<u64, WordId>,
    shorter: HashMap<u64, WordId>,
}

impl Slips {
    /// Of all known words.
    pub fn of(ids: &HashMap<String, WordId>) -> Self {
        let mut slips = Self::default();
        for (word, id) in ids {
            let letters: Vec<char> = word.chars().collect();
            slips.known.insert(mark(letters.iter().copied()), *id);
            for left_out in (1..letters.len()).filter(|_| letters.len() > FEWEST_LETTERS) {
                let form = slips.shorter.entry(without(&letters, left_out));
                let known = form.or_insert(*id);
                *known = (*known).min(*id);
            }
        }
        slips
    }

    /// The word that this one is when one slip is forgiven: a letter doubled, left out, swapped
    /// with the next, or taken for the key beside it. The first letter is always meant.
    pub fn mended(&self, word: &str) -> Option<WordId> {
        let letters: Vec<char> = word.chars().take(MOST_LETTERS + 1).collect();
        let is_word = |letter: &char| letter.is_alphabetic() || *letter == '\'';
        let guessable = (FEWEST_LETTERS..=MOST_LETTERS).contains(&letters.len());
        if !guessable || !letters.iter().all(is_word) {
            return None;
        }
        let known = |form: u64| self.known.get(&form).copied();
        let inner = || 1..letters.len();
        let longer = letters.len() > FEWEST_LETTERS;
        let mut undoubled = inner()
            .filter(|at| longer && letters.get(*at) == letters.get(at - 1))
            .map(|at| without(&letters, at));
        let mut unswapped = (1..letters.len() - 1).map(|at| {
            let swapped = |n: usize| match n {
                _ if n == at => at + 1,
                _ if n == at + 1 => at,
                _ => n,
            };
            mark((0..letters.len()).filter_map(|n| letters.get(swapped(n)).copied()))
        });
        let mut beside_meant = inner().filter(|_| longer).flat_map(|at| {
            let keys = letters.get(at).map_or([None; 2], |letter| beside(*letter));
            let letters = &letters;
            keys.into_iter().flatten().map(move |key| {
                let meant = |(n, letter): (usize, &char)| if n == at { key } else { *letter };
                mark(letters.iter().enumerate().map(meant))
            })
        });
        undoubled
            .find_map(known)
            .or_else(|| unswapped.find_map(known))
            .or_else(|| self.shorter.get(&mark(letters.iter().copied())).copied())
            .or_else(|| beside_meant.find_map(known))
    }
}

/// A number that is the same for the same letters (FNV-1a).
fn mark(letters: impl Iterator<Item = char>) -> u64 {
    letters.fold(0xcbf2_9ce4_8422_2325, |mark, letter| {
        (mark ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The mark of a word with one of its letters left out.
fn without(letters: &[char], left_out: usize) -> u64 {
    let rest = letters.iter().enumerate().filter(|(at, _)| *at != left_out);
    mark(rest.map(|(_, letter)| *letter))
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
pub fn forms(entry: &str) -> Vec<String> {
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
    let last = doubled(base);
    if let Some(last) = last {
        forms.push(format!("{base}{last}ed"));
        forms.push(format!("{base}{last}ing"));
    }
    if last.is_some() && is_one_syllable(base) {
        return forms;
    }
    let stem = base.strip_suffix('e').unwrap_or(base);
    forms.push(format!("{stem}ing"));
    match consonant_y(base) {
        Some(stem) => forms.push(format!("{stem}ied")),
        None => forms.push(format!("{stem}ed")),
    }
    forms
}

/// Swap, jam: words of one syllable always double their last letter, where others may.
fn is_one_syllable(base: &str) -> bool {
    base.matches(['a', 'e', 'i', 'o', 'u']).count() == 1
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
        assert_eq!(forms("swap~"), ["swap", "swaps", "swapped", "swapping"]);
        assert_eq!(forms("carry~"), ["carry", "carries", "carrying", "carried"]);
        assert_eq!(forms("cancel~").len(), 6);
        assert_eq!(forms("decide^"), ["decide", "decides"]);
    }

    #[test]
    fn one_slip_of_the_keyboard_is_forgiven() {
        let ids: HashMap<String, WordId> = ["friday", "because", "hurt", "agrees"]
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
            ("agres", 4),
        ] {
            assert_eq!(slips.mended(written), Some(meant), "{written}");
        }
        for other in ["driday", "frixay", "harm", "hut", "fry", "grieves"] {
            assert_eq!(slips.mended(other), None, "{other}");
        }
    }
}
