//! Faults on purpose: simulated by the thousand, and in real processes.

pub mod sim;

mod seeds;
