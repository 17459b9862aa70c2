//! Who asks: from a token to the person it stands for, and what it opens.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::domain::ids::ConnectionId;
use crate::domain::role::Scope;
use crate::web::error::Problem;
use crate::web::session::{Me, mark};
use crate::web::{App, Shared};

/// What every token begins with, so that scanners of leaked secrets know it.
pub const BEGINNING: &str = "latitude_";

/// The person a token stands for. They see what they see on the pages, and nothing else.
pub struct Caller {
    /// The person, as they stand now.
    pub me: Me,
    /// The service.
    pub app: Arc<App>,
    scopes: Vec<Scope>,
}

impl Caller {
    /// Goes on only where the token opens this.
    ///
    /// # Errors
    /// [`Problem::Scope`].
    pub fn may(&self, scope: Scope) -> Result<(), Problem> {
        match self.scopes.contains(&scope) {
            true => Ok(()),
            false => Err(Problem::Scope(scope.word())),
        }
    }

    /// What the token opens.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.strip_prefix("Bearer "))
            .filter(|it| it.starts_with(BEGINNING))
            .ok_or(Problem::SignIn)?;
        let mut tx = app.store.read().await?;
        let row = tx.api_token(&mark(token), app.env.now()).await?;
        let row = row.ok_or(Problem::SignIn)?;
        let connection = ConnectionId::from(row.connection.as_str());
        // Whoever has left the CRM has no token either.
        let face = tx.face(&connection, &row.person).await?;
        let me = Me::read(app, &mut tx, face.ok_or(Problem::SignIn)?).await?;
        Ok(Self {
            me,
            app: Arc::clone(app),
            scopes: row.scopes.split(' ').filter_map(Scope::named).collect(),
        })
    }
}
