//! `$batch`: requests in parts, answered in parts; change sets are carried out whole or not at all.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::links::decoded;
use super::{Answer, Ask, Org, answer as one, refuse};

/// The most operations of one batch.
const MOST: usize = 1_000;

/// A part: one request, or a change set of several.
enum Part {
    One(Box<Ask>, String),
    Set(Vec<(Ask, String)>),
}

/// Carries out a batch.
pub fn answer(org: &Org, ask: &Ask) -> Answer {
    let bad = |why: &str| refuse(400, "0x80060891", why);
    if ask.method != Method::POST {
        return refuse(405, "0x80060888", "A batch is posted.");
    }
    let text = String::from_utf8_lossy(&ask.body).replace("\r\n", "\n");
    let Some(boundary) = boundary(ask.header("content-type")) else {
        return bad("The content type of a batch must be multipart/mixed with a boundary.");
    };
    let parts: Option<Vec<Part>> = parts(&text, &boundary)
        .map(|part| read(ask, part))
        .collect();
    let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
        return bad("A part of the batch is malformed.");
    };
    let count: usize = parts
        .iter()
        .map(|part| match part {
            Part::One(..) => 1,
            Part::Set(asks) => asks.len(),
        })
        .sum();
    if count > MOST {
        return bad("The batch holds more than 1000 operations.");
    }
    let go_on = ask.prefers("odata.continue-on-error");
    let outer = format!(
        "batchresponse_{:x}",
        u64::from_le_bytes(org.world.env().bytes())
    );
    let mut body = String::new();
    let mut status = 200;
    for part in parts {
        let (text, failed) = match part {
            Part::One(ask, id) => {
                let answer = one(org, &ask);
                let failed = Some(answer.status).filter(|status| *status >= 400);
                (shown(&answer, &id), failed)
            }
            Part::Set(asks) => change_set(org, asks),
        };
        body.push_str(&format!("--{outer}\r\n{text}"));
        if let Some(failed) = failed
            && !go_on
        {
            status = failed;
            break;
        }
    }
    body.push_str(&format!("--{outer}--\r\n"));
    Answer {
        status,
        headers: vec![("content-type", format!("multipart/mixed; boundary={outer}"))],
        body,
    }
}

/// All of them, or, with the first refusal, none of them.
fn change_set(org: &Org, asks: Vec<(Ask, String)>) -> (String, Option<u16>) {
    let before = {
        let state = org.world.state();
        (state.deals.clone(), state.things.clone())
    };
    let inner = format!(
        "changesetresponse_{:x}",
        u64::from_le_bytes(org.world.env().bytes())
    );
    let mut text = format!("Content-Type: multipart/mixed; boundary={inner}\r\n\r\n");
    for (ask, id) in asks {
        let answer = one(org, &ask);
        if answer.status >= 400 {
            let mut state = org.world.state();
            (state.deals, state.things) = before;
            return (shown(&answer, &id), Some(answer.status));
        }
        text.push_str(&format!("--{inner}\r\n{}", shown(&answer, &id)));
    }
    text.push_str(&format!("--{inner}--\r\n"));
    (text, None)
}

fn shown(answer: &Answer, id: &str) -> String {
    let reason = match answer.status {
        200 => "OK",
        204 => "No Content",
        404 => "Not Found",
        412 => "Precondition Failed",
        _ => "Error",
    };
    let mut text =
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n".to_owned();
    if !id.is_empty() {
        text.push_str(&format!("Content-ID: {id}\r\n"));
    }
    text.push_str(&format!(
        "\r\nHTTP/1.1 {} {reason}\r\nOData-Version: 4.0\r\n",
        answer.status
    ));
    for (name, value) in &answer.headers {
        let name = match *name {
            "content-type" => "Content-Type",
            "odata-entityid" => "OData-EntityId",
            other => other,
        };
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("\r\n{}\r\n", answer.body));
    text
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, rest) = content_type.split_once(';')?;
    let boundary = rest
        .split(';')
        .find_map(|one| one.trim().strip_prefix("boundary="))?;
    (kind.trim() == "multipart/mixed").then(|| boundary.trim_matches('"').to_owned())
}

fn parts<'a>(text: &'a str, boundary: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let delimiter = format!("--{boundary}");
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(&delimiter) {
        if after.starts_with("--") {
            break;
        }
        let end = after.find(&delimiter).unwrap_or(after.len());
        found.push(
            after
                .get(..end)
                .unwrap_or_default()
                .trim_start_matches('\n'),
        );
        rest = after.get(end..).unwrap_or_default();
    }
    found.into_iter()
}

fn read(outer: &Ask, part: &str) -> Option<Part> {
    let (head, rest) = part.split_once("\n\n")?;
    let header = |name: &str| header_of(head, name);
    let kind = header("content-type")?;
    if let Some(inner) = boundary(&kind) {
        let asks: Option<Vec<(Ask, String)>> = parts(rest, &inner)
            .map(|part| match read(outer, part)? {
                Part::One(ask, id) => Some((*ask, id)),
                Part::Set(_) => None,
            })
            .collect();
        return asks.map(Part::Set);
    }
    if kind != "application/http" {
        return None;
    }
    let id = header("content-id").unwrap_or_default();
    let (start, body) = rest
        .trim_start_matches('\n')
        .split_once("\n\n")
        .unwrap_or((rest, ""));
    let (line, headers) = start.split_once('\n').unwrap_or((start, ""));
    let mut words = line.split(' ');
    let method = Method::from_bytes(words.next()?.as_bytes()).ok()?;
    let target = words.next()?;
    let (_, below) = target.split_once("/api/data/")?;
    let (_, path) = below.split_once('/')?;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let ask = Ask {
        method,
        path: decoded(path),
        query: query.to_owned(),
        headers: headers_of(headers),
        body: body.trim_end().as_bytes().to_vec(),
        root: outer.root.clone(),
    };
    Some(Part::One(Box::new(ask), id))
}

fn header_of(head: &str, wanted: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case(wanted)
            .then(|| value.trim().to_owned())
    })
}

fn headers_of(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.lines() {
        let pair = line.split_once(':').and_then(|(name, value)| {
            let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value.trim()).ok()?))
        });
        if let Some((name, value)) = pair {
            headers.insert(name, value);
        }
    }
    headers
}
