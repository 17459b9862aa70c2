//! Any text at all: no panic, the same answer twice, time in step with length.

use std::time::Duration;

use latitude::domain::rubric::{Rubric, assess};
use latitude::domain::strategy::{Answers, Part};
use proptest::prelude::*;

fn answers(texts: &[String]) -> Answers {
    let mut answers = Answers::default();
    for (part, text) in Part::ALL.into_iter().zip(texts) {
        text.clone_into(answers.part_mut(part));
    }
    answers
}

fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,200}",
        "[a-zA-Z0-9 .,:/'?%\\-\n→=9]{0,200}",
        "(on |by |Fri |14\\.|3/|[0-9]{1,20}h|[0-9]+:[0-9]+|she |agrees |\u{301}|👩‍👩‍👧){0,30}",
    ]
}

proptest! {
    #[test]
    fn any_text_is_assessed_alike_twice_and_quotes_what_is_there(
        texts in proptest::collection::vec(anything(), 5)
    ) {
        let (answers, rubric) = (answers(&texts), Rubric::default());

        let assessment = assess(&answers, &rubric);

        prop_assert_eq!(&assessment, &assess(&answers, &rubric));
        prop_assert!(assessment.score.is_none_or(|score| score <= 100));
        for finding in &assessment.findings {
            prop_assert!(answers.part(finding.part).get(finding.start..finding.end).is_some());
        }
    }
}

#[test]
fn ten_times_the_text_takes_about_ten_times_as_long() {
    let sentence = "On Friday the 9th Dr. Jo Ana agrees which 3 of 14 lines stop, because if not \
        she would lose the audit; I'll ask Bo by 9am rather than wait. ";
    let rubric = Rubric::default();
    let took = |times: usize| {
        let text: String = (0..times).map(|n| format!("{n} x{n} {sentence}")).collect();
        let answers = Answers {
            approach: text,
            ..Answers::default()
        };
        (0..3)
            .map(|_| {
                let start = tokio::time::Instant::now();
                std::hint::black_box(assess(&answers, &rubric));
                start.elapsed()
            })
            .min()
            .unwrap_or(Duration::MAX)
    };
    took(1);

    let (short, long) = (took(100), took(1_000));

    assert!(
        long < short * 30 + Duration::from_millis(20),
        "{short:?}, then {long:?}"
    );
}
