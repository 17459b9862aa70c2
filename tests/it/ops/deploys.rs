//! What ops load into other programs fits what Latitude says and takes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use latitude::crm::session::{self, Means};
use latitude::crm::setup::FieldMap;
use latitude::env::Env;
use latitude::ops::config::Config;

use super::floor::{Floor, page, postgres, sqlite};
use crate::bench::Memory;

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn metric_names(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let words = text.split(word).filter(|it| it.starts_with("latitude_"));
    words.map(str::to_owned).collect()
}

#[tokio::test]
async fn dashboard_and_alerts_ask_for_metrics_that_exist_and_recipes_that_are_written() {
    let floor = Floor::ready(&sqlite(), 3).await;
    floor.reconcile().await;
    // A connection in trouble tells one metric more.
    floor
        .engine
        .session(&floor.id)
        .await
        .unwrap()
        .api
        .budget()
        .allow_per_day(0);
    floor.reconcile().await;
    let (_, metrics) = page(&format!("{}/metrics", floor.pages().await)).await;
    let told = metric_names(&metrics);
    let (dashboard, alerts) = (
        file("config/grafana-dashboard.json"),
        file("config/alerts.yml"),
    );
    let parsed: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    assert!(parsed["panels"].as_array().unwrap().len() > 8);

    for asked in metric_names(&dashboard).union(&metric_names(&alerts)) {
        assert!(told.contains(asked), "{asked} is not told:\n{metrics}");
    }
    let recipes: BTreeSet<String> = file("docs/operations.md")
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(|title| {
            title
                .to_lowercase()
                .replace([':', ','], "")
                .replace(' ', "-")
        })
        .collect();
    for line in alerts.lines().filter(|line| line.contains("recipe:")) {
        let (_, anchor) = line.split_once('#').unwrap();
        assert!(recipes.contains(anchor), "{anchor} is not in {recipes:?}");
    }
    assert!(metrics.ends_with("# EOF\n"));
}

#[test]
fn what_is_written_in_yaml_can_be_read() {
    use saphyr::{LoadableYamlNode, Yaml};
    for (name, documents) in [
        ("config/alerts.yml", 1),
        ("docker-compose.yml", 1),
        ("deploy/kubernetes.yaml", 4),
        (".github/workflows/ci.yml", 1),
    ] {
        let text = file(name);
        let read = Yaml::load_from_str(&text);
        let read = read.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.len(), documents, "{name}");
        assert!(read.iter().all(Yaml::is_mapping), "{name}");
    }
}

/// The words of a service's command.
fn command_of(compose: &saphyr::Yaml, service: &str) -> Vec<String> {
    let command = compose["services"][service]["command"].as_vec().unwrap();
    let words = command.iter().map(|word| word.as_str().unwrap().to_owned());
    words.collect()
}

