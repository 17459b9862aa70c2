//! A newcomer's mistakes: each gives one clear sentence and an exit code, never a panic.

use std::process::Command;

fn latitude(config: &str, args: &[&str]) -> (i32, String) {
    let folder = std::env::temp_dir().join(format!(
        "latitude-config-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&folder).unwrap();
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

#[test]
fn each_mistake_is_named_with_key_value_and_remedy() {
    let mistakes: &[(&str, &[&str], &[&str])] = &[
        (
            "[sync]\npol_seconds = 5",
            &["config"],
            &["sync", "pol_seconds", "poll_seconds"],
        ),
        (
            "[sync]\npoll_seconds = 0",
            &["config"],
            &["sync.poll_seconds = 0"],
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
            "[web]\npublic_url = \"not an address\"",
            &["config"],
            &["web.public_url"],
        ),
        (
            "framework = \"nowhere.toml\"",
            &["sync", "--once"],
            &["nowhere.toml"],
        ),
        (
            "[connections.acme]\ncrm = \"sugar\"\nbase_url = \"https://acme.test\"",
            &["sync", "--once"],
            &["connections.acme.crm", "sugar", "write one of"],
        ),
        (
            "",
            &["sync", "--once"],
            &["no connection", "[connections.NAME]"],
        ),
    ];
    for (mistake, args, told) in mistakes {
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
