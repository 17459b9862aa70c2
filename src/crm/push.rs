//! What a CRM sends to us: hints that something changed, and signed embeds.

use std::collections::BTreeMap;

use crate::domain::Time;
use crate::domain::ids::{DealId, PersonId};

/// A request that came in from a CRM, as it arrived.
#[derive(Clone, Debug)]
pub struct Push {
    /// HTTP method.
    pub method: String,
    /// The full public address it was sent to, query included.
    pub url: String,
    /// Header names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// When it arrived.
    pub now: Time,
}

impl Push {
    /// A header's text; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// A query parameter, decoded; the first of that name.
    pub fn query(&self, name: &str) -> Option<String> {
        self.queried(name).into_iter().next()
    }

    /// Every query parameter of a name, decoded.
    pub fn queried(&self, name: &str) -> Vec<String> {
        let Ok(url) = url::Url::parse(&self.url) else {
            return Vec::new();
        };
        let named = url.query_pairs().filter(|(key, _)| key == name);
        named.map(|(_, value)| value.into_owned()).collect()
    }

    /// A parameter of a form body, decoded.
    pub fn form(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(&self.body)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// Why a push or an embed is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// This CRM has no such thing.
    #[error("this CRM does not sign such requests")]
    Unsupported,
    /// Not signed with the secret we share, or not signed.
    #[error("the signature does not fit")]
    Signature,
    /// Signed, but too long ago or in the future.
    #[error("the request is too old")]
    Stale,
    /// Signed, but its content is not what it should be.
    #[error("the request has another shape than documented")]
    Malformed,
    /// Signed, for someone whom the CRM does not know.
    #[error("the person is not one of this CRM's")]
    Unknown,
    /// What would prove it could not be had.
    #[error("what would prove it does not answer")]
    Unchecked,
}

/// Who is looking at which deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The CRM's id of the person, where the embed says it.
    pub person: Option<PersonId>,
    /// Their address, where the embed says it.
    pub email: Option<String>,
    /// The deal the panel stands beside.
    pub deal: DealId,
    /// The CRM's id of the organisation, to be compared with the connection's.
    pub organisation: Option<String>,
    /// What proves this one embed, and is believed once.
    pub proof: Proof,
}

/// What proves one embed: used once, and remembered until it would not be believed any more.
///
/// It is made of what a signature says, never of how that is written down: base64 has many
/// spellings of the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The signature's bytes, as hex.
    pub mark: String,
    /// Whether the embed says when it was made, so that it lapses by itself.
    pub lapses: bool,
}

impl Proof {
    /// A signature whose embed says when it was made, or does not.
    pub fn of(signature: &[u8], lapses: bool) -> Self {
        let mark = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { mark, lapses }
    }
}
