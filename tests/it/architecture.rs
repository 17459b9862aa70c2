//! The house stays as `ARCHITECTURE.md` draws it: layers, file sizes, sandboxes blind to the wire.

use std::fs;
use std::path::{Path, PathBuf};

/// Which module may use which; a module may always use itself.
const EDGES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("env", &["domain"]),
    ("http", &["domain", "env"]),
    ("crm", &["domain", "env", "http", "sandbox"]),
    ("store", &["domain", "env"]),
    ("sync", &["domain", "env", "http", "crm", "store"]),
    ("web", &["domain", "env", "http", "crm", "store", "sync"]),
    ("sandbox", &["domain", "env", "crm"]),
    (
        "ops",
        &[
            "domain", "env", "http", "crm", "store", "sync", "web", "sandbox",
        ],
    ),
];

/// No file is longer than this many lines, and nine in ten are shorter than [`MOST_LINES_P90`].
const MOST_LINES: usize = 500;
const MOST_LINES_P90: usize = 350;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if let Ok(text) = fs::read_to_string(&path) {
            found.push((path, text));
        }
    }
    found
}

fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            files.push((path, text));
        }
    }
    files
}

fn used_modules(text: &str) -> Vec<String> {
    text.split("crate::")
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn each_layer_uses_only_the_layers_it_may() {
    let mut wrong = Vec::new();
    for (path, text) in rust_files(&root().join("src")) {
        let place = path.strip_prefix(root().join("src")).unwrap().to_owned();
        let Some(layer) = place.iter().next().and_then(|first| first.to_str()) else {
            continue;
        };
        let layer = layer.trim_end_matches(".rs");
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == layer) else {
            continue;
        };
        for used in used_modules(&text) {
            if used != layer
                && EDGES.iter().any(|(name, _)| *name == used)
                && !allowed.contains(&&*used)
            {
                wrong.push(format!("{} uses {used}", place.display()));
            }
        }
    }

    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn files_stay_short() {
    let files = rust_files(&root().join("src"));
    let mut lengths: Vec<usize> = files.iter().map(|(_, text)| text.lines().count()).collect();
    lengths.sort_unstable();

    let long: Vec<String> = files
        .iter()
        .filter(|(_, text)| text.lines().count() > MOST_LINES)
        .map(|(path, _)| path.display().to_string())
        .collect();

    assert_eq!(long, Vec::<String>::new());
    let p90 = lengths[lengths.len() * 9 / 10];
    assert!(
        p90 <= MOST_LINES_P90,
        "nine in ten files are up to {p90} lines long"
    );
}

#[test]
fn a_sandbox_never_sees_its_connectors_wire_shapes() {
    for (path, text) in rust_files(&root().join("src/crm")) {
        let place = path.display().to_string();
        if place.contains("/sandbox") {
            assert!(!text.contains("wire"), "{place} speaks of wire shapes");
        }
    }
}

#[test]
fn nothing_outside_its_folder_names_a_crm() {
    let crms: Vec<&str> = latitude::crm::ALL
        .iter()
        .map(|crm| crm.profile().id)
        .collect();
    for (path, text) in rust_files(&root().join("src")) {
        let place = path
            .strip_prefix(root().join("src"))
            .unwrap()
            .display()
            .to_string();
        if place == "crm/mod.rs" {
            continue;
        }
        for crm in &crms {
            let own = place.starts_with(&format!("crm/{crm}/"));
            let named = text.to_lowercase().contains(crm);
            assert!(own || !named, "{place} names {crm}");
        }
    }
}

/// What is shipped beside the code, and is read by people who use another CRM.
#[test]
fn nothing_that_is_shipped_names_one_crm_before_others() {
    let crms: Vec<&str> = latitude::crm::ALL
        .iter()
        .map(|crm| crm.profile().id)
        .collect();
    let mut shipped: Vec<(PathBuf, String)> = ["templates", "migrations", "assets"]
        .iter()
        .flat_map(|folder| files(&root().join(folder)))
        .collect();
    for file in ["default.toml", "framework.toml", "alerts.yml"] {
        let path = root().join("config").join(file);
        shipped.push((path.clone(), fs::read_to_string(&path).unwrap()));
    }
    for (path, text) in shipped {
        for crm in &crms {
            let named = text.to_lowercase().contains(crm);
            assert!(!named, "{} names {crm}", path.display());
        }
    }
}

#[test]
fn a_new_crm_gets_its_folder_its_page_and_its_two_lines() {
    let scratch = crate::scratch::folder();
    let registry = scratch.join("src/crm/mod.rs");
    fs::create_dir_all(registry.parent().unwrap()).unwrap();
    fs::copy(root().join("src/crm/mod.rs"), &registry).unwrap();

    for (name, called) in [("acme", "Acme CRM"), ("zzz", "Zzz"), ("kappa", "Kappa")] {
        let made = std::process::Command::new(root().join("docs/new-crm/run"))
            .args([name, called])
            .env("NEW_CRM_ROOT", &scratch)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        for file in ["mod.rs", "wire.rs", "sandbox.rs"] {
            let text = fs::read_to_string(scratch.join(format!("src/crm/{name}/{file}"))).unwrap();
            assert!(!text.to_lowercase().contains("skeleton"), "{name}/{file}");
        }
        let page = fs::read_to_string(scratch.join(format!("docs/crm/{name}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {called}\n")), "{page}");
    }

    let text = fs::read_to_string(&registry).unwrap();
    let lines = |start: &str, end: &str| -> Vec<String> {
        let lines = text
            .lines()
            .filter(|it| it.starts_with(start) && it.ends_with(end));
        lines.map(str::to_owned).collect()
    };
    let mods: Vec<String> = lines("mod ", ";")
        .into_iter()
        .filter(|it| it != "mod skeleton;")
        .collect();
    let listed = lines("    &", ",");
    for found in [&mods, &listed] {
        assert_eq!(found.len(), latitude::crm::ALL.len() + 3, "{found:?}");
        assert!(found.is_sorted(), "{found:?}");
    }
    assert!(listed.contains(&"    &acme::Acme,".to_owned()));
    fs::remove_dir_all(&scratch).unwrap();
}

#[test]
fn every_crm_folder_is_in_the_registry_under_its_own_name() {
    let mut folders: Vec<String> = fs::read_dir(root().join("src/crm"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    folders.sort();

    let ids: Vec<&str> = latitude::crm::ALL
        .iter()
        .map(|crm| crm.profile().id)
        .collect();

    assert_eq!(ids, folders);
}
