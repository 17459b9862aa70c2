//! Bulk API 2.0 queries: a job, and its rows as CSV, a page at a time.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{Answer, Content, Outcome, Refusal};
use super::org::{Caller, Org};
use super::query;
use super::render;
use super::rest::{Call, not_allowed};
use super::soql::{self, Select};

/// A query job.
pub struct Job {
    id: String,
    operation: String,
    query: String,
    object: String,
    version: String,
    made: String,
    state: &'static str,
    /// The header row, then one line per record.
    lines: Vec<String>,
}

/// Jobs, oldest first.
pub type Jobs = VecDeque<Job>;

/// How many jobs are kept.
const KEPT: usize = 50;
/// How many records a page holds unless the caller says otherwise.
const PAGE: usize = 50_000;

/// Finds the resource below `/jobs/query`.
pub fn find(org: &Org, caller: &Caller, call: &Call, path: &[&str]) -> Outcome {
    match (call.method.as_str(), path) {
        ("POST", []) => create(org, caller, &call.json()?),
        ("GET", []) => {
            let jobs: Vec<Value> = org.book().jobs.iter().map(Job::told).collect();
            Ok(Answer::json(
                &json!({"done": true, "records": jobs, "nextRecordsUrl": null}),
            ))
        }
        ("GET", [id]) => with(org, id, |job| Ok(Answer::json(&job.told()))),
        ("GET", [id, "results"]) => with(org, id, |job| results(caller, call, job)),
        ("PATCH", [id]) => {
            if call.json()?["state"] != "Aborted" {
                return Err(Refusal::new(
                    400,
                    "INVALIDJOBSTATE",
                    "a job can only be aborted",
                ));
            }
            with(org, id, |job| {
                job.state = "Aborted";
                Ok(Answer::json(&job.told()))
            })
        }
        ("DELETE", [id]) => {
            with(org, id, |_| Ok(Answer::empty(204)))?;
            org.book().jobs.retain(|job| job.id != *id);
            Ok(Answer::empty(204))
        }
        (method, [] | [_]) => Err(not_allowed(method)),
        _ => Err(Refusal::not_found()),
    }
}

fn with(org: &Org, id: &str, act: impl FnOnce(&mut Job) -> Outcome) -> Outcome {
    let mut book = org.book();
    let job = book.jobs.iter_mut().find(|job| job.id == id);
    act(job.ok_or_else(Refusal::not_found)?)
}

fn create(org: &Org, caller: &Caller, body: &Value) -> Outcome {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (operation, soql) = (text("operation"), text("query"));
    if !matches!(operation.as_str(), "query" | "queryAll") {
        return Err(Refusal::new(
            400,
            "INVALIDENTITY",
            "operation must be query or queryAll",
        ));
    }
    let query = soql::parse(&soql)?;
    let Select::Fields(paths) = &query.select else {
        return Err(Refusal::new(
            400,
            "API_ERROR",
            "Aggregate queries are not supported",
        ));
    };
    if query.offset > 0 {
        return Err(Refusal::new(400, "API_ERROR", "OFFSET is not supported"));
    }
    let mut lines = vec![line(paths.iter().map(String::as_str))];
    for record in all(org, caller, &soql, operation == "queryAll")? {
        let cells: Vec<String> = paths.iter().map(|path| cell(&record, path)).collect();
        lines.push(line(cells.iter().map(String::as_str)));
    }
    let mut book = org.book();
    let job = Job {
        id: book.fresh_id("750"),
        operation,
        query: soql,
        object: query.object,
        version: caller.version.clone(),
        made: render::written(org.world.now().timestamp()),
        state: "JobComplete",
        lines,
    };
    // The job is done before anyone asks, but is told as just uploaded.
    let mut told = job.told();
    told["state"] = "UploadComplete".into();
    if book.jobs.len() == KEPT {
        book.jobs.pop_front();
    }
    book.jobs.push_back(job);
    Ok(Answer::json(&told))
}

/// All records of a query, page after page.
fn all(org: &Org, caller: &Caller, soql: &str, deleted_too: bool) -> Result<Vec<Value>, Refusal> {
    let mut page = query::begin(org, caller, soql, deleted_too)?.value();
    let mut records = Vec::new();
    loop {
        if let Value::Array(more) = page["records"].take() {
            records.extend(more);
        }
        let Some(next) = page["nextRecordsUrl"].as_str() else {
            return Ok(records);
        };
        let place = next.rsplit('/').next().unwrap_or_default().to_owned();
        page = query::go_on(org, caller, &place)?.value();
    }
}

fn cell(record: &Value, path: &str) -> String {
    let value = path.split('.').fold(record, |value, name| &value[name]);
    match value {
        Value::Null => String::new(),
        // Moments end in Z here.
        Value::String(text) if text.ends_with(".000+0000") => text.replace("+0000", "Z"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A line of a file, as the CRM writes them: every cell between quotes.
pub(super) fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = cells
        .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
        .collect();
    quoted.join(",") + "\n"
}

impl Job {
    fn told(&self) -> Value {
        let number = self
            .version
            .trim_start_matches('v')
            .parse::<f64>()
            .unwrap_or_default();
        json!({
            "id": self.id,
            "operation": self.operation,
            "query": self.query,
            "object": self.object,
            "createdDate": self.made,
            "systemModstamp": self.made,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": number,
            "jobType": "V2Query",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            "numberRecordsProcessed": self.lines.len() - 1,
            "retries": 0,
            "totalProcessingTime": 334,
            "isPkChunkingSupported": true,
        })
    }
}

fn results(caller: &Caller, call: &Call, job: &Job) -> Outcome {
    if job.version != caller.version {
        let message = "The API version of the job and of this call differ";
        return Err(Refusal::new(409, "VERSION_MISMATCH", message));
    }
    if job.state != "JobComplete" {
        return Err(Refusal::new(
            400,
            "INVALIDJOBSTATE",
            "The job has no results",
        ));
    }
    let from = match call.query.get("locator") {
        None | Some("") => 0,
        Some(locator) => STANDARD
            .decode(locator)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<usize>().ok())
            .ok_or_else(|| Refusal::new(400, "INVALIDLOCATOR", "invalid locator"))?,
    };
    let most = call
        .query
        .get("maxRecords")
        .and_then(|it| it.parse().ok())
        .unwrap_or(PAGE)
        .max(1);
    let (header, records) = (&job.lines[0], &job.lines[1..]);
    let from = from.min(records.len());
    let end = (from + most).min(records.len());
    let mut csv = header.clone();
    for line in &records[from..end] {
        csv.push_str(line);
    }
    let next = if end < records.len() {
        STANDARD.encode(end.to_string())
    } else {
        "null".to_owned()
    };
    Ok(Answer {
        status: 200,
        body: Content::Other("text/csv", csv.into_bytes()),
        headers: vec![
            ("sforce-numberofrecords", (end - from).to_string()),
            ("sforce-locator", next),
        ],
    })
}
