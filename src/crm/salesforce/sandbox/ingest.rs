//! Bulk API 2.0 loads: a job, its records as CSV, and what became of each.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Content, Outcome, Refusal};
use super::bulk::line;
use super::org::{Caller, Org};
use super::plan::Source;
use super::records;
use super::render;
use super::rest::{Call, not_allowed};

/// A load.
pub struct Load {
    id: String,
    operation: String,
    object: String,
    version: String,
    made: String,
    state: &'static str,
    csv: Vec<u8>,
    good: Vec<String>,
    bad: Vec<String>,
}

/// Loads, oldest first.
pub type Loads = VecDeque<Load>;

/// How many loads are kept.
const KEPT: usize = 50;

/// Finds the resource below `/jobs/ingest`.
pub fn find(org: &Org, caller: &Caller, call: &Call, path: &[&str]) -> Outcome {
    match (call.method.as_str(), path) {
        ("POST", []) => create(org, caller, &call.json()?),
        ("GET", []) => {
            let loads: Vec<Value> = org.book().loads.iter().map(Load::told).collect();
            let body = json!({"done": true, "records": loads, "nextRecordsUrl": null});
            Ok(Answer::json(&body))
        }
        ("PUT", [id, "batches"]) => with(org, id, |load| {
            if load.state != "Open" {
                return Err(Refusal::new(400, "INVALIDJOBSTATE", "the job is not open"));
            }
            load.csv = call.body.to_vec();
            Ok(Answer::empty(201))
        }),
        ("PATCH", [id]) => match call.json()?["state"].as_str() {
            Some("UploadComplete") => run(org, caller, id),
            Some("Aborted") => with(org, id, |load| {
                load.state = "Aborted";
                Ok(Answer::json(&load.told()))
            }),
            _ => Err(Refusal::new(
                400,
                "INVALIDJOBSTATE",
                "state must be UploadComplete or Aborted",
            )),
        },
        ("GET", [id]) => with(org, id, |load| Ok(Answer::json(&load.told()))),
        ("GET", [id, "successfulResults"]) => with(org, id, |load| Ok(csv(&load.good))),
        ("GET", [id, "failedResults"]) => with(org, id, |load| Ok(csv(&load.bad))),
        ("GET", [id, "unprocessedrecords"]) => with(org, id, |_| Ok(csv(&[]))),
        ("DELETE", [id]) => {
            with(org, id, |_| Ok(Answer::empty(204)))?;
            org.book().loads.retain(|load| load.id != *id);
            Ok(Answer::empty(204))
        }
        (method, [] | [_]) => Err(not_allowed(method)),
        _ => Err(Refusal::not_found()),
    }
}

fn with(org: &Org, id: &str, act: impl FnOnce(&mut Load) -> Outcome) -> Outcome {
    let mut book = org.book();
    let load = book.loads.iter_mut().find(|load| load.id == id);
    act(load.ok_or_else(Refusal::not_found)?)
}

fn csv(lines: &[String]) -> Answer {
    Answer {
        status: 200,
        body: Content::Other("text/csv", lines.concat().into_bytes()),
        headers: Vec::new(),
    }
}

fn create(org: &Org, caller: &Caller, body: &Value) -> Outcome {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (operation, object) = (text("operation"), text("object"));
    if !matches!(operation.as_str(), "insert" | "update" | "delete") {
        let message = "operation must be insert, update or delete";
        return Err(Refusal::new(400, "INVALIDENTITY", message));
    }
    Source::named(&object)?;
    let mut book = org.book();
    let load = Load {
        id: book.fresh_id("750"),
        operation,
        object,
        version: caller.version.clone(),
        made: render::written(org.world.now().timestamp()),
        state: "Open",
        csv: Vec::new(),
        good: Vec::new(),
        bad: Vec::new(),
    };
    let told = load.told();
    if book.loads.len() == KEPT {
        book.loads.pop_front();
    }
    book.loads.push_back(load);
    Ok(Answer::json(&told))
}

