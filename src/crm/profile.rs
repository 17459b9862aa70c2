//! What the engine must know about a CRM, as data.

use crate::domain::text::Unit;
use crate::http::budget::Quota;
use crate::http::token::Header;

/// Facts about a CRM that never change at run time.
#[derive(Debug)]
pub struct Profile {
    /// The word in configuration files, and the folder's name.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// The ways to sign in that it really offers, the one to prefer first.
    pub sign_in: &'static [SignIn],
    /// What is asked for when a person signs in to Latitude with this CRM, to learn who they are and
    /// nothing else; none where its grant installs an app rather than says who one is.
    pub people: Option<&'static [&'static str]>,
    /// Where grants are exchanged: an address, or a path below the connection's `login_url`
    /// (`base_url` where that is not set).
    pub token_url: &'static str,
    /// Whether the app's id and secret stand in the token form or in a Basic header.
    pub client_in_form: bool,
    /// Where calls go.
    pub base: Base,
    /// How an access token stands in a call.
    pub bearer: Header,
    /// How a fixed token or API key stands in a call; none where the connector puts it in bodies.
    pub key: Option<Header>,
    /// Host endings that a connection may reach besides its own addresses.
    pub hosts: &'static [&'static str],
    /// The pace it allows.
    pub quotas: &'static [Quota],
    /// Calls a day that it allows an ordinary customer, where its answers do not say;
    /// Latitude takes its share of them.
    pub per_day: Option<u64>,
    /// The most records one write call may carry.
    pub write_batch: usize,
    /// How many write calls may be under way at once.
    pub writes_at_once: usize,
    /// The longest text a field that we create can hold.
    pub longest_text: usize,
    /// How it counts the length of a text.
    pub unit: Unit,
    /// Whether won and lost deals still take writes.
    pub closed_deals_take_writes: bool,
    /// Where its pages may frame ours (CSP `frame-ancestors` sources, or [`OWN_PAGES`]); empty where
    /// it embeds nothing.
    pub frame_ancestors: &'static [&'static str],
}

/// Stands among [`Profile::frame_ancestors`] for the origin of the connection's `base_url`.
pub const OWN_PAGES: &str = "{base_url}";

/// Where calls go.
#[derive(Clone, Copy, Debug)]
pub enum Base {
    /// The same address for everyone, unless the connection sets another.
    Fixed(&'static str),
    /// The member of the token answer that names it; the connection's `base_url` for other sign-ins.
    Member(&'static str),
    /// The connection's `base_url`.
    Settings,
}

/// A way to sign in.
#[derive(Clone, Copy, Debug)]
pub enum SignIn {
    /// A person agrees in the browser; a refresh token is kept.
    AuthorizationCode {
        /// An address, or a path below the connection's `login_url`.
        authorize: &'static str,
        /// What is asked for.
        scopes: &'static [&'static str],
        /// Whether the CRM knows PKCE.
        pkce: bool,
        /// Fixed parameters of the authorize address.
        extra: &'static [(&'static str, &'static str)],
    },
    /// The app's own id and secret.
    ClientCredentials {
        /// What is asked for; `{base}` stands for the connection's `base_url`.
        scopes: &'static [&'static str],
    },
    /// A statement signed with the app's private key, in the name of a user.
    JwtBearer {
        /// Whom the statement is for, unless the connection sets another.
        audience: &'static str,
    },
    /// A token or API key that an admin copies from the CRM.
    Token,
    /// A user name and a key, put into calls by the connector.
    Login,
}

impl SignIn {
    /// The word in configuration files.
    pub fn word(self) -> &'static str {
        match self {
            Self::AuthorizationCode { .. } => "authorization_code",
            Self::ClientCredentials { .. } => "client_credentials",
            Self::JwtBearer { .. } => "jwt_bearer",
            Self::Token => "token",
            Self::Login => "login",
        }
    }
}
