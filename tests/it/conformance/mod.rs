//! What every CRM must do; each test loops over the registry.

mod calls;
mod closing;
mod links;
mod pulls;
mod setup;
mod signatures;
mod sizes;
mod weather;
mod writes;
