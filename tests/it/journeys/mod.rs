//! The main job, from the CRM through Latitude and back.

mod configuration;
mod copies;
mod edges;
mod fewest;
mod guardrails;
mod kills;
mod lanes;
mod main_job;
mod overtaken;
mod replicas;
mod screens;
pub mod trouble;
mod turns;
mod words;
