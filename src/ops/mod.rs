//! Running it: commands, configuration, demo, doctor.

pub mod assess;
pub mod checks;
pub mod cli;
pub mod config;
pub mod config_print;
pub mod connect;
pub mod copy;
pub mod crm;
pub mod demo;
pub mod doctor;
pub mod evaluate;
pub mod explain;
pub mod fit;
pub mod health;
pub mod key;
pub mod ledger;
pub mod privacy;
pub mod provision;
pub mod retention;
pub mod sandbox;
pub mod service;
pub mod sync;
pub mod table;
pub mod telemetry;
pub mod token;
