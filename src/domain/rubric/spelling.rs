//! One word, many spellings: British and American, regular forms.

/// How a word ends, which tells "signs" and "signed" of one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// On -s.
    S,
    /// On -ed.
    Ed,
    /// On -ing.
    Ing,
    /// In any other way.
    #[default]
    Other,
}

impl Ending {
    /// The ending of a written word.
    pub fn of(word: &str) -> Self {
        let ends = |ending: &str| {
            let from = word.len().checked_sub(ending.len());
            let last = from.and_then(|from| word.get(from..));
            last.is_some_and(|last| last.eq_ignore_ascii_case(ending))
        };
        match () {
            () if ends("s") => Self::S,
            () if ends("ed") => Self::Ed,
            () if ends("ing") => Self::Ing,
            () => Self::Other,
        }
    }
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
}
