//! The pages, through HTTP.

mod board;
mod coach;
mod deal;
mod security;
mod sessions;
pub mod site;
