//! Any bytes, cut into five parts: no panic, and every quote is there.

#![no_main]

use latitude::domain::rubric::{Rubric, assess};
use latitude::domain::strategy::{Answers, Part};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut answers = Answers::default();
    for (part, words) in Part::ALL.into_iter().zip(text.split('\0')) {
        words.clone_into(answers.part_mut(part));
    }

    let assessment = assess(&answers, &Rubric::default());

    for finding in &assessment.findings {
        assert!(answers.part(finding.part).get(finding.start..finding.end).is_some());
    }
});
