//! The pages, through HTTP.

mod board;
mod deal;
mod security;
mod sessions;
pub mod site;
