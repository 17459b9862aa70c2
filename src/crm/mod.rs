//! Every CRM Latitude speaks to: the trait, and the list of those that keep it.
//!
//! A CRM is a folder: its connector, its wire shapes, its sandbox, its golden bodies. Nothing
//! outside that folder and this file names it.

pub mod page;
pub mod profile;
pub mod push;
pub mod session;
pub mod settings;
pub mod setup;
pub mod write;

mod dynamics365;
mod espocrm;
mod hubspot;
mod odoo;
mod pipedrive;
mod salesforce;
mod zoho;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use secrecy::SecretString;

use crate::domain::deal::{Deal, Pipeline};
use crate::domain::field::Field;
use crate::domain::ids::DealId;
use crate::domain::people::Person;
use crate::http::call::Reply;
use crate::http::fault::Fault;
use crate::sandbox::Sandbox;
use crate::sandbox::world::World;
use page::{Cursor, Page, Parts, Seen};
use profile::Profile;
use push::{Push, Rejected, Viewer};
use session::{Identity, Session};
use setup::{Blueprint, Setup, Step};
use write::{Outcome, Update};

/// To add one: a folder, its `mod` line above, its line here.
pub static ALL: &[&dyn Crm] = &[
    &dynamics365::Dynamics365,
    &espocrm::EspoCrm,
    &hubspot::HubSpot,
    &odoo::Odoo,
    &pipedrive::Pipedrive,
    &salesforce::Salesforce,
    &zoho::Zoho,
];

/// The CRM that the demo shows when it is not told which.
pub const PREFERRED: &str = "salesforce";

/// The CRM of that id.
pub fn by_id(id: &str) -> Option<&'static dyn Crm> {
    ALL.iter().copied().find(|crm| crm.profile().id == id)
}

/// What only this CRM knows. Tokens, quotas, waiting and retrying belong to the
/// [`Api`](crate::http::Api) inside the [`Session`].
#[async_trait]
pub trait Crm: Send + Sync {
    /// Facts that never change: sign-in, addresses, quotas, sizes.
    fn profile(&self) -> &'static Profile;

    /// The name this CRM gives one of our fields, where it lets us choose.
    fn field_name(&self, prefix: &str, field: Field) -> String;

    /// Who is signed in, and to which organisation.
    async fn whoami(&self, session: &Session) -> Result<Identity, Fault>;

    /// Pipelines and their stages, in order.
    async fn stages(&self, session: &Session) -> Result<Vec<Pipeline>, Fault>;

    /// Everyone who may own a deal, with their manager where the CRM knows it.
    async fn people(&self, session: &Session, from: &Cursor) -> Result<Page<Person>, Fault>;

