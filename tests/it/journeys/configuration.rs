//! A newcomer's mistakes: each gives one clear sentence and an exit code, never a panic.

use std::process::Command;

use latitude::ops::config::{Config, DEFAULTS};

fn latitude(config: &str, args: &[&str]) -> (i32, String) {
    let folder = crate::scratch::folder();
    let file = folder.join("latitude.toml");
    let config = config.replace("{folder}", &folder.display().to_string());
    std::fs::write(&file, config).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_latitude"))
        .args(args)
        .arg("--config")
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), told)
}

/// A configuration that is fine, for mistakes to be made in.
const FINE: &str = r#"
[database]
url = "sqlite://{folder}/latitude.db"
[secrets]
key = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
"#;

/// A mistake, the command that meets it, and words that must be said.
type Mistake = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const MISTAKES: &[Mistake] = &[
    (
        "[sync]\npol_seconds = 5",
        &["config"],
        &[
            "sync.pol_seconds",
            "did you mean `poll_seconds`",
            "latitude.toml",
        ],
    ),
    (
        "[snyc]\npoll_seconds = 5",
        &["config"],
        &["snyc", "did you mean `sync`"],
    ),
    (
        "[retention]\nzzz = 5",
        &["config"],
        &["retention.zzz", "write one of: ledger_days, run_days"],
    ),
    (
        "[sync]\npoll_seconds = 0",
        &["config"],
        &["sync.poll_seconds = 0", "write 1 or more"],
    ),
    (
        "[worker]\nlanes = 0",
        &["config"],
        &["worker.lanes = 0", "1 or more"],
    ),
    (
        "[worker]\nlease_seconds = 1",
        &["config"],
        &["worker.lease_seconds = 1", "30"],
    ),
    (
        "[sync]\npoll_seconds = \"often\"",
        &["config"],
        &["sync.poll_seconds = \"often\"", "write a whole number"],
    ),
    (
        "[sync]\npoll_seconds = -5",
        &["config"],
        &["sync.poll_seconds = -5", "0 or more"],
    ),
    (
        "[web]\npublic_url = \"not an address\"",
        &["config"],
        &[
            "web.public_url = \"not an address\"",
            "https://acme.example",
        ],
    ),
    (
        "[web]\npublic_url = \"ftp://acme.test\"",
        &["config"],
        &["web.public_url", "http or https"],
    ),
    (
        "[web]\npublic_url = \"https://acme.test/latitude\"",
        &["config"],
        &["web.public_url", "without a path"],
    ),
    (
        "[web]\nlisten = \"8080\"",
        &["config"],
        &["web.listen = \"8080\"", "127.0.0.1:8080"],
    ),
    (
        "[web]\nops = [\"ada\"]",
        &["config"],
        &["web.ops", "ada", "e-mail address"],
    ),
    (
        "[web.roles]\n\"ada@acme.test\" = \"boss\"",
        &["config"],
        &["web.roles", "boss", "manager"],
    ),
    (
        "[web.sign_in]\nkind = \"saml\"",
        &["config"],
        &["web.sign_in", "saml", "openid"],
    ),
    (
        "[web.sign_in]\nkind = \"openid\"",
        &["config"],
        &["web.sign_in", "issuer"],
    ),
    (
        "[web.hours]\nfrom = \"9 o'clock\"",
        &["config"],
        &["web.hours.from", "9 o'clock", "09:00:00"],
    ),
    (
        "[web.hours]\nfrom = \"18:00:00\"",
        &["config"],
        &["web.hours.from", "before web.hours.until"],
    ),
    (
        "[web.frame_ancestors]\nacne = [\"https://acme.test\"]",
        &["config"],
        &["web.frame_ancestors.acne", "no such connection"],
    ),
    (
        "[log]\nlevel = \"inof\"",
        &["config"],
        &["log.level = \"inof\"", "debug"],
    ),
    (
        "[log]\nformat = \"jsn\"",
        &["config"],
        &["log.format", "did you mean `json`"],
    ),
    (
        "[watch]\nlisten = \"9090\"",
        &["config"],
        &["watch.listen = \"9090\"", "0.0.0.0:9090"],
    ),
    (
        "[web\nops = []",
        &["config"],
        &["latitude.toml", "invalid table header"],
    ),
    (
        "framework = \"nowhere.toml\"",
        &["sync", "--once"],
        &["nowhere.toml"],
    ),
    (
        "[connections.acme]\ncrm = \"sugar\"\nbase_url = \"https://acme.test\"",
        &["config"],
        &["connections.acme.crm", "sugar", "write one of"],
    ),
    (
        "[connections.acme]\ncrm = \"odoo\"\nsign_in = \"magic\"",
        &["config"],
        &["connections.acme", "magic", "use one of"],
    ),
    (
        "[connections.acme]\ncrm = \"odoo\"\nquota_percent = 120",
        &["config"],
        &["connections.acme.quota_percent = 120", "1 to 100"],
    ),
    (
        "[connections.acme]\ncrm = \"salesforce\"\nbase_url = \"https://acme.test\"\ncurrency = \"euro\"",
        &["config"],
        &[
            "connections.acme.currency = \"euro\"",
            "three capital letters",
        ],
    ),
    (
        "[connections.acme]\ncrm = \"odoo\"\nbase_ulr = \"https://acme.test\"",
        &["config"],
        &["connections.acme.base_ulr", "did you mean `base_url`"],
    ),
    (
        "[connections.acme.fields]\nscroe = \"x\"",
        &["config"],
        &["connections.acme.fields", "scroe", "score"],
    ),
    (
        "[connections.Acme]\ncrm = \"odoo\"",
        &["config"],
        &["connections.Acme", "lower-case"],
    ),
    (
        "",
        &["sync", "--once"],
        &["no connection", "[connections.NAME]"],
    ),
];

