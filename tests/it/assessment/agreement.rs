//! The rubric agrees with people who rated by the guide.

use latitude::domain::coaching::applying;
use latitude::domain::grade::{Dimension, Grade};
use latitude::domain::rubric::{CHECK_DATE, Rubric, assess, says};
use latitude::ops::evaluate::{plain, weighted_kappa};

use super::set;

/// Kinds of text meant to fool the rubric.
const FOOLING: [&str; 18] = [
    "activity_counts",
    "blame",
    "copied_prompt",
    "fluent_generic",
    "generated_plan",
    "injection",
    "jargon_wall",
    "keyword_stuffing",
    "long_empty",
    "minutes",
    "names_without_thought",
    "nonsense",
    "numbers_without_thought",
    "offtopic",
    "own_career",
    "own_matter",
    "product_page",
    "story",
];

/// All rated strategies.
const EVERY_SET: [&str; 16] = [
    "fit.jsonl",
    "held_back.jsonl",
    "fresh_open.jsonl",
    "fresh_sealed.jsonl",
    "plain_sealed.jsonl",
    "third_open.jsonl",
    "third_sealed.jsonl",
    "last_tricks.jsonl",
    "adversarial.jsonl",
    "terse_open.jsonl",
    "terse_sealed.jsonl",
    "brief_sealed.jsonl",
    "voices_open.jsonl",
    "voices_sealed.jsonl",
    "newcomers_open.jsonl",
    "newcomers_sealed.jsonl",
];

/// Texts written to fool that still do: a list of features in a plan's words.
const STILL_FOOLING: [&str; 1] = ["x-044"];

/// Nearly always.
const MOST_FOOLED_PERCENT: usize = 1;

/// Of texts with tricks that the rubric had not seen when they were written.
const MOST_FOOLED_BY_NEW_TRICKS_PERCENT: usize = 3;

#[test]
fn overall_and_each_dimension_agree_with_people_on_sets_never_fitted_to() {
    for name in [
        "held_back.jsonl",
        "fresh_open.jsonl",
        "fresh_sealed.jsonl",
        "plain_sealed.jsonl",
    ] {
        agrees(name);
    }
}

fn agrees(name: &str) {
    let set = set(name);
    let assessed = plain(&set, &Rubric::default());

    let overall: Vec<(u8, u8)> = set
        .iter()
        .zip(&assessed)
        .map(|(rated, ours)| (rated.overall, ours.overall))
        .collect();
    assert!(
        weighted_kappa(&overall) >= 0.80,
        "{name}: overall {:.3}",
        weighted_kappa(&overall)
    );
    for dimension in Dimension::ALL {
        let pairs: Vec<(u8, u8)> = set
            .iter()
            .zip(&assessed)
            .map(|(rated, ours)| (rated.dims.of(dimension), ours.dims.of(dimension)))
            .collect();
        assert!(
            weighted_kappa(&pairs) >= 0.70,
            "{name}: {dimension:?} {:.3}",
            weighted_kappa(&pairs)
        );
    }
}

#[test]
fn what_is_meant_to_fool_is_hardly_ever_graded_solid_or_strong() {
    let sets = [
        "fit.jsonl",
        "held_back.jsonl",
        "fresh_open.jsonl",
        "fresh_sealed.jsonl",
        "plain_sealed.jsonl",
    ];
    hardly_fooled(&sets, MOST_FOOLED_PERCENT);
    let new_tricks = [
        "third_open.jsonl",
        "third_sealed.jsonl",
        "last_tricks.jsonl",
        "terse_open.jsonl",
        "newcomers_open.jsonl",
        "newcomers_sealed.jsonl",
    ];
    hardly_fooled(&new_tricks, MOST_FOOLED_BY_NEW_TRICKS_PERCENT);
}

