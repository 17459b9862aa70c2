//! Where a seller's latest words are on their way, in a sentence.

use serde::Serialize;

use super::error::Problem;
use super::panel_view::Desk;
use super::{Shared, words};
use crate::store::carriage::Carriage;

/// Where the seller's latest words are on their way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The latest version; 0 for none.
    pub version: i64,
    /// One sentence.
    pub sentence: String,
    /// Nothing more will happen by itself.
    pub done: bool,
    /// `saved`, `there`, `refused`, `clash` or nothing.
    pub state: &'static str,
    /// What is to be said besides of the publish that this answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Told {
    /// The same in a frame of the CRM, where two versions are shown and neither can be picked.
    pub fn framed(mut self) -> Self {
        if self.state == "clash" {
            "Saved. It was changed in the CRM at the same time: open this deal in Latitude to pick \
             which words stand."
                .clone_into(&mut self.sentence);
        }
        self
    }
}

/// Where the latest words are on their way.
///
/// # Errors
/// The database's.
pub async fn told(app: &Shared, desk: &Desk) -> Result<Told, Problem> {
    let (connection, deal, _) = desk.ids();
    let carriage = app.store.read().await?.carriage(&connection, &deal).await?;
    Ok(sentence(carriage.as_ref(), desk.me.zone()))
}

/// What is said of words that stand in the CRM once others are typed.
pub const DRAFT_BELOW: &str = "In the CRM as you last published it. Your draft stands below.";

/// The same, of what is known already; `zone` is the reader's.
pub fn sentence(carriage: Option<&Carriage>, zone: Option<&str>) -> Told {
    let told = |state, done, sentence: String| Told {
        version: carriage.map_or(0, |it| it.version),
        sentence,
        done,
        state,
        note: None,
    };
    let Some(it) = carriage.filter(|it| it.version > 0) else {
        return told("", true, String::new());
    };
    let carried = it.carry_version.is_some();
    match (&it.parked, &it.state_message) {
        _ if it.conflict_version.is_some() => told(
            "clash",
            true,
            "Saved. It was changed in the CRM at the same time: pick below which words stand."
                .to_owned(),
        ),
        (Some(reason), _) => told(
            "refused",
            true,
            format!("Saved here. The CRM would not take it: {reason}"),
        ),
        (None, Some(_)) if carried && it.state != "ok" && it.state != "partly" => {
            told("saved", false, format!("Saved. {}", held_up(&it.state)))
        }
        _ if carried => told("saved", false, "Saved. On its way to the CRM.".to_owned()),
        _ => {
            let written = it.written_at.map(|at| words::moment(at, zone));
            let written = written.map(|at| format!(": last written there {at}"));
            let written = written.unwrap_or_default();
            told(
                "there",
                true,
                format!("Published, and in the CRM{written}."),
            )
        }
    }
}

/// Why words are not in the CRM yet, by the connection's state. The CRM's own words are for whoever runs
/// Latitude, and stand in the ledger.
fn held_up(state: &str) -> &'static str {
    match state {
        "skipped: budget" => "It goes to the CRM once the CRM takes more calls from us today.",
        "blocked: login" => {
            "The CRM waits for your admin to sign Latitude in again. It goes there by itself after that."
        }
        "blocked: config" => {
            "The CRM waits for your admin to set something right. It goes there by itself after that."
        }
        _ => "The CRM did not answer in time. It is tried again by itself.",
    }
}
