//! Writing: one `$batch` of single-row PATCHes, each with its own outcome.
//!
//! `UpdateMultiple` would roll every row back for one bad one and knows no row version; a batch
//! with `odata.continue-on-error` answers row by row.

use serde_json::{Map, Value as Json};

use super::faults::outcome;
use super::{api, spoken};
use crate::crm::session::Session;
use crate::crm::write::{Outcome, Refusal, Update};
use crate::domain::field::{Kind, Value};
use crate::http::fault::{Cause, Fault};

/// Cannot begin a line of a part: parts are one line of JSON.
const MEDIA_TYPE: &str = "multipart/mixed; boundary=\"latitude_rows\"";
const DELIMITER: &str = "--latitude_rows";

/// Writes every update of the batch; a single outcome each, in order.
pub async fn write(session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
    let bodies: Vec<Option<String>> = batch.iter().map(|update| body(session, update)).collect();
    let mut text = String::new();
    let mut parts = 0;
    for (update, body) in batch.iter().zip(&bodies) {
        if let Some(body) = body {
            parts += 1;
            part(&mut text, session, update, body, parts);
        }
    }
    let mut answers = if parts == 0 {
        Vec::new().into_iter()
    } else {
        text.push_str(&format!("{DELIMITER}--\r\n"));
        send(session, text, parts).await?.into_iter()
    };
    let outcomes = bodies.iter().map(|body| match body {
        Some(_) => answers.next().map_or_else(
            || unreachable!("as many answers as parts were counted"),
            |(status, body)| outcome(status, body.as_bytes(), &session.fields),
        ),
        None => Outcome::Refused(Refusal {
            code: "no_column".to_owned(),
            message: "none of the fields exists in the CRM; run the set-up".to_owned(),
            fields: Vec::new(),
            setup: true,
        }),
    });
    Ok(outcomes.collect())
}

async fn send(session: &Session, text: String, parts: u32) -> Result<Vec<(u16, String)>, Fault> {
    // Absolute values under `If-Match`: repeating them does no harm.
    let reply = spoken(session.api.post(api(session, "$batch")))
        .header("prefer", "odata.continue-on-error")
        .body(MEDIA_TYPE, text)
        .idempotent()
        .cost(parts)
        .reply()
        .await?;
    let answers = answers(&String::from_utf8_lossy(&reply.body));
    if answers.len() == parts as usize {
        return Ok(answers);
    }
    Err(Fault::Unknown(Cause::read(
        &reply,
        "batch_answer",
        format!("{parts} rows were sent, {} answers came", answers.len()),
    )))
}

/// What stands in one row's PATCH; none where the CRM has none of the fields.
fn body(session: &Session, update: &Update) -> Option<String> {
    let values: Map<String, Json> = update
        .fields
        .iter()
        .filter_map(|(field, value)| {
            let name = session.fields.name(*field)?;
            let json = match (field.kind(), value) {
                (_, Value::Empty) => Json::Null,
                (Kind::Pick(_), Value::Text(label)) => {
                    let option = session.fields.option(*field, label);
                    option
                        .parse::<i64>()
                        .map_or_else(|_| Json::from(option), Json::from)
                }
                (_, Value::Text(text)) => Json::from(text.as_str()),
                (_, Value::Number(number)) => Json::from(*number),
                (_, Value::Date(day)) => Json::from(day.to_string()),
                (_, Value::Time(time)) => Json::from(time.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            };
            Some((name.to_owned(), json))
        })
        .collect();
    (!values.is_empty()).then(|| Json::Object(values).to_string())
}

fn part(text: &mut String, session: &Session, update: &Update, body: &str, number: u32) {
    // Without If-Match a PATCH on an unknown id creates a row.
    let revision = update.revision.as_deref().unwrap_or("*");
    let path = api(session, &format!("opportunities({})", update.deal));
    text.push_str(&format!(
        "{DELIMITER}\r\n\
         Content-Type: application/http\r\n\
         Content-Transfer-Encoding: binary\r\n\
         Content-ID: {number}\r\n\
         \r\n\
         PATCH {path} HTTP/1.1\r\n\
         Content-Type: application/json; type=entry\r\n\
         If-Match: {revision}\r\n\
         \r\n\
         {body}\r\n"
    ));
}

/// Status and body of each part of a batch answer, in order.
///
/// Parts are found by their status lines, so it matters neither what the boundary is called nor
/// whether lines end in CR LF. A body is a JSON object, or nothing.
fn answers(text: &str) -> Vec<(u16, String)> {
    let mut answers: Vec<(u16, String)> = Vec::new();
    let mut in_body = false;
    for line in text.lines() {
        let status = line
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        if let Some(status) = status {
            answers.push((status, String::new()));
            continue;
        }
        in_body = !line.starts_with("--") && (in_body || line.starts_with('{'));
        if let Some((_, body)) = answers.last_mut().filter(|_| in_body) {
            body.push_str(line);
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_answer_is_read_part_by_part() {
        let text = include_str!("golden/batch_answer.txt");

        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let answers = answers(&text);

            let statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
            assert_eq!(statuses, [204, 412, 200]);
            assert!(answers[0].1.is_empty());
            let code = crate::crm::dynamics365::faults::said(answers[1].1.as_bytes()).code;
            assert_eq!(code, "0x80060882");
            let refused = outcome(answers[1].0, answers[1].1.as_bytes(), &Default::default());
            assert_eq!(refused, Outcome::Changed);
        }
    }
}
