//! A set of record ids that stays small as text: runs of neighbouring numbers.

use std::fmt::Write;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Record ids, kept as sorted runs that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdSet(Vec<(i64, i64)>);

impl IdSet {
    /// How many ids it holds.
    pub fn len(&self) -> u64 {
        self.0
            .iter()
            .map(|(first, last)| u64::try_from(last - first + 1).unwrap_or(0))
            .sum()
    }

    /// Whether it holds that id.
    pub fn contains(&self, id: i64) -> bool {
        self.0
            .get(self.run_from(id))
            .is_some_and(|(first, _)| *first <= id)
    }

    /// Adds an id.
    pub fn insert(&mut self, id: i64) {
        if self.contains(id) {
            return;
        }
        let at = self.run_from(id);
        let follows = at > 0 && self.0[at - 1].1 + 1 == id;
        let precedes = self.0.get(at).is_some_and(|(first, _)| *first == id + 1);
        match (follows, precedes) {
            (true, true) => {
                self.0[at - 1].1 = self.0[at].1;
                self.0.remove(at);
            }
            (true, false) => self.0[at - 1].1 = id,
            (false, true) => self.0[at].0 = id,
            (false, false) => self.0.insert(at, (id, id)),
        }
    }

    /// Takes an id out.
    pub fn remove(&mut self, id: i64) {
        if !self.contains(id) {
            return;
        }
        let at = self.run_from(id);
        let (first, last) = self.0[at];
        let rests = [(first, id - 1), (id + 1, last)];
        let rests = rests.into_iter().filter(|(first, last)| first <= last);
        self.0.splice(at..=at, rests);
    }

    /// Every id, smallest first.
    pub fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// The first run that ends at `id` or later.
    fn run_from(&self, id: i64) -> usize {
        self.0.partition_point(|(_, last)| *last < id)
    }
}

impl FromIterator<i64> for IdSet {
    fn from_iter<T: IntoIterator<Item = i64>>(ids: T) -> Self {
        let mut ids: Vec<i64> = ids.into_iter().collect();
        ids.sort_unstable();
        let mut runs: Vec<(i64, i64)> = Vec::new();
        for id in ids {
            match runs.last_mut() {
                Some((_, last)) if id <= *last + 1 => *last = id,
                _ => runs.push((id, id)),
            }
        }
        Self(runs)
    }
}

/// As text: for each run the gap since the last, and where it is longer than one, `-` and how many
/// more follow. `{3, 4, 5, 9}` is `3-2,4`.
impl Serialize for IdSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (mut text, mut before) = (String::new(), 0);
        for (first, last) in &self.0 {
            let comma = if text.is_empty() { "" } else { "," };
            let written = match last - first {
                0 => write!(text, "{comma}{}", first - before),
                more => write!(text, "{comma}{}-{more}", first - before),
            };
            written.map_err(serde::ser::Error::custom)?;
            before = *last;
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for IdSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (mut runs, mut before) = (Vec::new(), 0i64);
        for run in text.split(',').filter(|run| !run.is_empty()) {
            let (gap, more) = run.split_once('-').unwrap_or((run, "0"));
            let number = |text: &str| text.parse::<i64>().map_err(serde::de::Error::custom);
            let first = before.saturating_add(number(gap)?);
            before = first.saturating_add(number(more)?.max(0));
            runs.push((first, before));
        }
        Ok(Self(runs))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn runs_of_neighbours_are_short_text() {
        let set: IdSet = [4, 9, 3, 5, 3].into_iter().collect();

        assert_eq!(serde_json::to_string(&set).expect("text"), "\"3-2,4\"");
    }

    proptest! {
        #[test]
        fn it_is_a_set_and_survives_being_written(
            moves in prop::collection::vec((any::<bool>(), 1i64..60), 0..80),
        ) {
            let (mut set, mut plain) = (IdSet::default(), BTreeSet::new());
            for (add, id) in moves {
                if add {
                    set.insert(id);
                    plain.insert(id);
                } else {
                    set.remove(id);
                    plain.remove(&id);
                }
            }

            prop_assert_eq!(set.iter().collect::<Vec<_>>(), plain.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(set.len(), plain.len() as u64);
            prop_assert_eq!(&set, &plain.iter().copied().collect::<IdSet>());
            let text = serde_json::to_string(&set).expect("text");
            prop_assert_eq!(serde_json::from_str::<IdSet>(&text).expect("a set"), set);
        }
    }
}
