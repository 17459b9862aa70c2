//! The main job, from the CRM through Latitude and back.

mod configuration;
mod kills;
mod lanes;
mod main_job;
mod trouble;
