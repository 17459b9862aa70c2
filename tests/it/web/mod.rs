//! The pages, through HTTP.

mod api;
mod board;
mod closing;
mod coach;
mod currencies;
mod deal;
mod export;
mod home;
mod large_team;
mod limits;
mod lines;
mod matrix;
mod openid;
mod others;
mod parity;
mod pyramid;
mod refused;
mod security;
mod sessions;
pub mod site;
mod tokens;
mod tool;
mod week;
mod weight;
