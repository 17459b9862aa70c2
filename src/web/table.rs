//! The route table: what is served, and for whom. Built once for the router and for the tests.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post};

use super::Shared;

/// Who may come in by a route. What they then see is the page's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Anyone, signed in or not.
    Anyone,
    /// Whoever is signed in.
    People,
    /// Other programs, and never a cookie: with proof of their own in each request, but for
    /// `/unsubscribe`, where the address is the proof, and `/metrics`, which anyone may read who
    /// reaches it and which holds no words and no names.
    Machines,
    /// Other tools, with a token that stands for a person.
    Tools,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path, with `{…}` for what varies.
    pub path: &'static str,
    /// Who may come in.
    pub whom: For,
}

/// Routes, collected.
#[derive(Default)]
pub struct Table {
    people: Router<Shared>,
    machines: Router<Shared>,
    routes: Vec<Route>,
}

impl Table {
    /// A route that reads.
    #[must_use]
    pub fn get<H, T>(self, whom: For, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.add("GET", whom, path, get(handler))
    }

    /// A route that changes something.
    #[must_use]
    pub fn post<H, T>(self, whom: For, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.add("POST", whom, path, post(handler))
    }

    fn add(
        mut self,
        method: &'static str,
        whom: For,
        path: &'static str,
        handler: MethodRouter<Shared>,
    ) -> Self {
        self.routes.push(Route { method, path, whom });
        match whom {
            For::Anyone | For::People => self.people = self.people.route(path, handler),
            For::Machines | For::Tools => self.machines = self.machines.route(path, handler),
        }
        self
    }

    /// What has been collected.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Routes that browsers call with a cookie, and those that other programs call.
    pub fn into_routers(self) -> (Router<Shared>, Router<Shared>) {
        (self.people, self.machines)
    }
}