/// Processes that are stopped when the test ends, whichever way.
struct Running(Vec<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        for process in &mut self.0 {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Plays docker-compose.yml without containers: the commands of its services, in their order, with
/// its configuration; only ports and paths are this machine's.
#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_compose_start_a_company_whose_deals_get_graded() {
    use saphyr::{LoadableYamlNode, Yaml};
    let text = file("docker-compose.yml");
    let compose = Yaml::load_from_str(&text).unwrap().remove(0);
    let database = match postgres().await {
        Some(database) => database,
        None => sqlite(),
    };
    let (pages, crm) = (free_port(), free_port());
    let config = super::floor::folder().join("latitude.toml");
    let said = file("config/compose.toml")
        .replace("0.0.0.0:8080", &format!("127.0.0.1:{pages}"))
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{pages}"))
        .replace("127.0.0.1:9000", &format!("127.0.0.1:{crm}"));
    std::fs::write(&config, said).unwrap();
    let place = config.to_str().unwrap();
    let key = &compose["services"]["latitude"]["environment"]["LATITUDE_SECRETS__KEY"];
    let key = key.as_str().unwrap().to_owned();
    let run = |service: &str| {
        let words = command_of(&compose, service).into_iter().map(|word| {
            word.replace("/etc/latitude.toml", place)
                .replace("9000", &crm.to_string())
        });
        let mut command = Command::new(env!("CARGO_BIN_EXE_latitude"));
        command
            .args(words)
            .env("LATITUDE_DATABASE__URL", &database)
            .env("LATITUDE_SECRETS__KEY", &key)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };

    let mut running = Running(vec![run("latitude").spawn().unwrap()]);
    running.0.push(run("sandbox").spawn().unwrap());
    for place in [
        format!("http://127.0.0.1:{crm}/__sandbox/stats"),
        format!("http://127.0.0.1:{pages}/ready"),
    ] {
        let mut health = Command::new(env!("CARGO_BIN_EXE_latitude"));
        let health = health.args(["health", "--wait", "30", "--url", &place]);
        assert!(health.status().unwrap().success(), "{place}");
    }
    assert!(run("set-up").status().unwrap().success());

    let graded = async || {
        let (_, metrics) = page(&format!("http://127.0.0.1:{pages}/metrics")).await;
        let ok = metrics.contains("crm=\"salesforce\",state=\"ok\"} 1");
        let line = |name: &str| {
            let mut lines = metrics.lines().filter(|line| line.starts_with(name));
            let line = lines.next()?;
            line.rsplit(' ').next()?.parse::<u64>().ok()
        };
        ok && line("latitude_open_deals") > Some(0) && line("latitude_waiting_writes") == Some(0)
    };
    let mut looks = 0;
    while !graded().await {
        looks += 1;
        assert!(looks < 600, "after a minute the deals are not graded");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn the_configurations_that_are_deployed_are_taken() {
    let read = Config::of(&file("config/compose.toml")).unwrap();
    assert!(read.connections["sandbox"].allow_private);

    let manifest = file("deploy/kubernetes.yaml");
    let inline: String = manifest
        .lines()
        .skip_while(|line| !line.contains("latitude.toml: |"))
        .skip(1)
        .take_while(|line| *line != "---")
        .map(|line| format!("{}\n", line.trim_start()))
        .collect();
    let read = Config::of(&inline).unwrap();
    assert_eq!(read.watch.place().unwrap().unwrap().port(), 9090);
}

#[test]
fn the_image_runs_without_rights_and_says_how_it_is() {
    let image = file("Dockerfile");
    let last = image.rsplit("\nFROM ").next().unwrap();

    for needed in [
        "USER 65532",
        "HEALTHCHECK",
        "STOPSIGNAL SIGTERM",
        "ENTRYPOINT [\"",
    ] {
        assert!(last.contains(needed), "{needed}");
    }
    for line in image.lines().filter(|line| line.starts_with("FROM ")) {
        assert!(!line.contains(":latest") && line.contains(':'), "{line}");
    }
    assert!(!image.contains("ADD ") && !image.contains("sudo"));
    for manifest in ["docker-compose.yml", "deploy/kubernetes.yaml"] {
        assert!(!file(manifest).contains("privileged: true"), "{manifest}");
    }
}

/// The blocks of one language in a document.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let opens = format!("```{language}\n");
    let parts = text.split(&opens).skip(1);
    let blocks = parts.filter_map(|part| part.split("\n```").next());
    blocks.map(str::to_owned).collect()
}

#[test]
fn the_page_of_each_crm_has_a_configuration_that_lacks_nothing() {
    for crm in latitude::crm::ALL {
        let name = format!("docs/crm/{}.md", crm.profile().id);
        let blocks = blocks(&file(&name), "toml");
        assert!(!blocks.is_empty(), "{name} shows no configuration");
        for block in blocks {
            let read = Config::of(&block).unwrap_or_else(|error| panic!("{name}: {error:#}"));
            let (_, settings) = read.connections.first_key_value().unwrap();
            assert_eq!(settings.crm, crm.profile().id);
            let means = Means {
                client: latitude::http::client().into(),
                env: Env::system(),
                vault: Arc::new(Memory::default()),
            };
            let fields = FieldMap::default();
            let opened = session::open(*crm, Arc::new(settings.clone()), fields, &means);
            if let Err(fault) = opened {
                panic!("{name}: {}", fault.cause());
            }
        }
    }
}
