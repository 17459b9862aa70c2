//! What ops load into other programs fits what Latitude says and takes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use latitude::ops::config::Config;

use super::floor::{Floor, page, sqlite};

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
