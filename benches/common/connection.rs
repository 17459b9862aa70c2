//! The table of a connection in a configuration file, secrets and all: for processes of their own.

use latitude::crm::settings::Settings;
use secrecy::{ExposeSecret, SecretString};

/// A text as TOML writes it.
pub fn text(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

/// The table; `more` stands at its top.
pub fn connection(id: &str, settings: &Settings, more: &str) -> String {
    let secret = |it: &Option<SecretString>| it.as_ref().map(|it| it.expose_secret().to_owned());
    let url = |it: &Option<url::Url>| it.as_ref().map(url::Url::to_string);
    let words = [
        ("crm", Some(settings.crm.clone())),
        ("base_url", url(&settings.base_url)),
        ("login_url", url(&settings.login_url)),
        ("token_url", url(&settings.token_url)),
        ("sign_in", settings.sign_in.clone()),
        ("client_id", settings.client_id.clone()),
        ("user", settings.user.clone()),
        ("database", settings.database.clone()),
        ("client_secret", secret(&settings.client_secret)),
        ("token", secret(&settings.token)),
        ("push_secret", secret(&settings.push_secret)),
    ];
    let mut table =
        format!("[connections.{id}]\nallow_private = true\nquota_percent = 100\n{more}\n");
    for (key, value) in words {
        if let Some(value) = value {
            table += &format!("{key} = {}\n", text(&value));
        }
    }
    table
}
