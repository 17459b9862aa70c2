//! The vocabulary of Latitude, and its rules.
//!
//! Pure: no async, no I/O, no clock, no formats of others. Whatever depends on the time takes
//! `now` as an argument; whatever depends on settings takes the [`framework::Framework`].

pub mod answer;
pub mod cadence;
pub mod closing;
pub mod coaching;
pub mod deal;
pub mod evidence;
pub mod field;
pub mod framework;
pub mod grade;
pub mod group;
pub mod hours;
pub mod ids;
pub mod obstacle;
pub mod outlook;
pub mod people;
pub mod role;
pub mod rubric;
pub mod similarity;
pub mod strategy;
pub mod talk;
pub mod text;
pub mod week;

/// A moment, always in UTC, kept to the millisecond so that both databases return what was stored.
pub type Time = chrono::DateTime<chrono::Utc>;
