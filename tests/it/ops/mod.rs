//! What ops rely on: connecting, watching, keys, and every state in which work stands still.

mod blocked;
mod connecting;
mod deploys;
mod doctoring;
mod floor;
mod gone;
mod once;
mod rights;
mod rotation;
