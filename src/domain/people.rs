//! Who owns deals, and who serves whom.

use super::ids::PersonId;

/// A user of the CRM: a seller, a manager, or anyone who owes answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The CRM's id.
    pub id: PersonId,
    /// Display name.
    pub name: String,
    /// Work address, where the CRM shows it; the key that sign-in matches on.
    pub email: Option<String>,
    /// Whether the account may still sign in to the CRM.
    pub active: bool,
    /// Whom this person reports to, where the CRM knows it.
    pub manager: Option<PersonId>,
    /// IANA name such as `Europe/Berlin`, where the CRM knows it.
    pub time_zone: Option<String>,
}
