//! The pages, through HTTP.

mod board;
mod coach;
mod deal;
mod export;
mod matrix;
mod openid;
mod security;
mod sessions;
pub mod site;
