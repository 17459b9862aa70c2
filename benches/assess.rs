//! How long assessing takes, beside a bare scan of the same text in the same run: the ratio tells
//! more than the time, since it holds on any machine.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use latitude::domain::rubric::{Rubric, assess};
use latitude::domain::strategy::{Answers, Part};
use latitude::ops::evaluate::rated;

/// The longest text a CRM field holds, and some.
const LONG_CHARS: usize = 100_000;

/// The least that reading a text can cost: looking at each letter once.
fn bare_scan(answers: &Answers) -> usize {
    Part::ALL
        .iter()
        .map(|part| {
            answers
                .part(*part)
                .chars()
                .filter(|letter| letter.is_alphabetic())
                .count()
        })
        .sum()
}

fn samples() -> Vec<(&'static str, Answers)> {
    let set = rated(&include_bytes!("../rated/fit.jsonl")[..]).unwrap_or_default();
    let typical = set
        .first()
        .map(|rated| rated.answers.clone())
        .unwrap_or_default();
    let every = set
        .iter()
        .map(|rated| rated.answers.approach.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    let long = every.chars().cycle().take(LONG_CHARS).collect();
    vec![
        ("typical", typical),
        (
            "100,000 characters",
            Answers {
                approach: long,
                ..Answers::default()
            },
        ),
    ]
}

fn benches(bench: &mut Criterion) {
    let rubric = Rubric::default();
    let mut group = bench.benchmark_group("assess");
    for (name, answers) in samples() {
        let bytes: usize = Part::ALL.iter().map(|part| answers.part(*part).len()).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_with_input(
            BenchmarkId::new("assess", name),
            &answers,
            |bench, answers| {
                bench.iter(|| assess(black_box(answers), &rubric));
            },
        );
        group.bench_with_input(
            BenchmarkId::new("bare scan", name),
            &answers,
            |bench, answers| {
                bench.iter(|| bare_scan(black_box(answers)));
            },
        );
    }
    group.finish();
}

criterion_group!(assessing, benches);
criterion_main!(assessing);
