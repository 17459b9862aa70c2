//! What Latitude's fields hold in a CRM, written to a file before they go: `latitude crm destroy`.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Map, Value as Json, json};

use crate::crm::Crm;
use crate::crm::page::{Cursor, Next, Seen};
use crate::crm::session::Session;
use crate::domain::deal::Deal;
use crate::domain::field::{Field, Value};
use crate::domain::ids::{ConnectionId, DealId};
use crate::domain::strategy::Part;
use crate::store::{Store, place};

/// Writes one line for each deal whose fields hold anything: what people wrote, and what Latitude
/// wrote beside it but for texts it can write again. Returns how many lines.
///
/// The file must not be there yet: a second run, after the fields are gone, would replace what the
/// first one saved by nothing.
///
/// # Errors
/// When the file cannot be made, or the CRM or the database does not answer.
pub async fn keep(
    (crm, session): (&dyn Crm, &Session),
    (store, id): (&Store, &ConnectionId),
    to: &Path,
) -> anyhow::Result<usize> {
    let file = place::private().create_new(true).open(to);
    let file = file.with_context(|| {
        format!(
            "{} cannot be made to save what the fields hold; move what is there away, or give another \
             file with --export",
            to.display()
        )
    })?;
    let mut to = BufWriter::new(file);
    let mut seen = BTreeSet::new();
    let mut lines = 0;
    let mut place = Cursor::default();
    loop {
        let page = read(crm.deals(session, &place).await)?;
        for one in page.items {
            if let Seen::Here(deal) = one
                && seen.insert(deal.id.clone())
            {
                lines += usize::from(line(&mut to, &deal)?);
            }
        }
        match page.next {
            Next::More(next) => place = next,
            Next::Done(_) => break,
        }
    }
    // A first pull leaves closed deals out; those that Latitude knows are read one by one.
    let known = store.read().await?.deal_ids(id).await?;
    for deal in known.into_iter().map(DealId::from) {
        if !seen.contains(&deal)
            && let Some(deal) = read(crm.deal(session, &deal).await)?
        {
            lines += usize::from(line(&mut to, &deal)?);
        }
    }
    to.flush()?;
    Ok(lines)
}

fn read<T>(answer: Result<T, crate::http::fault::Fault>) -> anyhow::Result<T> {
    match answer {
        Ok(found) => Ok(found),
        Err(fault) => bail!(
            "reading what the fields hold: {fault}: {}; nothing was removed",
            fault.cause()
        ),
    }
}

/// Writes a deal's line, where its fields hold anything.
fn line(to: &mut impl Write, deal: &Deal) -> anyhow::Result<bool> {
    let mut fields: Map<String, Json> = Part::ALL
        .into_iter()
        .map(|part| (part.name().to_owned(), deal.answers.part(part).to_owned()))
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name, Json::String(text)))
        .collect();
    if let Some(date) = deal.answers.check_on {
        fields.insert(Field::CheckOn.name().to_owned(), json!(date));
    }
    if !deal.manager_question.is_empty() {
        let name = Field::ManagerQuestion.name().to_owned();
        fields.insert(name, json!(deal.manager_question));
    }
    for (field, value) in &deal.shown {
        let held = match value {
            Value::Empty => continue,
            Value::Text(text) => json!(text),
            Value::Number(number) => json!(number),
            Value::Date(date) => json!(date),
            Value::Time(time) => json!(time),
        };
        fields.insert(field.name().to_owned(), held);
    }
    if fields.is_empty() {
        return Ok(false);
    }
    writeln!(to, "{}", json!({"deal": deal.id, "fields": fields}))?;
    Ok(true)
}
