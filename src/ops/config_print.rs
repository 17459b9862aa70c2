//! Prints the configuration in force, in the form of the file, secrets masked.

use secrecy::{ExposeSecret, SecretString};

use super::config::{Config, LogFormat};
use crate::crm::settings::Settings;

/// What stands in place of a secret that is set.
const MASK: &str = "***";

/// The configuration as a file that could be read again, but for its secrets.
pub fn masked(config: &Config) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        text.push_str(&format!("{key} = {value}\n"));
    };
    let quoted = |value: &str| toml::Value::String(value.to_owned()).to_string();
    line(
        "framework",
        &quoted(&config.framework.display().to_string()),
    );
    line(
        "\n[database]\nurl",
        &quoted(&without_password(config.database.url.expose_secret())),
    );
    line("\n[web]\nlisten", &quoted(&config.web.listen.to_string()));
    line("public_url", &quoted(config.web.public_url.as_str()));
    line(
        "\n[sync]\npoll_seconds",
        &config.sync.poll_seconds.to_string(),
    );
    line("\n[worker]\nlanes", &config.worker.lanes.to_string());
    line("lease_seconds", &config.worker.lease_seconds.to_string());
    line("\n[secrets]\nkey", &quoted(mask(&config.secrets.key)));
    line(
        "key_file",
        &quoted(&config.secrets.key_file.display().to_string()),
    );
    let older: Vec<String> = config
        .secrets
        .older_keys
        .iter()
        .map(|it| quoted(mask(it)))
        .collect();
    line("older_keys", &format!("[{}]", older.join(", ")));
    line("\n[watch]\nlisten", &quoted(&config.watch.listen));
    let keep = &config.retention;
    line("\n[retention]\nledger_days", &keep.ledger_days.to_string());
    line("run_days", &keep.run_days.to_string());
    line("closed_deal_days", &keep.closed_deal_days.to_string());
    line("\n[nudges]\nsmtp", &quoted(mask(&config.nudges.smtp)));
    line("from", &quoted(&config.nudges.from));
    line("webhook", &quoted(mask(&config.nudges.webhook)));
    line("\n[log]\nlevel", &quoted(&config.log.level));
    line(
        "format",
        if config.log.format == LogFormat::Json {
            "\"json\""
        } else {
            "\"text\""
        },
    );
    line("traces", &quoted(&config.log.traces));
    for (name, settings) in &config.connections {
        line(
            &format!("\n[connections.{name}]\ncrm"),
            &quoted(&settings.crm),
        );
        for (key, value) in facts(settings, Secrets::Masked) {
            line(key, &quoted(&value));
        }
        for (field, name) in &settings.fields {
            line(&format!("fields.{}", field.name()), &quoted(name));
        }
        line("allow_private", &settings.allow_private.to_string());
        line("quota_percent", &settings.quota_percent().to_string());
        line("dry_run", &settings.dry_run.to_string());
    }
    text
}

/// Whether secrets stand as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// A mask stands in their place.
    Masked,
    /// They stand as they are; for sandboxes, whose secrets are none.
    Plain,
}

/// The texts of one connection that are set, by key.
pub fn facts(settings: &Settings, secrets: Secrets) -> Vec<(&'static str, String)> {
    let plain = |text: &Option<String>| text.clone();
    let address = |url: &Option<url::Url>| {
        url.as_ref()
            .map(|it| it.as_str().trim_end_matches('/').to_owned())
    };
    let secret = |secret: &Option<SecretString>| match (secret, secrets) {
        (Some(_), Secrets::Masked) => Some(MASK.to_owned()),
        (Some(secret), Secrets::Plain) => Some(secret.expose_secret().to_owned()),
        (None, _) => None,
    };
    [
        ("sign_in", plain(&settings.sign_in)),
        ("base_url", address(&settings.base_url)),
        ("login_url", address(&settings.login_url)),
        ("authorize_url", address(&settings.authorize_url)),
        ("token_url", address(&settings.token_url)),
        ("client_id", plain(&settings.client_id)),
        ("client_secret", secret(&settings.client_secret)),
        ("private_key", secret(&settings.private_key)),
        ("audience", plain(&settings.audience)),
        ("token", secret(&settings.token)),
        ("user", plain(&settings.user)),
        ("database", plain(&settings.database)),
        ("api_version", plain(&settings.api_version)),
        ("push_secret", secret(&settings.push_secret)),
        ("embed_secret", secret(&settings.embed_secret)),
        ("prefix", plain(&settings.prefix)),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

fn mask(secret: &SecretString) -> &'static str {
    if secret.expose_secret().is_empty() {
        ""
    } else {
        MASK
    }
}

fn without_password(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(mut url) if url.password().is_some() => match url.set_password(Some(MASK)) {
            Ok(()) => url.to_string(),
            Err(()) => MASK.to_owned(),
        },
        _ => address.to_owned(),
    }
}
