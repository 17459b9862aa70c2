//! Which language a text is written in: told by its everyday little words.
//!
//! A text in a language the rubric does not know is not assessed, which is no bad grade. In
//! doubt (few words, names, numbers) a text counts as one the rubric knows.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

/// Fewer words than this of another language prove nothing beside words of our own …
const FEWEST_WORDS: usize = 3;
/// … and fewer than this prove nothing even where there are none of our own …
const FEWEST_ALONE: usize = 2;
/// … unless a long one of them stands in a text of so few words.
const FEW_WORDS: usize = 4;
/// From so many letters on a word is hardly an abbreviation, a name or a word of ours by chance.
const LONG_WORD: usize = 4;

/// The languages that are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Languages {
    /// Those the word lists are written in.
    pub supported: Vec<String>,
    /// The little words of each, by its code, set apart by commas.
    pub little_words: BTreeMap<String, String>,
}

/// Little words, ready for look-up.
#[derive(Clone, Debug, Default)]
pub struct Ear {
    supported: Vec<bool>,
    words: HashMap<String, Vec<usize>>,
}

impl Ear {
    /// Compiles the lists.
    pub fn compile(languages: &Languages) -> Self {
        let mut words: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, list) in languages.little_words.values().enumerate() {
            for word in list
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
            {
                words.entry(word.to_lowercase()).or_default().push(at);
            }
        }
        let supported = languages
            .little_words
            .keys()
            .map(|code| languages.supported.contains(code))
            .collect();
        Self { supported, words }
    }

    /// Whether a text is written in a language the rubric knows, or too short to tell.
    pub fn knows<'t>(&self, texts: impl Iterator<Item = &'t str>) -> bool {
        let mut heard = vec![0; self.supported.len()];
        let mut long = vec![false; self.supported.len()];
        let mut lower = String::new();
        let (mut latin, mut other, mut words) = (0_usize, 0_usize, 0_usize);
        for text in texts {
            let parted = |letter: char| !is_letter(letter) && letter != '\'';
            for word in text.split(parted).filter(|word| !word.is_empty()) {
                words += 1;
                for letter in word.chars().filter(|letter| *letter != '\'') {
                    if is_latin(letter) {
                        latin += 1;
                    } else {
                        other += 1;
                    }
                }
                lower.clear();
                lower.extend(word.chars().flat_map(char::to_lowercase));
                for language in self.words.get(&lower).into_iter().flatten() {
                    if let Some(count) = heard.get_mut(*language) {
                        *count += 1;
                    }
                    if let Some(long) = long.get_mut(*language) {
                        *long |= word.chars().count() >= LONG_WORD;
                    }
                }
            }
        }
        let most = |known: bool| {
            heard
                .iter()
                .zip(&self.supported)
                .filter(|(_, is)| **is == known)
                .map(|(count, _)| *count)
                .max()
        };
        let (ours, theirs) = (
            most(true).unwrap_or_default(),
            most(false).unwrap_or_default(),
        );
        let long = long.iter().zip(&self.supported);
        let long = long.filter(|(_, is)| !**is).any(|(long, _)| *long);
        let is_theirs = theirs > ours
            && (theirs >= FEWEST_WORDS
                || (ours == 0 && long && (theirs >= FEWEST_ALONE || words <= FEW_WORDS)));
        other <= latin && !is_theirs
    }
}

/// Whether it is a letter; blanks without width are told without a search of the tables.
pub fn is_letter(letter: char) -> bool {
    !matches!(letter, '\u{2000}'..='\u{206f}') && letter.is_alphabetic()
}

/// Letters of the Latin script, with all their accents.
fn is_latin(letter: char) -> bool {
    matches!(letter, 'A'..='Z' | 'a'..='z' | '\u{aa}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

#[cfg(test)]
mod tests {
    use crate::domain::rubric::Rubric;

    #[test]
    fn english_is_known_also_when_it_is_short_or_full_of_foreign_names() {
        let rubric = Rubric::default();
        for text in [
            "Registers die in storms, Dale handwrites tickets",
            "corrugated boxes, lots of volume",
            "forklift batteries",
            "Senthilkumar confirms de-icing",
            "Jo signs",
            "Doña Cuca, 40 boxes",
            "Klaas rechecks no. 7 in Den Haag",
            "renewal, Sept",
            "Deepa ji to confirm, Ranjit bhai se pehle",
            "Frau Mirela Petcu signs each 8D herself and is fed up, Herr Eberle says no",
            "ask Ing. Zúñiga de la Torre y don Chucho about the gate",
            "",
        ] {
            assert!(rubric.knows_language_of(&[text]), "{text}");
        }
    }

    #[test]
    fn other_languages_are_not_assessed() {
        let rubric = Rubric::default();
        for text in [
            "Der Werksleiter will die Ausschussquote senken, weil der Kunde mit Strafe droht.",
            "Le directeur veut réduire les pertes parce que le client menace de partir.",
            "El jefe de planta quiere reducir los rechazos porque el cliente se queja.",
            "O gerente quer reduzir as perdas porque o cliente não aceita mais atrasos.",
            "De directeur wil dat het magazijn sneller werkt, maar hij heeft geen budget.",
            "Hallo, der Kunde will sparen. Termin machen",
            "Angebot nächste Woche",
            "Preis senken",
            "Rendez-vous lundi",
            "réduire les coûts",
            "bajar costos",
            "El cliente quiere bajar el precio",
            "Reunião na próxima semana",
            "Klant wil besparen",
            "Afspraak maken",
            "Customer ko price kam chahiye, agle hafte unse baat karna hai",
            "Unka plant mein bahut rejection hai aur woh jaldi solution chahte hain",
            "Fabriksjefen vil ha ned svinn fordi kunden ikke godtar flere feil, og det haster.",
            "工場長は不良率を下げたいと考えています。来週の会議で決めてもらいます。",
            "Директор завода хочет снизить брак, потому что клиент жалуется.",
        ] {
            assert!(!rubric.knows_language_of(&[text]), "{text}");
        }
    }
}
