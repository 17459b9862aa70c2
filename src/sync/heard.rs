//! What people newly said in the CRM, of what a page of a pull holds.

use super::Stop;
use super::fitting::as_held;
use super::marks::mark_of_answers;
use super::work::Work;
use crate::domain::Time;
use crate::domain::deal::Deal;
use crate::domain::ids::PersonId;
use crate::domain::strategy::{Answers, Part, same_words};
use crate::store::deals::{Known, Marks};
use crate::store::strategies::NewVersion;
use crate::store::tx::Tx;

/// A version for each deal whose seller's words changed in the CRM.
///
/// What counts is whether they changed *there*: words that only Latitude has changed since are
/// on their way, not a person's edit.
pub(super) async fn newly_said<'a>(
    tx: &mut Tx,
    work: &Work<'_>,
    changed: &[(&'a Deal, &Marks, Option<&Known>)],
    now: Time,
) -> Result<Vec<NewVersion<'a>>, Stop> {
    let edited: Vec<_> = changed
        .iter()
        .filter(|(deal, marks, known)| {
            !deal.answers.is_blank()
                && known.is_none_or(|known| known.answers_mark != marks.answers)
        })
        .collect();
    let with_answers: Vec<(&str, i64)> = edited
        .iter()
        .filter_map(|(deal, _, known)| known.map(|known| (deal.id.as_str(), known.version)))
        .filter(|(_, version)| *version > 0)
        .collect();
    let latest = tx.latest_answers(work.id(), &with_answers).await?;
    let nothing = Answers::default();
    let mut versions = Vec::new();
    for (deal, marks, known) in edited {
        if arrived_unheard(tx, work, (deal, marks), *known).await? {
            continue;
        }
        let before = latest.get(deal.id.as_str()).unwrap_or(&nothing);
        let answers = whole(work, &deal.answers, before).after(before);
        if answers.says_the_same(before) {
            continue;
        }
        versions.push(NewVersion {
            deal: deal.id.as_str(),
            version: known.map_or(0, |known| known.version) + 1,
            answers,
            source: "crm",
            author: deal.seller.as_ref().map(PersonId::as_str),
            at: deal.changed_at.min(now),
            stage: deal.stage.as_str(),
            amount: deal.amount,
            close_on: deal.close_on,
        });
        if let Some(carried) = known.and_then(|known| known.carry_version) {
            // Both stay; the seller picks.
            tx.note_conflict(work.id(), deal.id.as_str(), carried)
                .await?;
        }
    }
    Ok(versions)
}

/// Words as they stand in the CRM, but whole where it holds in part what stood there before.
fn whole(work: &Work<'_>, there: &Answers, before: &Answers) -> Answers {
    let held = as_held(work.crm, &work.session, before);
    let mut whole = there.clone();
    for part in Part::ALL {
        if same_words(there.part(part), held.part(part)) {
            before.part(part).clone_into(whole.part_mut(part));
        }
    }
    whole
}

/// Whether the words in the CRM are an earlier publish that got there without our hearing of it,
/// while a newer one is on its way: nobody edited them there, and the newer one goes on.
async fn arrived_unheard(
    tx: &mut Tx,
    work: &Work<'_>,
    (deal, marks): (&Deal, &Marks),
    known: Option<&Known>,
) -> Result<bool, Stop> {
    let Some(known) = known.filter(|known| known.carry_version.is_some()) else {
        return Ok(false);
    };
    let versions = tx.versions(work.id(), &deal.id).await?;
    // Those published since what the CRM was last known to hold.
    let published = versions.iter().take_while(|it| it.source == "panel");
    let mut since = published
        .map(|it| mark_of_answers(&as_held(work.crm, &work.session, &it.answers)))
        .take_while(|mark| *mark != known.answers_mark);
    Ok(since.any(|mark| mark == marks.answers))
}

/// Adds what managers newly asked in the CRM's own field to the coaching thread.
pub(super) async fn keep_questions(
    tx: &mut Tx,
    work: &Work<'_>,
    changed: &[(&Deal, &Marks, Option<&Known>)],
    now: Time,
) -> Result<(), Stop> {
    for (deal, marks, known) in changed {
        let text = deal.manager_question.trim();
        if !text.is_empty() && known.is_none_or(|known| known.question_mark != marks.question) {
            tx.add_question(work.id(), deal.id.as_str(), ("crm", None, text), now)
                .await?;
        }
    }
    Ok(())
}
