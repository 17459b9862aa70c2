//! What every CRM must do; each test loops over the registry.

mod calls;
mod closing;
mod pulls;
mod setup;
mod weather;
mod writes;