#[test]
fn each_mistake_is_named_with_key_value_and_remedy() {
    for (mistake, args, told) in MISTAKES {
        // Top-level keys must stand before the tables.
        let config = if mistake.starts_with("framework") {
            format!("{mistake}\n{FINE}")
        } else {
            format!("{FINE}\n{mistake}")
        };

        let (code, error) = latitude(&config, args);

        assert_ne!(code, 0, "{mistake}");
        assert!(!error.contains("panicked"), "{error}");
        for word in *told {
            assert!(error.contains(word), "{mistake}: {word} is not in {error}");
        }
        assert!(!error.contains("BwcHBwc"), "the key is shown: {error}");
    }
}

#[test]
fn what_is_printed_says_every_key_no_secret_and_can_be_read_again() {
    let secret = |n: u8| format!("canary-{n}");
    let fine = format!(
        "[database]\nurl = \"postgres://a:{}@db/x?sslpassword={}\"\n\
         [secrets]\nkey = \"{}\"\nolder_keys = [\"{}\"]\n\
         [web.sign_in]\nkind = \"openid\"\nissuer = \"https://id.test\"\nclient_id = \"x\"\n\
         client_secret = \"{}\"\n\
         [connections.acme]\ncrm = \"odoo\"\nclient_secret = \"{}\"\nprivate_key = \"{}\"\n\
         token = \"{}\"\npush_secret = \"{}\"\nembed_secret = \"{}\"\n\
         [connections.acme.fields]\nscore = \"x_score\"\n",
        secret(0),
        secret(1),
        secret(2),
        secret(3),
        secret(4),
        secret(5),
        secret(6),
        secret(7),
        secret(8),
        secret(9),
    );
    let config = Config::of(&fine).unwrap();

    let printed = config.printed().unwrap();
    let again = Config::of(&printed).unwrap().printed().unwrap();

    assert!(!printed.contains("canary"), "{printed}");
    assert_eq!(printed.matches("***").count(), 10, "{printed}");
    assert_eq!(again, printed);
    let defaults: toml::Table = toml::from_str(DEFAULTS).unwrap();
    let told: toml::Table = toml::from_str(&printed).unwrap();
    for (name, section) in &defaults {
        let keys = section.as_table().into_iter().flat_map(toml::Table::keys);
        for key in keys {
            assert!(told[name].get(key).is_some(), "{name}.{key} is not told");
        }
    }
}

#[test]
fn a_mistake_in_the_environment_is_named_by_its_variable() {
    let output = Command::new(env!("CARGO_BIN_EXE_latitude"))
        .arg("config")
        .env("LATITUDE_SYNC__POL_SECONDS", "5")
        .env("LATITUDE_SERVICE_HOST", "of somebody else")
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);

    assert!(!output.status.success());
    for word in ["LATITUDE_SYNC__POL_SECONDS", "did you mean `poll_seconds`"] {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_missing_or_wrong_key_is_found_at_start() {
    let none = "[database]\nurl = \"sqlite://{folder}/latitude.db\"";
    let short =
        "[database]\nurl = \"sqlite://{folder}/latitude.db\"\n[secrets]\nkey = \"c2hvcnQ=\"";

    for config in [none, short] {
        let (code, error) = latitude(config, &["migrate"]);

        assert_ne!(code, 0);
        assert!(
            error.contains("secrets.key") && error.contains("latitude key"),
            "{error}"
        );
    }
}

#[test]
fn a_database_that_is_down_is_one_sentence() {
    let down = FINE.replace(
        "sqlite://{folder}/latitude.db",
        "postgres://latitude:geheim@127.0.0.1:1/latitude",
    );

    let (code, error) = latitude(&down, &["migrate"]);

    assert_ne!(code, 0);
    assert!(error.contains("does not answer"), "{error}");
    assert!(!error.contains("geheim"), "the password is shown: {error}");
}

#[test]
fn a_connection_without_its_secret_blocks_and_says_so() {
    let config = format!(
        "{FINE}\n[connections.acme]\ncrm = \"{}\"\nbase_url = \"https://acme.test\"",
        latitude::crm::PREFERRED
    );

    let (code, error) = latitude(&config, &["sync", "--once"]);
    let output = error;

    assert_ne!(code, 0);
    assert!(!output.contains("panicked"), "{output}");
}
