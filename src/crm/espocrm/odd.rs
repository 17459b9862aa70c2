//! Finding deals that were deleted, without reading them all: by counting and halving.

use super::ids::IdSet;
use super::read::{PAGE_ROWS, Where, list, opportunities, seen};
use super::wire::Identified;
use crate::crm::page::Seen;
use crate::crm::session::Session;
use crate::domain::ids::DealId;
use crate::http::fault::Fault;

/// The most ids named in one address, which web servers cut at 8 KiB.
pub const IDS_IN_ADDRESS: usize = 80;

/// What changed without a change of `modifiedAt`: deals that were deleted, that may not be seen any
/// more, or that may be seen only now.
pub async fn odd_ones(session: &Session, open: &mut IdSet) -> Result<Vec<Seen>, Fault> {
    let known: Vec<String> = open.0.iter().cloned().collect();
    let mut odd = Vec::new();
    let mut ranges = vec![(String::new(), None::<String>, known.as_slice())];
    while let Some((above, upto, known)) = ranges.pop() {
        if count(session, &above, upto.as_deref()).await? == known.len() {
            continue;
        }
        if known.len() < PAGE_ROWS / 2 {
            odd.extend(differences(session, &above, upto.as_deref(), known).await?);
            continue;
        }
        let (first, second) = known.split_at(known.len() / 2);
        let middle = first.last().cloned();
        ranges.push((middle.clone().unwrap_or_default(), upto, second));
        ranges.push((above, middle, first));
    }
    let mut items = Vec::new();
    for some in odd.chunks(IDS_IN_ADDRESS) {
        let named = [Where::IdIn(some.to_vec())];
        let (found, _) = opportunities(session, &named, "id", PAGE_ROWS, false).await?;
        let there: Vec<String> = found.iter().map(|one| one.id.clone()).collect();
        items.extend(seen(session, found, open).await?);
        for id in some.iter().filter(|id| !there.contains(id)) {
            open.0.remove(id);
            items.push(Seen::Gone(DealId::from(id.clone())));
        }
    }
    Ok(items)
}

fn between(above: &str, upto: Option<&str>) -> Vec<Where> {
    let mut conditions = Vec::new();
    if !above.is_empty() {
        conditions.push(Where::Is("id", "greaterThan", above.to_owned()));
    }
    if let Some(upto) = upto {
        conditions.push(Where::Is("id", "lessThanOrEquals", upto.to_owned()));
    }
    conditions
}

/// How many open opportunities have an id in a range.
async fn count(session: &Session, above: &str, upto: Option<&str>) -> Result<usize, Fault> {
    let conditions = between(above, upto);
    let what = ("Opportunity", "id");
    let (listed, _) = list::<Identified>(session, what, &conditions, "id", 1, true).await?;
    Ok(usize::try_from(listed.total).unwrap_or(listed.list.len()))
}

/// The ids of a range that are known but not there, or there but not known.
async fn differences(
    session: &Session,
    above: &str,
    upto: Option<&str>,
    known: &[String],
) -> Result<Vec<String>, Fault> {
    let mut there = Vec::new();
    let mut above = above.to_owned();
    loop {
        let conditions = between(&above, upto);
        let what = ("Opportunity", "id");
        let (listed, _) =
            list::<Identified>(session, what, &conditions, "id", PAGE_ROWS, true).await?;
        let full = listed.list.len() >= PAGE_ROWS;
        there.extend(listed.list.into_iter().map(|it| it.id));
        match there.last() {
            Some(last) if full => above.clone_from(last),
            _ => break,
        }
    }
    let missing = known.iter().filter(|id| !there.contains(id));
    let unknown = there.iter().filter(|id| !known.contains(id));
    Ok(missing.chain(unknown).cloned().collect())
}
