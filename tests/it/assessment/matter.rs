//! What a text speaks of: this deal, any deal, or somebody else's story; and whether the questions
//! were answered at all.

use latitude::domain::grade::Grade;
use latitude::domain::rubric::{Rubric, assess};

use super::answers;

/// A good answer, in three questions left without one.
const PLAN: &str = "Ines Duarte, who runs the mill, lost two buyers over late deliveries. On Friday \
    she says which of her three looms stops first, because she trusts her own figures. A visit to \
    our other customer would not help her. If the foreman refuses, I ask Ines for the night shift.";

#[test]
fn a_story_well_told_is_no_plan() {
    let story = answers([
        "The cellist feared the jury, and her father had sold the garden to pay for her bow.",
        "She promised him to decide by Sunday whether she would play the shorter sonata.",
        "He chose silence rather than advice, because she never listened before a recital.",
        "If the string broke she would borrow the viola of the girl from Prague.",
    ]);

    assert!(assess(&story, &Rubric::default()).overall <= 2);
}

#[test]
fn a_price_is_no_day() {
    let priced = answers([PLAN, "", "Ines pays for $14.25 an hour.", ""]);

    let findings = assess(&priced, &Rubric::default()).findings;
    let days = findings.iter().filter(|it| it.rule == "day");
    let quoted: Vec<&str> = days
        .filter_map(|it| priced.part(it.part).get(it.start..it.end))
        .collect();
    assert!(quoted.iter().all(|it| !it.contains("14.25")), "{quoted:?}");
}

#[test]
fn a_dot_behind_a_title_ends_no_sentence() {
    let with = |title: &str| {
        let text = format!("The mill lost two buyers, director {title} Duarte is blamed for it.");
        assess(&answers([&text, "", "", ""]), &Rubric::default()).score
    };

    assert_eq!(with("Mrs."), with("Mrs"));
    assert_eq!(with("Dr."), with("Dr"));
}

#[test]
fn a_name_misspelt_in_one_place_is_no_second_person() {
    let score = |name: &str| {
        let text = format!("{PLAN} {name} knows the foreman.");
        assess(&answers([&text, "", "", ""]), &Rubric::default()).score
    };

    assert_eq!(score("Duarte"), score("Duatre"));
}

#[test]
fn one_good_answer_among_questions_hardly_answered_is_not_solid() {
    let rubric = Rubric::default();
    let bare = assess(&answers([PLAN, "order", "offer", "price"]), &rubric);
    let alone = assess(&answers([PLAN, "see above", "", ""]), &rubric);

    assert!(alone.overall >= 3, "{:?}", alone.score);
    assert!(bare.overall <= 2, "{:?}", bare.score);
    let shown = bare.findings.iter().filter(|it| it.rule == "half_answered");
    assert_eq!(shown.count(), 3);
}

#[test]
fn what_would_be_true_of_any_deal_is_thin() {
    let any = answers([
        "They want to grow without losing what makes them special, and their leader is under \
         pressure to deliver with the same people.",
        "She says which of her worries is the greatest and who else must believe in it.",
        "Listening before proposing, because people support what they have found themselves.",
        "She could lose interest. Then I would speak with somebody else or come back later.",
    ]);

    assert_eq!(assess(&any, &Rubric::default()).grade, Grade::Thin);
}
