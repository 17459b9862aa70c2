//! Running it: commands, configuration, demo, doctor.

pub mod assess;
pub mod cli;
pub mod config;
pub mod config_print;
pub mod crm;
pub mod demo;
pub mod doctor;
pub mod evaluate;
pub mod explain;
pub mod fit;
pub mod provision;
pub mod sandbox;
pub mod service;
pub mod sync;
pub mod table;
pub mod telemetry;
