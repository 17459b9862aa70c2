//! What a panel in a frame shows anew once it has published. Its page was opened by a request that
//! counts once, so it cannot be loaded again.

use std::collections::BTreeMap;

use askama::Template as _;
use serde::Serialize;

use super::App;
use super::coach::open_question;
use super::deal::{self, Versions, editions};
use super::error::Problem;
use super::on_its_way::Told;
use super::panel_view::Desk;
use crate::domain::cadence::Reason;
use crate::domain::field::Field;
use crate::domain::strategy::Part;

/// How the panel stands after a publish.
#[derive(Serialize)]
pub struct After {
    #[serde(flatten)]
    told: Told,
    /// What stands, by the names of its fields: a field that was cleared alone gets its words back.
    stands: BTreeMap<&'static str, String>,
    /// Why the strategy is asked for still, if it is.
    why: Option<&'static str>,
    /// Whether a question waits for an answer still.
    waits: bool,
    /// The list of versions, drawn.
    versions: String,
}

/// Reads it.
///
/// # Errors
/// The database's.
pub async fn after(app: &App, desk: &Desk, told: Told) -> Result<After, Problem> {
    let (connection, deal, _) = desk.ids();
    let mut tx = app.store.read().await?;
    let dossier = tx.dossier(&connection, &deal).await?;
    let dossier = dossier.ok_or(Problem::NotFound)?;
    let stages = tx.stages(&connection).await?;
    let versions = tx.versions(&connection, &deal).await?;
    let mut questions = tx.questions(&connection, &[deal.as_str()]).await?;
    drop(tx);
    let questions = questions.remove(deal.as_str()).unwrap_or_default();
    let mut stands = BTreeMap::new();
    if let Some(answers) = &dossier.answers {
        for part in Part::ALL {
            let words = answers.part(part).trim();
            if !words.is_empty() {
                stands.insert(part.name(), words.to_owned());
            }
        }
        if let Some(day) = answers.check_on {
            stands.insert(Field::CheckOn.name(), day.to_string());
        }
    }
    let versions = Versions {
        editions: editions(&app.framework, &stages, &versions, desk.me.zone()),
    };
    Ok(After {
        told,
        stands,
        why: deal::reason(&dossier).map(Reason::told),
        waits: open_question(&questions, &dossier, app.env.now()).is_some(),
        versions: versions.render().map_err(Problem::broken)?,
    })
}
