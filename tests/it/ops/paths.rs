//! Where files lie: from which folder a path is meant, who makes a database and who does not, whose
//! the files are, and what the image has for defaults.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use latitude::ops::config::Config;
use latitude::ops::doctor::look_with;

use super::floor::{Floor, folder, sqlite};
use crate::stage::Stage;

const KEY: &str = "[secrets]\nkey = \"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\"\n";

fn latitude(within: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latitude"));
    command.current_dir(within).args(words);
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with a folder in it that holds a configuration.
fn installed(config: &str) -> (PathBuf, PathBuf) {
    let outer = folder();
    let inner = outer.join("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("latitude.toml"), config).unwrap();
    (outer, inner)
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_path_is_meant_from_the_folder_of_its_file() {
    for own in ["", "[database]\nurl = \"sqlite://data/latitude.db\"\n"] {
        let (outer, inner) = installed(&format!("{own}{KEY}"));
        let made = latitude(&inner, &["migrate", "--config", "latitude.toml"]).output();
        assert!(made.unwrap().status.success());
        assert!(inner.join("data/latitude.db").exists());

        let words = ["export", "--config", "inner/latitude.toml"];
        let copy = latitude(&outer, &words).output().unwrap();

        assert!(copy.status.success(), "{}", told(&copy));
        assert!(!outer.join("data").exists(), "{own}: another one was made");
    }
}

#[test]
fn a_database_that_lies_at_the_old_place_is_used_and_that_is_said() {
    let (outer, inner) = installed(KEY);
    let old = outer.join("data/latitude.db");
    let made = latitude(&outer, &["migrate"])
        .env(
            "LATITUDE_SECRETS__KEY",
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        )
        .output()
        .unwrap();
    assert!(made.status.success() && old.exists(), "{}", told(&made));

    let words = ["ledger", "--config", "inner/latitude.toml"];
    let read = latitude(&outer, &words).output().unwrap();
    assert!(read.status.success(), "{}", told(&read));
    assert!(
        told(&read).contains("of this folder is used"),
        "{}",
        told(&read)
    );
    let words = ["doctor", "--config", "inner/latitude.toml"];
    let doctor = latitude(&outer, &words).output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("note  paths: database.url means"), "{said}");
    assert!(!inner.join("data").exists());
}

#[test]
fn a_command_that_reads_makes_no_database() {
    let (outer, inner) = installed(KEY);
    let reads: &[&[&str]] = &[
        &["export"],
        &["export", "--person", "ada@acme.test"],
        &["ledger"],
        &["retry", "--connection", "acme"],
        &["erase", "--person", "ada@acme.test"],
        &["token", "list"],
        &["key", "--reseal"],
        &["doctor"],
        &["crm", "plan", "--connection", "acme"],
        &["crm", "stages", "--connection", "acme"],
    ];
    for words in reads {
        let all = [*words, &["--config", "inner/latitude.toml"]].concat();
        let ended = latitude(&outer, &all).output().unwrap();

        let said = format!("{}{}", told(&ended), String::from_utf8_lossy(&ended.stdout));
        assert!(!ended.status.success(), "{words:?}: {said}");
        // Of a connection that the file does not have, that is said first.
        let remedy = match words[0] {
            "crm" => "[connections.NAME], or name the file that has it with --config",
            _ => "latitude migrate",
        };
        assert!(said.contains(remedy), "{words:?}: {said}");
        assert!(!inner.join("data").exists(), "{words:?} made one");
        assert!(!outer.join("data").exists(), "{words:?} made one");
    }
}

#[test]
fn what_stood_in_the_file_of_an_export_stays_until_the_new_one_is_whole() {
    let (_, inner) = installed(KEY);
    let run = |words: &[&str]| {
        let words = [words, &["--config", "latitude.toml"]].concat();
        latitude(&inner, &words).output().unwrap()
    };
    let place = inner.join("copy.jsonl");
    fs::write(&place, "the copy of yesterday").unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o640)).unwrap();

    let failed = run(&["export", "--to", "copy.jsonl"]);
    assert!(!failed.status.success());
    assert_eq!(fs::read_to_string(&place).unwrap(), "the copy of yesterday");

    assert!(run(&["migrate"]).status.success());
    // It begins, and cannot go on: a person nobody knows.
    let failed = run(&[
        "export",
        "--to",
        "copy.jsonl",
        "--person",
        "nobody@acme.test",
    ]);
    assert!(!failed.status.success());
    assert_eq!(fs::read_to_string(&place).unwrap(), "the copy of yesterday");

    let copied = run(&["export", "--to", "copy.jsonl"]);
    assert!(copied.status.success(), "{}", told(&copied));
    let copy = fs::read_to_string(&place).unwrap();
    assert!(copy.contains("\"end\":true"), "{copy}");
    assert_eq!(mode(&place), 0o640, "the admin's rights stay");
    let names = fs::read_dir(&inner).unwrap();
    let mut names: Vec<_> = names.map(|it| it.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["copy.jsonl", "data", "latitude.toml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_with_private_words_are_their_owners_alone() {
    let (_, inner) = installed(KEY);
    let run = |words: &[&str]| {
        let words = [words, &["--config", "latitude.toml"]].concat();
        let ended = latitude(&inner, &words).output().unwrap();
        assert!(ended.status.success(), "{words:?}: {}", told(&ended));
    };
    run(&["migrate"]);
    run(&["export", "--to", "copy.jsonl"]);
    let database = inner.join("data/latitude.db");
    let config = Config::read(Some(&inner.join("latitude.toml"))).unwrap();
    let store = config.store(&latitude::env::Env::system()).await.unwrap();
    store.can_write().await.unwrap();
    for file in ["latitude.db", "latitude.db-wal", "latitude.db-shm"] {
        assert_eq!(mode(&inner.join("data").join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&inner.join("copy.jsonl")), 0o600);
    store.close().await;

    // One from before, as its admin has it.
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).unwrap();
    let checks = look_with(&config, &latitude::env::Env::system()).await;
    let rights = checks.iter().find(|it| it.check == "rights").unwrap();
    assert!(rights.found.contains("mode 644"), "{rights:?}");
    assert!(rights.remedy.contains("chmod 600"), "{rights:?}");
    assert_eq!(mode(&database), 0o644);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_fields_held_is_saved_for_its_owner_alone() {
    let database = sqlite();
    let stage = Stage::in_real_time(&database, 5).await;
    let config = stage.configuration(&database);
    let saved = folder().join("fields.jsonl");
    let ended = latitude(
        &folder(),
        &["crm", "destroy", "--connection", "acme", "--yes"],
    )
    .args(["--config".as_ref(), config.as_os_str()])
    .args(["--export".as_ref(), saved.as_os_str()])
    .output()
    .unwrap();
    assert!(ended.status.success(), "{}", told(&ended));
    assert_eq!(mode(&saved), 0o600);
}

/// The variables that the image sets, as its last stage says.
fn image_says() -> Vec<(String, String)> {
    let image = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile"));
    let image = image.unwrap();
    let last = image.rsplit("\nFROM ").next().unwrap();
    let words = last.split_whitespace().filter_map(|it| it.split_once('='));
    let set = words.filter(|(name, _)| name.starts_with("LATITUDE_"));
    set.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}

#[test]
fn the_mounted_file_beats_what_the_image_has_for_defaults() {
    let place = folder();
    let defaults = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/image.toml");
    let printed = |config: &str, more: &[(&str, &str)]| {
        let file = place.join("latitude.toml");
        fs::write(&file, config).unwrap();
        let mut command = latitude(&place, &["config", "--config", "latitude.toml"]);
        for (name, value) in image_says() {
            let value = value.replace("/usr/local/share/latitude", "");
            let value = match value.strip_prefix('/') {
                Some("image.toml") => defaults.display().to_string(),
                _ => value,
            };
            command.env(name, value);
        }
        let output = command.envs(more.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    };

    let alone = printed("", &[]);
    assert!(
        alone.contains("url = \"sqlite:///data/latitude.db\""),
        "{alone}"
    );
    assert!(alone.contains("listen = \"0.0.0.0:8080\""), "{alone}");
    assert!(alone.contains("format = \"json\""), "{alone}");
    let file = "[database]\nurl = \"postgres://base/latitude\"\n[web]\nlisten = \"0.0.0.0:80\"\n\
                [log]\nformat = \"text\"";
    let with_file = printed(file, &[]);
    assert!(
        with_file.contains("postgres://base/latitude"),
        "{with_file}"
    );
    assert!(with_file.contains("listen = \"0.0.0.0:80\""), "{with_file}");
    assert!(with_file.contains("format = \"text\""), "{with_file}");
    let set = [("LATITUDE_WEB__LISTEN", "0.0.0.0:81")];
    assert!(printed(file, &set).contains("listen = \"0.0.0.0:81\""));
}

/// A process that is stopped when the test ends, whichever way.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn the_health_of_a_worker_is_asked_where_it_tells_it() {
    let (web, watch) = (free_port(), free_port());
    let config = format!(
        "{KEY}[web]\nlisten = \"127.0.0.1:{web}\"\n[watch]\nlisten = \"127.0.0.1:{watch}\"\n"
    );
    let (_, inner) = installed(&config);
    let health = |wait: &str| {
        latitude(&inner, &["health", "--wait", wait])
            .env("LATITUDE_CONFIG", "latitude.toml")
            .output()
            .unwrap()
    };
    assert!(!health("0").status.success(), "nobody is there");

    let worker = latitude(&inner, &["worker", "--config", "latitude.toml"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _worker = Running(worker);

    let well = health("60");
    assert!(well.status.success(), "{}", told(&well));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_unwell_are_not_covered_up_by_who_watches() {
    let floor = Floor::ready(&sqlite(), 1).await;
    let well = floor.pages().await;
    let well: url::Url = well.parse().unwrap();
    // Something answers where the pages should, and says no.
    let unwell = &floor.served.base;
    let config = format!(
        "{KEY}[web]\nlisten = \"127.0.0.1:{}\"\n[watch]\nlisten = \"127.0.0.1:{}\"\n",
        unwell.port().unwrap(),
        well.port().unwrap()
    );
    let (_, inner) = installed(&config);

    let asked = latitude(&inner, &["health", "--config", "latitude.toml"]);
    let asked = { asked }.output().unwrap();

    assert!(!asked.status.success(), "{}", told(&asked));
    assert!(told(&asked).contains("answers with"), "{}", told(&asked));
}
