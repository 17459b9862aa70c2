//! The pages, through HTTP.

mod api;
mod board;
mod coach;
mod deal;
mod export;
mod matrix;
mod openid;
mod pyramid;
mod security;
mod sessions;
pub mod site;
mod tool;