    /// Deals changed at or after `from`, oldest change first; deleted and merged ones as gone.
    ///
    /// The same deal may come twice; the store keeps the newer one. Reads the fields of
    /// [`Session::fields`] and the facts of [`Deal`], nothing else.
    async fn deals(&self, session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault>;

    /// Splits what a pull of everything has left after its first page into parts that may be read
    /// side by side; none where this CRM cannot tell for a call or two where the parts should
    /// begin, or where so little is left that it is not worth one.
    ///
    /// A part is read by [`Crm::deals`] like any place and is done when it has reached its end.
    /// How many parts there are is how many calls may be under way at once.
    async fn split(&self, _session: &Session, _from: &Cursor) -> Result<Option<Parts>, Fault> {
        Ok(None)
    }

    /// One deal as it is now; none where it is gone or not to be seen.
    async fn deal(&self, session: &Session, id: &DealId) -> Result<Option<Deal>, Fault>;

    /// These deals as they are now, in the same order; none for those gone or not to be seen.
    /// Accounts may be without their name.
    ///
    /// Asked for all that a write-back carries words to. Overridden where the CRM tells many in one
    /// call.
    async fn deals_now(
        &self,
        session: &Session,
        ids: &[DealId],
    ) -> Result<Vec<Option<Deal>>, Fault> {
        let calls: Vec<_> = ids.iter().map(|id| self.deal(session, id)).collect();
        stream::iter(calls)
            .buffered(self.profile().writes_at_once)
            .try_collect()
            .await
    }

    /// Which of our fields and views exist, under which names, and whether we may use them.
    async fn setup(&self, session: &Session, wanted: &Blueprint) -> Result<Setup, Fault>;

    /// Carries out one step of a set-up plan. Safe to repeat.
    async fn apply(&self, session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault>;

    /// What an admin clicks to do a step that this CRM has no API for; none where it has one.
    fn by_hand(&self, _wanted: &Blueprint, _step: &Step) -> Option<Vec<String>> {
        None
    }

    /// Writes a batch of at most [`Profile::write_batch`]; one outcome per update, in order.
    ///
    /// Texts are already cut to the field's length. A fault means that nothing is known about
    /// any record of the batch.
    async fn write(&self, session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault>;

    /// What a refusal means for us. Overridden where the status alone misleads.
    fn fault(&self, reply: &Reply) -> Fault {
        Fault::from_status(reply)
    }

    /// Which deals a push is about, once its signature is verified. Never what they contain.
    ///
    /// # Errors
    /// [`Rejected`], also where this CRM does not push.
    fn hint(&self, _push: &Push, _secret: &SecretString) -> Result<Vec<DealId>, Rejected> {
        Err(Rejected::Unsupported)
    }

    /// Who is looking at which deal, from a signed embed: with [`settings::Settings::embed_key`], or with what
    /// the CRM's own provider of identities publishes.
    ///
    /// # Errors
    /// [`Rejected`], also where this CRM does not sign embeds.
    async fn viewer(&self, _session: &Session, _push: &Push) -> Result<Viewer, Rejected> {
        Err(Rejected::Unsupported)
    }

    /// The address of a deal in the CRM's own pages, which begin where [`Identity::pages`] says.
    fn deal_url(&self, _pages: &url::Url, _id: &DealId) -> Option<String> {
        None
    }

    /// This CRM as a server, telling the same world.
    fn sandbox(&self, world: World) -> Sandbox;
}

/// What `docs/new-crm/run` makes a new CRM's folder of: compiled with the tests, so that it stays
/// fit for that.
#[cfg(test)]
#[path = "../../docs/new-crm/mod.rs"]
mod skeleton;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_crm_says_of_every_verb_that_it_is_not_there_yet() {
        let crm: &'static dyn Crm = &skeleton::Skeleton;
        let env = crate::env::Env::seeded(crate::env::Frozen::at(Default::default()), 1);
        let base = "http://127.0.0.1:9".parse().expect("an address");
        let settings = (crm.sandbox(World::new(env.clone(), 1, 1)).settings)(&base);
        let means = session::Means {
            client: crate::http::client().into(),
            env,
            vault: std::sync::Arc::new(Nothing),
        };
        let session = session::open(crm, settings.into(), Default::default(), &means);
        let session = session.expect("a session");

        let faults = [
            crm.whoami(&session).await.map(drop),
            crm.stages(&session).await.map(drop),
            crm.people(&session, &Cursor::default()).await.map(drop),
            crm.deals(&session, &Cursor::default()).await.map(drop),
            crm.write(&session, &[]).await.map(drop),
        ];

        for fault in faults {
            let Err(Fault::Setup(cause)) = fault else {
                panic!("{fault:?}")
            };
            assert_eq!(cause.code.as_deref(), Some("unsupported"));
            assert!(cause.message.contains("docs/adding-a-crm.md"));
        }
    }

    struct Nothing;

    #[async_trait]
    impl crate::http::token::Vault for Nothing {
        async fn load(&self) -> Result<Option<crate::http::token::Tokens>, Fault> {
            Ok(None)
        }

        async fn claim(&self, _: i64) -> Result<bool, Fault> {
            Ok(true)
        }

        async fn save(
            &self,
            tokens: crate::http::token::Tokens,
        ) -> Result<Option<crate::http::token::Tokens>, Fault> {
            Ok(Some(tokens))
        }

        async fn release(&self, _: i64) -> Result<(), Fault> {
            Ok(())
        }
    }
}
