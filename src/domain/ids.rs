//! One newtype per noun, so that a deal's id cannot be passed as a person's.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<String>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// One CRM installation that Latitude is connected to, named in the configuration.
    ConnectionId,
    /// A deal, by the id its CRM gave it.
    DealId,
    /// A seller, manager or any other user of the CRM, by the CRM's id.
    PersonId,
    /// A stage, by the CRM's id (the name where the CRM has no other).
    StageId,
    /// A pipeline, by the CRM's id.
    PipelineId,
}
