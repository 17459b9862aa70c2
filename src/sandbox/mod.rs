//! CRMs as servers on this machine, for the demo, the tests, and anyone who wants to try.
//!
//! A *world* is a small company drawn from a seed: people, deals, sellers who write strategies
//! good and bad. Each CRM's sandbox tells that world in its own wire format, written from the
//! CRM's documents and blind to the connector. The *weather* decides what goes wrong.

pub mod company;
pub mod control;
pub mod life;
mod page;
pub mod sellers;
pub mod serve;
pub mod weather;
pub mod world;

use crate::crm::settings::Settings;

/// One CRM as a server.
pub struct Sandbox {
    /// Its routes.
    pub router: axum::Router,
    /// How to connect to it, once its address is known.
    pub settings: fn(base: &url::Url) -> Settings,
}
