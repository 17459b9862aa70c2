//! A set of record ids that stays small as text: what neighbours begin with in common is left out.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Record ids, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdSet(pub BTreeSet<String>);

/// As text: for each id one letter, the number of leading characters it shares with the one before
/// (`a` is none), then the rest of it.
impl Serialize for IdSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut text, mut before) = (String::new(), "");
        for id in &self.0 {
            let same = id
                .bytes()
                .zip(before.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            let same = (0..=same.min(25))
                .rev()
                .find(|n| id.is_char_boundary(*n))
                .unwrap_or(0);
            if !text.is_empty() {
                text.push(' ');
            }
            text.push(char::from(b'a' + u8::try_from(same).unwrap_or(0)));
            text.push_str(id.get(same..).unwrap_or_default());
            before = id;
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for IdSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut ids = BTreeSet::new();
        let mut before = String::new();
        for part in text.split(' ').filter(|part| !part.is_empty()) {
            let mut rest = part.chars();
            let same = rest
                .next()
                .and_then(|letter| u32::from(letter).checked_sub(u32::from('a')));
            let same = same.and_then(|same| before.get(..same as usize));
            let same = same.ok_or_else(|| serde::de::Error::custom("not a set of ids"))?;
            before = format!("{same}{}", rest.as_str());
            ids.insert(before.clone());
        }
        Ok(Self(ids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_survives_being_written() {
        for ids in [
            vec![],
            vec!["6b0214193ee008af3"],
            vec![
                "6b0214193ee008af3",
                "6b0214197f51e7546",
                "6b02141a120768ff6",
                "x",
            ],
            vec![
                "0b3f1c1e-8a55-4d5e-9d0f-5f0f4d9b1a11",
                "0b3f1c1e-8a55-4d5e-9d0f-5f0f4d9b1a12",
            ],
        ] {
            let set = IdSet(ids.into_iter().map(str::to_owned).collect());
            let text = serde_json::to_string(&set).expect("text");
            assert_eq!(
                serde_json::from_str::<IdSet>(&text).expect("a set"),
                set,
                "{text}"
            );
        }
        let two = IdSet(
            ["6b0214193ee008af3", "6b0214197f51e7546"]
                .map(str::to_owned)
                .into(),
        );
        assert_eq!(
            serde_json::to_string(&two).expect("text"),
            "\"a6b0214193ee008af3 i7f51e7546\""
        );
    }
}