fn hardly_fooled(sets: &[&str], percent: usize) {
    let rubric = Rubric::default();
    let (mut all, mut fooled) = (0, Vec::new());
    for rated in sets.iter().flat_map(|name| set(name)) {
        if FOOLING.contains(&&*rated.kind) && rated.overall <= 2 {
            all += 1;
            if assess(&rated.answers, &rubric).overall >= 3 {
                fooled.push(rated.id);
            }
        }
    }

    assert!(
        fooled.len() * 100 <= all * percent,
        "{} of {all}: {fooled:?}",
        fooled.len()
    );
}

#[test]
fn what_was_written_against_the_rubric_does_not_get_past_it() {
    let rubric = Rubric::default();
    let fooled: Vec<String> = set("adversarial.jsonl")
        .into_iter()
        .filter(|rated| assess(&rated.answers, &rubric).overall >= 3)
        .map(|rated| rated.id)
        .filter(|id| !STILL_FOOLING.contains(&id.as_str()))
        .collect();

    assert!(fooled.is_empty(), "{fooled:?}");
}

#[test]
fn every_point_traces_to_a_rule_and_to_words_that_are_there() {
    let rubric = Rubric::default();
    for rated in EVERY_SET.into_iter().flat_map(set) {
        let assessment = assess(&rated.answers, &rubric);

        for finding in &assessment.findings {
            let words = rated
                .answers
                .part(finding.part)
                .get(finding.start..finding.end);
            assert!(
                words.is_some_and(|words| !words.is_empty() || finding.rule == CHECK_DATE),
                "{}: {finding:?}",
                rated.id
            );
            assert_ne!(says(&finding.rule), "was found", "{finding:?}");
            assert_eq!(
                finding.dimension.is_none(),
                finding.points == 0,
                "{finding:?}"
            );
        }
        let dims = assessment.dims;
        if dims.goal == 0 && dims.approach == 0 {
            let most = [dims.ownership, dims.next_step, assessment.overall];
            assert!(most.into_iter().all(|it| it <= 1), "{}: {dims:?}", rated.id);
        }
        for dimension in Dimension::ALL {
            let scale = &rubric.file().levels[&dimension];
            let earned: i32 = assessment
                .findings
                .iter()
                .filter(|finding| finding.dimension == Some(dimension))
                .map(|finding| finding.points)
                .sum();
            let level = scale.level(scale.base + earned);
            let given = assessment.dims.of(dimension);
            // The bars say what the grade says: all of a Strong plan are good.
            let raised = given == 3 && assessment.overall == 4;
            assert!(
                given == level || given < level && assessment.overall < 4 || level < 3 && raised,
                "{}: {dimension:?}",
                rated.id
            );
        }
    }
}

#[test]
fn the_crm_gets_at_most_two_questions_and_they_stay_away_when_dismissed() {
    let rubric = Rubric::default();
    for rated in set("fit.jsonl") {
        let assessment = assess(&rated.answers, &rubric);

        let asked = applying(None, &assessment.notes, &[]);
        assert!(asked.len() <= 2, "{}", rated.id);
        let open = [Grade::Thin, Grade::Developing, Grade::Solid];
        let is_open = open.contains(&assessment.grade);
        let is_asked = !asked.is_empty() || !assessment.private_notes.is_empty();
        assert!(!is_open || is_asked, "{}: none", rated.id);
        assert!(
            assessment.notes.iter().all(|note| note.text.ends_with('?')),
            "{}",
            rated.id
        );
        let not_enough = assessment.grade == Grade::NotEnoughYet;
        assert!(!not_enough || assessment.notes.iter().all(|note| note.name == "activity"));
        let dismissed: Vec<String> = asked.into_iter().map(|note| note.name).collect();
        let again = applying(None, &assessment.notes, &dismissed);
        assert_eq!(
            again.len(),
            usize::min(2, assessment.notes.len() - dismissed.len()),
            "the next ones apply: {}",
            rated.id
        );
        assert!(
            again.iter().all(|note| !dismissed.contains(&note.name)),
            "{}",
            rated.id
        );
    }
}
