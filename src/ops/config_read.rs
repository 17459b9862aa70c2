//! Reads the configuration: built-in defaults, those of the image, one file, the environment; says
//! what is wrong with it by key, value and remedy; prints what is in force.

use std::path::{Path, PathBuf};

use anyhow::bail;
use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env as EnvProvider, Format, Toml};

use super::config::{Config, DEFAULTS};

/// A key that differs from a known one by so much is not taken for a misspelling of it.
const ALIKE: f64 = 0.7;
/// Keys whose value is never repeated.
const SECRET: &[&str] = &[
    "key",
    "older_keys",
    "url",
    "smtp",
    "webhook",
    "client_secret",
    "private_key",
    "token",
    "push_secret",
    "embed_secret",
];

impl Config {
    /// Reads defaults, the file where one is given, and the environment. The defaults are the built-in
    /// ones and, above them, those of the file that `LATITUDE_DEFAULTS` names: an image has such.
    ///
    /// # Errors
    /// Naming the key, its value and where it stands.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut layers = Figment::from(Toml::string(DEFAULTS));
        let defaults = EnvProvider::var("LATITUDE_DEFAULTS").map(PathBuf::from);
        let named = [
            (defaults.as_deref(), "correct LATITUDE_DEFAULTS"),
            (file, "give one with --config"),
        ];
        for (file, remedy) in named {
            let Some(file) = file else {
                continue;
            };
            if !file.is_file() {
                bail!("{}: there is no such file; {remedy}", file.display());
            }
            layers = layers.merge(Toml::file_exact(file));
        }
        let layers = layers.merge(ours());
        let mut config = Self::taken(&layers)?;
        config.settle(&layers, file);
        Ok(config)
    }

    /// Reads defaults and a text in the form of the file; nothing from the environment.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn of(text: &str) -> anyhow::Result<Self> {
        Self::taken(&Figment::from(Toml::string(DEFAULTS)).merge(Toml::string(text)))
    }

    fn taken(layers: &Figment) -> anyhow::Result<Self> {
        let config: Self = layers.extract().map_err(|error| told(layers, error))?;
        config.check()?;
        Ok(config)
    }

    /// The configuration in force as a file that could be read again, but for its secrets.
    ///
    /// # Errors
    /// Never for what [`Config::read`] takes.
    pub fn printed(&self) -> anyhow::Result<String> {
        Ok(toml::to_string(self)?)
    }
}

/// The variables that set a key: `LATITUDE_FRAMEWORK`, and those with two underscores between the
/// parts. Others that begin alike are not ours: an orchestrator names a service's address so.
fn ours() -> EnvProvider {
    EnvProvider::prefixed("LATITUDE_")
        .filter(|key| key == "framework" || key.as_str().contains("__"))
        .split("__")
}

/// One clear sentence for each mistake: which key, what it says, what would do, where it stands.
fn told(layers: &Figment, error: figment::Error) -> anyhow::Error {
    let lines: Vec<String> = error.into_iter().map(|one| line(layers, &one)).collect();
    anyhow::anyhow!("configuration: {}", lines.join("; "))
}

fn line(layers: &Figment, one: &figment::Error) -> String {
    let mut path = one.path.clone();
    if let Kind::UnknownField(name, _) = &one.kind
        && path.last() != Some(name)
    {
        path.push(name.clone());
    }
    let key = path.join(".");
    let from_environment = one
        .metadata
        .as_ref()
        .is_some_and(|it| it.name.contains("environment"));
    let place = match one.metadata.as_ref().and_then(|it| it.source.as_ref()) {
        Some(source) => format!(" ({source})"),
        None if from_environment => {
            format!(" (LATITUDE_{})", path.join("__").to_ascii_uppercase())
        }
        None => String::new(),
    };
    let shown = match path.last() {
        Some(last) if !SECRET.contains(&last.as_str()) => value_of(layers, &key),
        _ => String::new(),
    };
    match &one.kind {
        Kind::UnknownField(name, known) => format!("{key}: {}{place}", no_such("key", name, known)),
        Kind::UnknownVariant(name, known) => {
            // A table may have such words for keys, too.
            let what = match path.last() == Some(name) {
                true => "key".to_owned(),
                false => format!("value `{name}`"),
            };
            format!("{key}: {}{place}", no_such(&what, name, known))
        }
        Kind::MissingField(name) => format!("{key}: it needs the key `{name}`{place}"),
        Kind::InvalidType(_, wanted) | Kind::InvalidValue(_, wanted) => {
            let wanted = remedy(&key).map_or_else(|| in_words(wanted), str::to_owned);
            format!("{key}{shown}: {wanted}{place}")
        }
        Kind::Message(said) if key.is_empty() => {
            // The file is no TOML: what is said spans lines and points at the place.
            format!("it cannot be read{place}:\n{}", said.trim_end())
        }
        other => match remedy(&key) {
            Some(remedy) => format!("{key}{shown}: {remedy}{place}"),
            None => format!("{key}{shown}: {other}{place}"),
        },
    }
}

/// ` = "value"`, where the key has one.
fn value_of(layers: &Figment, key: &str) -> String {
    use figment::value::Value;
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    match layers.find_value(key) {
        Ok(Value::String(_, text)) => format!(" = {}", quoted(&text)),
        Ok(Value::Char(_, one)) => format!(" = \"{one}\""),
        Ok(Value::Bool(_, yes)) => format!(" = {yes}"),
        Ok(Value::Num(_, num)) => num
            .to_i128()
            .map(|it| it.to_string())
            .or_else(|| num.to_f64().map(|it| it.to_string()))
            .map_or(String::new(), |it| format!(" = {it}")),
        _ => String::new(),
    }
}

/// What to write in place of a word nobody knows.
fn no_such(what: &str, name: &str, known: &[&str]) -> String {
    let like = |it: &&&str| strsim::jaro_winkler(it, name);
    let nearest = known
        .iter()
        .max_by(|a, b| like(a).total_cmp(&like(b)))
        .filter(|it| like(it) > ALIKE);
    match nearest {
        Some(nearest) => format!("there is no such {what}; did you mean `{nearest}`?"),
        None => format!(
            "there is no such {what}; write one of: {}",
            known.join(", ")
        ),
    }
}

/// What to write, in the words of the file in place of the program's.
fn in_words(wanted: &str) -> String {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "write a whole number, 0 or more".to_owned(),
        "a boolean" => "write true or false".to_owned(),
        "a string" | "string" | "path string" => "write a text between quotes".to_owned(),
        "a sequence" => "write a list, such as [\"…\", \"…\"]".to_owned(),
        "a map" => "write a table".to_owned(),
        _ if wanted.starts_with("struct ") => "write a table".to_owned(),
        other => format!("write {other}"),
    }
}

/// What to write, for kinds of values whose own message does not say.
fn remedy(key: &str) -> Option<&'static str> {
    let last = key.rsplit('.').next().unwrap_or_default();
    Some(match last {
        "listen" => "write an address and a port, such as 127.0.0.1:8080",
        "public_url" | "base_url" | "login_url" | "authorize_url" | "token_url" | "issuer" => {
            "write an address, such as https://acme.example"
        }
        "from" | "until" => "write a time, such as \"09:00:00\"",
        _ if key.contains("holidays") => "write days, such as \"2026-12-25\"",
        _ => return None,
    })
}
