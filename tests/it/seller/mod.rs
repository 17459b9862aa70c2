//! The seller's side: obstacles and what leaders owe, drafts, weeks, embeds.

mod browser;
mod cards;
mod crm_sign_in;
mod demo;
mod embed;
mod embed_lead;
mod embeds;
mod entra;
mod floor;
mod left;
mod notes;
mod pages;
mod pick;
mod shelf;
mod story;
mod taking_back;
mod teams;
mod windows;
