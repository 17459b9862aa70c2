//! Marks in a seller's words, by hand and over any text.

use proptest::prelude::*;

use super::*;

fn finding(start: usize, end: usize, points: i32) -> Finding {
    Finding {
        rule: "why_way".to_owned(),
        dimension: None,
        part: Part::Approach,
        start,
        end,
        points,
    }
}

fn shown(pieces: &[Piece]) -> Vec<(&str, How)> {
    pieces.iter().map(|it| (it.text.as_str(), it.how)).collect()
}

#[test]
fn findings_mark_the_clause_they_stand_in() {
    let text = "Grün, because Anna says so. Or 1.5 days: no";
    let found = [
        finding(7, 14, 30),
        // Splits a character: left out rather than shown wrong.
        finding(1, 3, 90),
        finding(3, 4, 90),
        finding(32, 35, 25),
    ];

    let pieces = pieces(text, Part::Approach, &found);

    let whole: String = pieces.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(whole, text);
    assert_eq!(
        shown(&pieces),
        vec![
            ("Grün, ", How::Plain),
            ("because Anna says so", How::Earned),
            (". ", How::Plain),
            ("Or 1.5 days", How::Earned),
            (": no", How::Plain)
        ]
    );
}

#[test]
fn what_is_worth_little_is_not_marked_and_what_stands_close_reads_as_one() {
    let text = "Anna picks, Ben signs. Or not";
    let found = [
        finding(0, 4, 40),
        finding(12, 15, 20),
        finding(16, 21, 20),
        finding(23, 25, 24),
    ];

    let pieces = pieces(text, Part::Approach, &found);

    let expected = vec![
        ("Anna picks, Ben signs", How::Earned),
        (". Or not", How::Plain),
    ];
    assert_eq!(shown(&pieces), expected);
}

#[test]
fn a_stretch_has_lost_only_what_its_words_did_not_earn_back() {
    let text = "They want our platform, because Anna says so";
    let lost = finding(0, 44, -60);

    let earned_back = pieces(text, Part::Approach, &[lost.clone(), finding(24, 44, 70)]);
    let alone = pieces(text, Part::Approach, &[lost]);

    assert_eq!(
        shown(&earned_back),
        vec![
            ("They want our platform, ", How::Plain),
            ("because Anna says so", How::Earned)
        ]
    );
    assert_eq!(shown(&alone), vec![(text, How::Lost)]);
}

#[test]
fn a_version_shows_what_changed_in_words() {
    let pieces = changes("Ask Ana for the plan today", "Ask Ben for the plan today");

    assert_eq!(
        shown(&pieces),
        vec![
            ("Ask ", How::Plain),
            ("Ana", How::Removed),
            ("Ben", How::Added),
            (" for the plan today", How::Plain)
        ]
    );
}

#[test]
fn words_that_changed_one_after_the_other_are_told_as_one_stretch() {
    let pieces = changes(
        "By Friday Anna does not know it, and then we meet the plant lead again",
        "By Friday Anna wants fewer returns, and then we meet the plant lead again",
    );

    assert_eq!(
        shown(&pieces),
        vec![
            ("By Friday Anna ", How::Plain),
            ("does not know it,", How::Removed),
            ("wants fewer returns,", How::Added),
            (" and then we meet the plant lead again", How::Plain)
        ]
    );
    let now: String = pieces
        .iter()
        .filter(|it| it.how != How::Removed)
        .map(|it| it.text.as_str())
        .collect();
    assert!(now.ends_with("wants fewer returns, and then we meet the plant lead again"));
}

#[test]
fn another_text_altogether_is_shown_as_one_in_place_of_the_other() {
    let (before, after) = (
        "Start with one line, it is small",
        "They need to save costs soon",
    );

    let pieces = changes(before, after);

    assert_eq!(
        shown(&pieces),
        vec![(before, How::Removed), (after, How::Added)]
    );
}

#[test]
fn a_mark_begins_and_ends_with_a_word_wherever_the_range_was_cut() {
    let text = "Anna picks, so: she signs first on Friday";
    // From the blank after the colon; and a stretch cut out of the middle of another.
    let found = [
        finding(15, 41, 60),
        finding(16, 25, -120),
        finding(25, 25, 0),
    ];

    let pieces = pieces(text, Part::Approach, &found);

    let expected = vec![
        ("Anna picks, so: ", How::Plain),
        ("she signs first on Friday", How::Lost),
    ];
    assert_eq!(shown(&pieces), expected);
}

fn ranges() -> impl Strategy<Value = Vec<Finding>> {
    let one = (0_usize..60, 0_usize..60, -90_i32..90)
        .prop_map(|(from, long, points)| finding(from, from + long, points));
    proptest::collection::vec(one, 0..8)
}

proptest! {
    #[test]
    fn no_word_is_lost_and_no_mark_begins_or_ends_with_a_blank(
        text in "[a-c é.,;:()?\n]{0,60}",
        found in ranges(),
    ) {
        let pieces = pieces(&text, Part::Approach, &found);

        let whole: String = pieces.iter().map(|it| it.text.as_str()).collect();
        prop_assert_eq!(&whole, &text);
        for piece in pieces.iter().filter(|it| it.how != How::Plain) {
            prop_assert_eq!(piece.text.trim(), piece.text.as_str());
            prop_assert!(!piece.text.is_empty());
        }
    }
}
