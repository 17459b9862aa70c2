//! What one round of the demo did, as a table or as one JSON object.

use serde_json::{Map, Value, json};

use crate::ops::say::say;
use crate::ops::sync::{self, Count};
use crate::sync::report::Report;

/// As one JSON object.
pub fn summary(reports: &[Report]) -> Value {
    let sum = |count: fn(&Report) -> u64| reports.iter().map(count).sum::<u64>();
    let crms: Map<String, Value> = reports
        .iter()
        .map(|it| (it.connection.clone(), json!(it)))
        .collect();
    json!({
        "state": sync::state(reports),
        "deals_pulled": sum(|it| it.tally.pulled),
        "asked": sum(|it| it.tally.asked),
        "strategies_read": sum(|it| it.tally.read),
        "grades_given": sum(|it| it.tally.assessed),
        "deals_written": sum(|it| it.tally.written),
        "fields_written": sum(|it| it.tally.fields),
        "calls": sum(|it| it.calls),
        "rejected": sum(|it| it.rejected_in_all),
        "crms": crms,
    })
}

/// Prints it as a table, with the grades of each CRM.
pub fn print_table(reports: &[Report]) {
    const COUNTS: [Count; 6] = [
        ("deals pulled", |it| it.tally.pulled),
        ("asked", |it| it.tally.asked),
        ("strategies read", |it| it.tally.read),
        ("grades given", |it| it.tally.assessed),
        ("fields written", |it| it.tally.fields),
        ("CRM calls", |it| it.calls),
    ];
    sync::print_counts("crm", &COUNTS, reports);
    for report in reports {
        let grades: Vec<String> = report
            .tally
            .grades
            .iter()
            .map(|(grade, count)| format!("{count} {grade}"))
            .collect();
        say!("{}: {}", report.connection, grades.join(", "));
        if let Some(cause) = &report.cause {
            say!("{}: {cause}", report.connection);
        }
    }
}
