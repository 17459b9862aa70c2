//! What ops rely on: connecting, watching, keys, and every state in which work stands still.

mod at_rest;
mod blocked;
mod canaries;
mod connecting;
mod deploys;
mod doctoring;
mod floor;
mod gone;
mod nudging;
mod once;
mod outward;
mod pages;
mod paths;
mod pipes;
mod refusals;
mod rests;
mod rights;
mod rotation;
mod schema;
mod stopping;
mod writes;
