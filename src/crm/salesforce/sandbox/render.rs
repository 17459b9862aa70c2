//! Rows as JSON, written straight into the answer: pages are large, and fields keep the order in
//! which they were asked for.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::org::Caller;
use super::plan::{Get, Planner, Source, View};
use super::schema::{Cell, Hop, Kind, STAMP, Table, cell};

/// What a query shows of a row.
pub enum Node {
    Own(String, Get),
    Parent(&'static Hop, Vec<Node>),
}

/// What the paths of a query show.
pub fn nodes(planner: &Planner<'_>, paths: &[String]) -> Result<Vec<Node>, Refusal> {
    let mut nodes = Vec::new();
    for path in paths {
        let get = planner.path(path)?;
        place(&mut nodes, get);
    }
    Ok(nodes)
}

/// Puts a value where it is shown: parents once, in the place where they were first named.
fn place(nodes: &mut Vec<Node>, get: Get) {
    match get {
        Get::Hop(hop, inner) => {
            let known = nodes.iter_mut().find_map(|node| match node {
                Node::Parent(known, nodes) if known.name == hop.name => Some(nodes),
                _ => None,
            });
            match known {
                Some(known) => place(known, *inner),
                None => {
                    let mut below = Vec::new();
                    place(&mut below, *inner);
                    nodes.push(Node::Parent(hop, below));
                }
            }
        }
        Get::Column(column) => nodes.push(Node::Own(column.name.to_owned(), get)),
        Get::Custom(ref api_name, _) => nodes.push(Node::Own(api_name.clone(), get)),
        Get::Data(api_name, _) => nodes.push(Node::Own(api_name.to_owned(), get)),
    }
}

/// Writes a row.
pub fn record(
    out: &mut Vec<u8>,
    source: Source,
    nodes: &[Node],
    view: &View<'_>,
    n: usize,
    caller: &Caller,
) {
    let id = match source {
        Source::Table(table) => (table.columns[0].get)(view.state, n),
        Source::Thing(_) => cell(view.data[n].get("Id"), Kind::Id),
    };
    object(out, (source.name(), &id), nodes, view, n, caller);
}

fn object(
    out: &mut Vec<u8>,
    (name, id): (&str, &Cell<'_>),
    nodes: &[Node],
    view: &View<'_>,
    n: usize,
    caller: &Caller,
) {
    let id = if let Cell::Text(id) = id {
        id.as_ref()
    } else {
        ""
    };
    let url = format!("/services/data/{}/sobjects/{name}/{id}", caller.version);
    out.extend_from_slice(
        format!("{{\"attributes\":{{\"type\":\"{name}\",\"url\":\"{url}\"}}").as_bytes(),
    );
    for node in nodes {
        out.push(b',');
        match node {
            Node::Own(name, get) => {
                write(out, name);
                out.push(b':');
                value(out, &get.value(view, n));
            }
            Node::Parent(hop, below) => {
                write(out, hop.name);
                out.push(b':');
                match (hop.row)(view.state, n) {
                    Some(n) => {
                        let table: &Table = hop.to;
                        let id = (table.columns[0].get)(view.state, n);
                        object(out, (table.name, &id), below, view, n, caller);
                    }
                    None => out.extend_from_slice(b"null"),
                }
            }
        }
    }
    out.push(b'}');
}

fn write(out: &mut Vec<u8>, text: &str) {
    // Writing a string into memory cannot fail.
    drop(serde_json::to_writer(out, text));
}

fn value(out: &mut Vec<u8>, cell: &Cell<'_>) {
    match cell {
        Cell::Text(text) => write(out, text),
        other => out.extend_from_slice(plain(other).to_string().as_bytes()),
    }
}

/// A value as JSON.
pub fn plain(cell: &Cell<'_>) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Truth(truth) => json!(truth),
        Cell::Whole(number) => json!(number),
        Cell::Number(number) => json!(number),
        Cell::Text(text) => json!(text),
        Cell::Date(date) => json!(date.to_string()),
        Cell::Stamp(seconds) => json!(written(*seconds)),
    }
}

/// A moment as records show it.
pub fn written(seconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.format(STAMP).to_string()
}
