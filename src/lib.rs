//! Latitude gives sellers latitude: it asks for a deal strategy in place of activity counts,
//! assesses the thinking, and writes strategy, grade and coaching questions back to the CRM.
//!
//! The modules below stand in reading order; `ARCHITECTURE.md` says which may use which.

/// Every CRM Latitude speaks to.
pub mod crm;
/// The vocabulary and its rules, pure.
pub mod domain;
/// The only doors to time and randomness.
pub mod env;
/// Outbound calls: the only door to the network.
pub mod http;
/// Running it: commands, configuration, demo, doctor.
pub mod ops;
/// CRMs as servers on this machine.
pub mod sandbox;
/// Where everything is kept.
pub mod store;
/// Keeping the CRM and Latitude in step.
pub mod sync;
/// The pages: what sellers, managers and leaders see.
pub mod web;
