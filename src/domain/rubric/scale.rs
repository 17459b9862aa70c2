//! From findings to points: what each further hit is worth, and where one level ends.

use serde::{Deserialize, Serialize};

/// Highest level of a dimension and of the whole.
pub const TOP: u8 = 4;

/// How far around the step to level 3 points count towards the whole, in hundredths.
const AROUND_CLEAR: i32 = 60;

/// Where a scale begins, and the points at which levels 1 to 4 are reached, in hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Points before anything is found.
    pub base: i32,
    /// Points needed for levels 1, 2, 3 and 4.
    pub steps: [i32; 4],
}

impl Scale {
    /// The level that so many points reach.
    pub fn level(&self, points: i32) -> u8 {
        self.steps
            .iter()
            .map(|step| u8::from(points >= *step))
            .sum()
    }

    /// How many points there are beyond what their level takes.
    pub fn margin(&self, points: i32) -> i32 {
        let reached = self.steps.iter().filter(|step| points >= **step);
        points - reached.max().unwrap_or(&self.base)
    }

    /// What so many points count towards the whole: a dimension is clear or it is not, and one that
    /// is clearer still never makes good for another.
    pub fn bounded(&self, points: i32) -> i32 {
        let [_, _, clear, _] = self.steps;
        points.clamp(clear - AROUND_CLEAR, clear + AROUND_CLEAR)
    }

    /// The score from 1 to 100: each level has its band, and points within it count evenly.
    ///
    /// `nothing` is what a text earns in which nothing is heard.
    pub fn score(&self, points: i32, nothing: i32) -> u8 {
        let [one, two, three, four] = self.steps;
        let width = (four - one) / 3;
        let level = self.level(points).max(1);
        let (low, high) = match level {
            1 => (nothing.min(two - 1), two),
            2 => (two, three),
            3 => (three, four),
            _ => (four, four + width),
        };
        let (from, to) = band(level);
        let share = (points - low).clamp(0, high - low);
        let score = from + (to - from) * share / (high - low).max(1);
        u8::try_from(score).unwrap_or_default()
    }
}

/// A score that a cap draws down to the highest one of a level, by its strength in percent.
pub fn drawn(score: u8, strength: i32, level: u8) -> u8 {
    let (_, next) = band(level);
    let highest = if level >= TOP { next } else { next - 1 };
    let above = (i32::from(score) - highest).max(0);
    let drawn = i32::from(score) - above * strength / 100;
    u8::try_from(drawn).unwrap_or_default()
}

/// The level of a score from 1 to 100.
pub fn level_of(score: u8) -> u8 {
    let reached = |level: &u8| i32::from(score) >= band(*level).0;
    (1..=TOP).filter(reached).max().unwrap_or(1)
}

/// The highest score of level 1.
pub const MOST_THIN: u8 = 29;

/// A text that a cap leaves with so little is no strategy yet.
pub const NEXT_TO_NOTHING: u8 = 10;

fn band(level: u8) -> (i32, i32) {
    SCORE_BANDS
        .get(usize::from(level))
        .copied()
        .unwrap_or_default()
}

/// First and last score of levels 0 to 4.
const SCORE_BANDS: [(i32, i32); 5] = [(0, 1), (1, 30), (30, 55), (55, 80), (80, 100)];

/// What the hit number `n` (from 0) of a rule is worth, when each further hit counts `repeat`
/// percent of the one before and all together never exceed the weight.
pub fn worth(weight: i32, repeat: i32, n: usize) -> i32 {
    let mut left = weight * (100 - repeat);
    for _ in 0..n.min(16) {
        left = left * repeat / 100;
    }
    left / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale {
        base: 0,
        steps: [50, 150, 250, 350],
    };

    #[test]
    fn a_level_is_reached_at_its_step() {
        assert_eq!(
            [0, 49, 50, 149, 150, 350, 900].map(|points| SCALE.level(points)),
            [0, 0, 1, 1, 2, 4, 4]
        );
    }

    #[test]
    fn the_score_rises_with_the_points_and_never_jumps() {
        let scores: Vec<u8> = (100..500).map(|points| SCALE.score(points, 50)).collect();

        assert!(
            scores
                .windows(2)
                .all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 1)
        );
        assert_eq!((scores.first(), scores.last()), (Some(&15), Some(&100)));
    }

    #[test]
    fn more_of_one_dimension_adds_nothing_once_it_is_clear() {
        assert_eq!(
            [0, 250, 310, 900].map(|points| SCALE.bounded(points)),
            [190, 250, 310, 310]
        );
    }

    #[test]
    fn each_further_hit_earns_half_of_the_one_before() {
        assert_eq!([0, 1, 2, 40].map(|n| worth(80, 50, n)), [40, 20, 10, 0]);
    }
}
