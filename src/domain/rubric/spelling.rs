//! One word, many spellings: British and American, regular forms, a slip of the keyboard.

use std::collections::HashMap;

use super::lexicon::WordId;

/// Shorter words are too much alike to guess at.
const FEWEST_LETTERS: usize = 4;
/// The keys as they lie side by side.
const KEYS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Known words as they look with one letter left out, to know a misspelt one by.
#[derive(Clone, Debug, Default)]
pub struct Slips {
    shorter: HashMap<String, WordId>,
}

impl Slips {
    /// Of all known words.
    pub fn of(ids: &HashMap<String, WordId>) -> Self {
        let mut shorter: HashMap<String, WordId> = HashMap::new();
        for (word, id) in ids {
            if word.chars().count() > FEWEST_LETTERS {
                for form in without_one_letter(word) {
                    let known = shorter.entry(form).or_insert(*id);
                    *known = (*known).min(*id);
                }
            }
        }
        Self { shorter }
    }

    /// The word that this one is when one slip is forgiven: a letter doubled, left out, swapped
    /// with the next, or taken for the key beside it. The first letter is always meant.
    pub fn mended(&self, word: &str, ids: &HashMap<String, WordId>) -> Option<WordId> {
        let letters: Vec<char> = word.chars().collect();
        let is_word = |letter: &char| letter.is_alphabetic() || *letter == '\'';
        if letters.len() < FEWEST_LETTERS || !letters.iter().all(is_word) {
            return None;
        }
        let known = |letters: Vec<char>| ids.get(&String::from_iter(letters)).copied();
        let inner = 1..letters.len();
        let undoubled = || {
            let twice = inner.clone().filter(|at| {
                letters.len() > FEWEST_LETTERS && letters.get(*at) == letters.get(at - 1)
            });
            twice.map(|at| {
                let mut fewer = letters.clone();
                fewer.remove(at);
                fewer
            })
        };
        let unswapped = || {
            (1..letters.len() - 1).map(|at| {
                let mut swapped = letters.clone();
                swapped.swap(at, at + 1);
                swapped
            })
        };
        undoubled()
            .find_map(known)
            .or_else(|| unswapped().find_map(known))
            .or_else(|| self.shorter.get(word).copied())
            .or_else(|| mistaken(&letters, ids))
    }
}

/// A key taken for the one beside it, in words that are not too short.
fn mistaken(letters: &[char], ids: &HashMap<String, WordId>) -> Option<WordId> {
    let inner = (1..letters.len()).filter(|_| letters.len() > FEWEST_LETTERS);
    inner
        .flat_map(|at| {
            let keys = letters.get(at).copied().map(beside).unwrap_or_default();
            keys.into_iter().map(move |key| (at, key))
        })
        .find_map(|(at, key)| {
            let other = letters
                .iter()
                .enumerate()
                .map(|(n, letter)| if n == at { key } else { *letter });
            ids.get(&String::from_iter(other)).copied()
        })
}

/// The keys to the left and right of this one.
fn beside(letter: char) -> Vec<char> {
    let pairs = KEYS
        .iter()
        .flat_map(|row| row.chars().zip(row.chars().skip(1)));
    pairs
        .filter_map(|(left, right)| match letter {
            _ if letter == left => Some(right),
            _ if letter == right => Some(left),
            _ => None,
        })
        .collect()
}

/// A word with each of its letters but the first left out in turn.
fn without_one_letter(word: &str) -> impl Iterator<Item = String> + '_ {
    word.char_indices().skip(1).map(|(at, letter)| {
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
            ("agress", 4),
        ] {
            assert_eq!(slips.mended(written, &ids), Some(meant), "{written}");
        }
        for other in ["driday", "frixay", "harm", "hut", "fry", "grieves"] {
            assert_eq!(slips.mended(other, &ids), None, "{other}");
        }
    }
}
