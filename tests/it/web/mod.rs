//! The pages, through HTTP.

mod board;
mod coach;
mod deal;
mod export;
mod matrix;
mod security;
mod sessions;
pub mod site;
