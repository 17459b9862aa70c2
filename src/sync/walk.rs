//! Where a pull stands: at one place, or, where the CRM has split what is left, at several that are
//! read side by side. It is saved with the rows that lead there, so that a pull that was broken off
//! anywhere goes on from where each part stood.

use std::collections::BTreeMap;

use crate::crm::page::{Cursor, Next, Parts};

/// Where a pull stands.
pub(super) struct Walk {
    /// The places still to be read from, each under a number of its own.
    places: BTreeMap<usize, Cursor>,
    /// Where it goes on when all of them are done; none where there is one place only.
    then: Option<Cursor>,
    /// Nobody was asked yet whether the rest can be split.
    whole: bool,
    over: bool,
}

impl Walk {
    /// As it was saved.
    pub fn saved_as(text: &str) -> Self {
        let parts = serde_json::from_str::<Parts>(text).ok();
        match parts.filter(|parts| !parts.side_by_side.is_empty()) {
            Some(parts) => Self::of(parts),
            None => Self {
                places: BTreeMap::from([(0, Cursor(text.to_owned()))]),
                then: None,
                whole: text.is_empty(),
                over: false,
            },
        }
    }

    fn of(parts: Parts) -> Self {
        Self {
            places: parts.side_by_side.into_iter().enumerate().collect(),
            then: Some(parts.then),
            whole: false,
            over: false,
        }
    }

    /// As it is saved.
    pub fn saved(&self) -> String {
        match &self.then {
            Some(then) => {
                Cursor::at(&Parts {
                    side_by_side: self.places.values().cloned().collect(),
                    then: then.clone(),
                })
                .0
            }
            None => self
                .places
                .values()
                .next()
                .map(|it| it.0.clone())
                .unwrap_or_default(),
        }
    }

    /// The places to read from.
    pub fn places(&self) -> Vec<(usize, Cursor)> {
        let places = self.places.iter();
        places.map(|(n, place)| (*n, place.clone())).collect()
    }

    /// Whether the CRM should be asked to split what is left: once, after the first page of
    /// everything.
    pub fn may_be_split(&mut self, next: &Next) -> bool {
        std::mem::take(&mut self.whole) && matches!(next, Next::More(_))
    }

    /// Goes on in parts; returns where to read from.
    pub fn split(&mut self, parts: Parts) -> Vec<(usize, Cursor)> {
        *self = Self::of(parts);
        self.places()
    }

    /// Goes on after a page read from the place of that number; returns where to read from.
    pub fn step(&mut self, n: usize, next: Next) -> Option<(usize, Cursor)> {
        let onward = match next {
            Next::More(place) => place,
            Next::Done(place) if self.then.is_none() => {
                self.places.insert(n, place);
                self.over = true;
                return None;
            }
            Next::Done(_) => {
                self.places.remove(&n);
                let last = self.places.is_empty();
                self.then.take_if(|_| last)?
            }
        };
        self.places.insert(n, onward.clone());
        Some((n, onward))
    }

    /// Whether everything was read.
    pub fn is_over(&self) -> bool {
        self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Cursor {
        Cursor(text.to_owned())
    }

    fn parts() -> Parts {
        Parts {
            side_by_side: vec![place("a"), place("b")],
            then: place("z"),
        }
    }

    #[test]
    fn one_place_after_the_other_is_saved_as_the_connector_wrote_it() {
        let mut walk = Walk::saved_as("");
        assert!(walk.may_be_split(&Next::More(place("1"))));
        assert!(!walk.may_be_split(&Next::More(place("1"))), "asked once");

        assert_eq!(walk.step(0, Next::More(place("1"))), Some((0, place("1"))));
        assert_eq!(walk.saved(), "1");
        assert_eq!(walk.step(0, Next::Done(place("2"))), None);
        assert_eq!(walk.saved(), "2");
        assert!(walk.is_over());
    }

    #[test]
    fn a_split_pull_that_was_broken_off_goes_on_from_where_each_part_stood() {
        let mut walk = Walk::saved_as("");
        assert_eq!(walk.split(parts()).len(), 2);
        walk.step(1, Next::More(place("b2")));

        let mut again = Walk::saved_as(&walk.saved());

        assert_eq!(again.places(), [(0, place("a")), (1, place("b2"))]);
        assert_eq!(again.step(0, Next::Done(place("end of a"))), None);
        assert!(!again.is_over());
        assert_eq!(
            again.step(1, Next::Done(place("end of b"))),
            Some((1, place("z")))
        );
        assert_eq!(again.saved(), "z");
        assert_eq!(again.step(1, Next::Done(place("z2"))), None);
        assert!(again.is_over());
        assert_eq!(again.saved(), "z2");
    }
}