/// Carries a load out, record by record.
fn run(org: &Org, caller: &Caller, id: &str) -> Outcome {
    let (operation, object, text) = {
        let book = org.book();
        let load = book.loads.iter().find(|load| load.id == id);
        let load = load.ok_or_else(Refusal::not_found)?;
        (
            load.operation.clone(),
            load.object.clone(),
            load.csv.clone(),
        )
    };
    let unreadable = |error: csv::Error| Refusal::new(400, "INVALIDBATCH", error.to_string());
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let names = reader.headers().map_err(unreadable)?.clone();
    let head: Vec<&str> = names.iter().collect();
    let mut good = vec![line(
        ["sf__Id", "sf__Created"]
            .into_iter()
            .chain(head.iter().copied()),
    )];
    let mut bad = vec![line(
        ["sf__Id", "sf__Error"]
            .into_iter()
            .chain(head.iter().copied()),
    )];
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let cells: Vec<&str> = record.iter().collect();
        let own = head.iter().position(|name| *name == "Id");
        let own = own.and_then(|n| cells.get(n).copied()).unwrap_or_default();
        match one(org, caller, (&operation, &object), own, (&head, &cells)) {
            Ok(id) => {
                let made = (operation == "insert").to_string();
                good.push(line([id.as_str(), &made].into_iter().chain(cells)));
            }
            Err(refusal) => {
                let why = format!("{}:{}:--", refusal.code, refusal.message);
                bad.push(line([own, &why].into_iter().chain(cells)));
            }
        }
    }
    with(org, id, |load| {
        (load.good, load.bad) = (good, bad);
        // It is done before anyone asks, but is told as just uploaded.
        load.state = "UploadComplete";
        let told = load.told();
        load.state = "JobComplete";
        Ok(Answer::json(&told))
    })
}

fn one(
    org: &Org,
    caller: &Caller,
    (operation, object): (&str, &str),
    id: &str,
    (names, cells): (&[&str], &[&str]),
) -> Result<String, Refusal> {
    let write = |numbers: bool| match operation {
        "delete" => {
            records::delete(org, caller, Source::named(object)?, id).map(|()| id.to_owned())
        }
        "insert" => records::create(org, caller, object, &fields(names, cells, numbers)),
        _ => records::update(org, caller, object, id, &fields(names, cells, numbers))
            .map(|()| id.to_owned()),
    };
    // A file holds texts alone; which of them are numbers, the fields know.
    write(false).or_else(|refusal| {
        let of_the_text = refusal.code != "JSON_PARSER_ERROR";
        write(true).map_err(|other| if of_the_text { refusal } else { other })
    })
}

/// A row's fields: an empty cell leaves a field alone, `#N/A` empties it.
fn fields(names: &[&str], cells: &[&str], numbers: bool) -> Map<String, Value> {
    let pairs = names.iter().zip(cells);
    let pairs = pairs.filter(|(name, cell)| **name != "Id" && !cell.is_empty());
    let value = |cell: &str| match (cell, cell.parse::<f64>()) {
        ("#N/A", _) => Value::Null,
        (_, Ok(number)) if numbers => json!(number),
        _ => json!(cell),
    };
    pairs
        .map(|(name, cell)| ((*name).to_owned(), value(cell)))
        .collect()
}

impl Load {
    fn told(&self) -> Value {
        let version = self.version.trim_start_matches('v').parse::<f64>();
        json!({
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdDate": self.made,
            "systemModstamp": self.made,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": version.unwrap_or_default(),
            "jobType": "V2Ingest",
            "contentUrl": format!("services/data/{}/jobs/ingest/{}/batches", self.version, self.id),
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            "numberRecordsProcessed": (self.good.len() + self.bad.len()).saturating_sub(2),
            "numberRecordsFailed": self.bad.len().saturating_sub(1),
            "retries": 0,
            "totalProcessingTime": 120,
        })
    }
}
