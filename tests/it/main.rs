//! The one integration-test binary: everything through the door, HTTP in and sandbox CRM out.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod architecture;
mod assessment;
mod bench;
mod conformance;
mod dynamics365;
mod espocrm;
mod faults;
mod hubspot;
mod journeys;
mod ops;
mod pipedrive;
mod salesforce;
mod scratch;
mod seller;
mod stage;
mod storm;
mod web;
mod zoho;
