//! Grants, their refresh tokens, and the sessions they buy.

use std::collections::HashMap;

use chrono::TimeDelta;

use crate::domain::Time;

/// Everyone who is signed in, and every promise of being let in again.
#[derive(Default)]
pub struct Grants {
    sessions: HashMap<String, Session>,
    grants: Vec<Grant>,
    codes: HashMap<String, Code>,
}

struct Session {
    user: usize,
    grant: Option<usize>,
    ends: Time,
    scope: String,
}

struct Grant {
    user: usize,
    scope: String,
    current: String,
    dead: Vec<String>,
    revoked: bool,
}

/// A code that a person was sent back with.
pub struct Code {
    pub user: usize,
    pub redirect: String,
    pub challenge: Option<String>,
    pub scope: String,
    pub ends: Time,
}

/// What presenting a refresh token leads to.
pub enum Refreshed {
    /// Which grant, who, and what it is good for.
    Good(usize, usize, String),
    Dead,
}

impl Grants {
    /// Opens a session.
    pub fn sign_in(&mut self, token: String, who: (usize, Option<usize>), scope: &str, ends: Time) {
        let (user, grant) = who;
        let scope = scope.to_owned();
        let session = Session {
            user,
            grant,
            ends,
            scope,
        };
        self.sessions.insert(token, session);
    }

    /// Who holds that session; using it makes it last.
    pub fn user_of(&mut self, token: &str, now: Time, lasts: TimeDelta) -> Option<usize> {
        let session = self
            .sessions
            .get_mut(token)
            .filter(|session| session.ends > now)?;
        session.ends = now + lasts;
        Some(session.user)
    }

    /// Who holds that session, until when and for what.
    pub fn session(&self, token: &str, now: Time) -> Option<(usize, Time, &str)> {
        let session = self
            .sessions
            .get(token)
            .filter(|session| session.ends > now)?;
        Some((session.user, session.ends, &session.scope))
    }

    /// Ends a session.
    pub fn end_session(&mut self, token: &str) -> bool {
        self.sessions.remove(token).is_some()
    }

    /// Ends all sessions, as when the policy changes.
    pub fn end_all_sessions(&mut self) {
        self.sessions.clear();
    }

    /// Remembers a code.
    pub fn expect(&mut self, code: String, about: Code) {
        self.codes.insert(code, about);
    }

    /// Takes a code; it is good once.
    pub fn take(&mut self, code: &str) -> Option<Code> {
        self.codes.remove(code)
    }

    /// A new grant. One too many revokes the user's oldest.
    pub fn grant(&mut self, user: usize, scope: &str, refresh: String, most: usize) -> usize {
        let live = |grant: &Grant| grant.user == user && !grant.revoked;
        let count = self.grants.iter().filter(|grant| live(grant)).count();
        if count >= most
            && let Some(oldest) = self.grants.iter().position(live)
        {
            self.revoke_grant(oldest);
        }
        self.grants.push(Grant {
            user,
            scope: scope.to_owned(),
            current: refresh,
            dead: Vec::new(),
            revoked: false,
        });
        self.grants.len() - 1
    }

    /// Looks at a refresh token. A dead one revokes its whole grant where the rules say so.
    pub fn refresh(&mut self, token: &str, reuse_revokes: bool) -> Refreshed {
        let live = self
            .grants
            .iter()
            .position(|grant| !grant.revoked && grant.current == token);
        if let Some(n) = live {
            let grant = &self.grants[n];
            return Refreshed::Good(n, grant.user, grant.scope.clone());
        }
        let stolen = self
            .grants
            .iter()
            .position(|grant| grant.dead.iter().any(|it| it == token));
        if let Some(n) = stolen.filter(|_| reuse_revokes) {
            self.revoke_grant(n);
        }
        Refreshed::Dead
    }

    /// Replaces a grant's refresh token; the old one is dead at once.
    pub fn rotate(&mut self, grant: usize, fresh: String) {
        let grant = &mut self.grants[grant];
        let old = std::mem::replace(&mut grant.current, fresh);
        grant.dead.push(old);
    }

    /// Revokes a refresh token with all it bought, or one session.
    pub fn revoke(&mut self, token: &str) -> bool {
        let grant = self
            .grants
            .iter()
            .position(|grant| !grant.revoked && grant.current == token);
        if let Some(n) = grant {
            self.revoke_grant(n);
        }
        grant.is_some() || self.end_session(token)
    }

    fn revoke_grant(&mut self, n: usize) {
        self.grants[n].revoked = true;
        self.sessions.retain(|_, session| session.grant != Some(n));
    }
}
