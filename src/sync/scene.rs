//! What deals are considered and written with.

use std::sync::Arc;

use super::around::Around;
use crate::crm::Crm;
use crate::crm::session::Session;
use crate::domain::framework::Framework;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::store::Store;

/// What stays the same all through a move, and so can be shared by what runs side by side in it.
pub struct Scene<'a> {
    /// The database.
    pub store: &'a Store,
    /// Time and randomness.
    pub env: &'a Env,
    /// The connector.
    pub crm: &'static dyn Crm,
    /// The connection.
    pub connection: ConnectionId,
    /// Its signed-in session.
    pub session: Session,
    /// Its stages.
    pub around: Arc<Around>,
    /// The guardrails.
    pub framework: Arc<Framework>,
    /// Where Latitude's own pages are, without a slash at the end.
    pub public_url: &'a str,
}
