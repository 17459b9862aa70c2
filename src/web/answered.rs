//! What became of a manager's question: the seller answers it by publishing.

use chrono::TimeDelta;

use super::error::Problem;
use super::session::{Me, Sight};
use super::{App, words};
use crate::store::strategies::{Question, Version};
use crate::store::tx::Tx;

/// An answer, or what a manager said, is news for so long.
pub const NEWS: TimeDelta = TimeDelta::days(7);

/// An answer that a manager has not looked for yet.
pub struct News {
    /// The deal's page.
    pub href: String,
    /// What happened, in a sentence.
    pub text: String,
}

/// Which version answered a question, in words: the first that was published after it. `versions`
/// are all there are, newest first; `zone` is the reader's.
pub fn by(question: &Question, versions: &[Version], zone: Option<&str>) -> Option<String> {
    let after = versions.iter().rev().find(|it| it.at > question.at)?;
    let day = words::day(words::local_day(after.at, zone));
    Some(format!("Answered by version {}, {day}", after.version))
}

/// The questions of a person that sellers they lead answered lately, the latest first.
///
/// # Errors
/// The database's.
pub async fn lately(app: &App, tx: &mut Tx, me: &Me) -> Result<Vec<News>, Problem> {
    let since = app.env.now() - NEWS;
    let answered = tx.answered(&me.connection, &me.face.id, since).await?;
    let led = answered
        .into_iter()
        .filter(|it| me.sight(it.seller.as_deref()) == Some(Sight::Team));
    Ok(led
        .map(|it| News {
            href: words::deal_path(me.connection.as_str(), &it.deal),
            text: format!(
                "{} answered your question on {}",
                me.name_of(it.seller.as_deref().unwrap_or_default()),
                it.name
            ),
        })
        .collect())
}
