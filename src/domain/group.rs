//! When a figure stands for enough people, and how sure a share of few cases is.

/// Fewer people than this are not a group: a figure about them would be about persons.
pub const SMALLEST_GROUP: usize = 5;
/// Fewer closed deals than this say nothing yet.
pub const FEWEST_CLOSED: i64 = 20;

/// Whether so many people are a group.
pub fn is_group(people: i64) -> bool {
    usize::try_from(people).is_ok_and(|people| people >= SMALLEST_GROUP)
}

/// Between which shares the true one lies in 19 of 20 cases (Wilson's interval), in whole percent,
/// rounded outwards.
pub fn likely_share(hits: i64, of: i64) -> (u8, u8) {
    const Z: f64 = 1.959_964;
    if of <= 0 {
        return (0, 100);
    }
    let (n, p) = (of as f64, hits as f64 / of as f64);
    let middle = p + Z * Z / (2.0 * n);
    let reach = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 100.0 / (1.0 + Z * Z / n);
    // What rounding leaves beside nought and one hundred is no doubt.
    let percent = |share: f64| ((share * 1e6).round() / 1e6).clamp(0.0, 100.0);
    (
        percent((middle - reach) * scale).floor() as u8,
        percent((middle + reach) * scale).ceil() as u8,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_few_cases_is_said_with_its_doubt() {
        // The textbook values: 10 of 20 is 29.9 % to 70.1 %, 0 of 20 ends at 16.1 %.
        assert_eq!(likely_share(10, 20), (29, 71));
        assert_eq!(likely_share(0, 20), (0, 17));
        assert_eq!(likely_share(20, 20), (83, 100));
        assert_eq!(likely_share(500, 1000), (46, 54));
        assert_eq!(likely_share(0, 0), (0, 100));
    }

    #[test]
    fn four_people_are_not_a_group() {
        assert!(!is_group(4) && is_group(5) && !is_group(-1));
    }
}
