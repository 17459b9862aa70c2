//! A deal with what is kept around it, for whoever may see it.

use std::collections::HashMap;

use super::board::stage_name;
use super::error::Problem;
use super::session::{Me, Reader, Sight};
use super::{App, Shared, words};
use crate::domain::cadence::State;
use crate::domain::coaching::{Note, applying, of_state, private_applying};
use crate::domain::ids::{ConnectionId, DealId};
use crate::store::coaching::{Opening, Word};
use crate::store::deals::Dossier;
use crate::store::people::StageRow;
use crate::store::strategies::{Question, Version};

/// Someone who opened a strategy, as its seller reads it: the day, and no closer.
pub struct OpenedBy {
    /// Who.
    pub name: String,
    /// The day they last did.
    pub day: String,
}

/// Who opened a strategy, for a seller in that time zone.
pub fn opened_by(openings: Vec<Opening>, zone: Option<&str>) -> Vec<OpenedBy> {
    let each = openings.into_iter();
    each.map(|it| OpenedBy {
        name: it.name,
        day: words::day(words::local_day(it.at, zone)),
    })
    .collect()
}

/// A deal that the reader may see, and what of it.
///
/// # Errors
/// [`Problem::NotFound`] when there is none for them.
pub async fn open<'a>(
    app: &Shared,
    reader: &'a Reader,
    connection: &ConnectionId,
    deal: &DealId,
) -> Result<(&'a Me, Dossier, Sight), Problem> {
    let me = reader.in_connection(connection).ok_or(Problem::NotFound)?;
    let (dossier, sight) = open_as(app, me, deal).await?;
    Ok((me, dossier, sight))
}

/// The same for a person whose connection is known already.
///
/// # Errors
/// [`Problem::NotFound`] when there is none for them.
pub async fn open_as(app: &App, me: &Me, deal: &DealId) -> Result<(Dossier, Sight), Problem> {
    let mut tx = app.store.read().await?;
    let dossier = tx.dossier(&me.connection, deal).await?;
    let dossier = dossier.ok_or(Problem::NotFound)?;
    let sight = me.sight(dossier.seller.as_deref());
    Ok((dossier, sight.ok_or(Problem::NotFound)?))
}

/// What is kept about a deal besides its newest strategy.
pub struct Around {
    /// The stages of its connection.
    pub stages: Vec<StageRow>,
    /// Every version, newest first.
    pub versions: Vec<Version>,
    /// Managers' questions, newest first.
    pub questions: Vec<Question>,
    /// What managers said besides.
    pub said: Vec<Word>,
    /// Who opened the strategy: for its seller alone.
    pub opened: Vec<Opening>,
    /// What those who asked and said are called.
    pub names: HashMap<String, String>,
    /// The questions back that apply here, in the order in which they are asked.
    pub notes: Vec<String>,
    /// Those for the seller's eyes alone: for its seller alone, where they wrote it.
    pub private_notes: Vec<String>,
}

/// Reads what is kept around a deal, for someone who may see it. Reading is opening: every page and
/// every answer with a strategy in it comes by here, and the seller sees who did.
///
/// # Errors
/// The database's.
pub async fn around(
    app: &App,
    me: &Me,
    dossier: &Dossier,
    sight: Sight,
) -> Result<Around, Problem> {
    let (connection, deal) = (&me.connection, dossier.id.as_str());
    let mut tx = app.store.read().await?;
    let stages = tx.stages(connection).await?;
    let versions = tx.versions(connection, &DealId::from(deal)).await?;
    let mut questions = tx.questions(connection, &[deal]).await?;
    let questions = questions.remove(deal).unwrap_or_default();
    let said = tx.words(connection, deal).await?;
    let mut dismissed = tx.dismissed_notes(connection, &[deal]).await?;
    let dismissed = dismissed.remove(deal).unwrap_or_default();
    let opened = match sight {
        Sight::Own => tx.openings(connection, deal).await?,
        Sight::Team => Vec::new(),
    };
    let authors: Vec<&str> = questions
        .iter()
        .filter_map(|it| it.author.as_deref())
        .chain(said.iter().map(|it| it.person.as_str()))
        .collect();
    let names = tx.names(connection, &authors).await?;
    drop(tx);
    if sight == Sight::Team {
        let mut tx = app.store.write().await?;
        tx.save_opening(connection, (deal, &me.face.id), app.env.now())
            .await?;
        tx.commit().await?;
    }
    let raised = raised(app, dossier, &stages);
    let assessment = dossier.assessment.as_ref().map(|it| &it.0);
    let notes = assessment.map_or(&[][..], |it| &it.notes);
    let notes = applying(raised, notes, &dismissed).into_iter();
    // A deal may have been handed over since: what was for its writer's eyes stays for these.
    let author = versions.first().and_then(|it| it.author.as_deref());
    let is_writer = sight == Sight::Own && author.is_none_or(|it| it == me.face.id);
    let private = assessment.filter(|_| is_writer);
    let private = private.map_or(&[][..], |it| &it.private_notes);
    let private = private_applying(private, &dismissed).into_iter();
    Ok(Around {
        notes: notes.map(|it| it.text).collect(),
        private_notes: private.map(|it| it.text).collect(),
        stages,
        versions,
        questions,
        said,
        opened,
        names,
    })
}

/// The question that where a deal stands raises, if it raises one.
pub fn raised(app: &App, dossier: &Dossier, stages: &[StageRow]) -> Option<Note> {
    let state = dossier.state.as_deref().and_then(State::labelled)?;
    let stage = stage_name(stages, &dossier.stage);
    of_state(state, stage, &app.framework.rubric)
}
