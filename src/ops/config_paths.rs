//! Paths in the configuration that are not whole: from where they are meant.
//!
//! What stands in a file is meant from that file's folder, a built-in default from the folder of the
//! file that is given, so that a command finds the same in whichever folder it is run; what the
//! environment says, from the folder in which the command is run. Until this was so, all of them were
//! meant from there: what lies there and only there is used still, and that is said.

use std::path::{Path, PathBuf};

use figment::{Figment, Source};
use secrecy::ExposeSecret;

use super::config::Config;
use crate::store::place;

impl Config {
    /// Makes the paths whole, as far as a folder is known for them.
    pub(super) fn settle(&mut self, layers: &Figment, given: Option<&Path>) {
        let folder = |key: &str| folder_of(layers, key, given);
        let mut remarks = Vec::new();
        for (key, path) in [
            ("framework", &mut self.framework),
            ("secrets.key_file", &mut self.secrets.key_file),
        ] {
            if let Some(folder) = folder(key).filter(|_| !path.as_os_str().is_empty()) {
                *path = settled(key, path, &folder, &mut remarks);
            }
        }
        let address = self.database.url.expose_secret();
        if let (Some(file), Some(folder)) = (place::file(address), folder("database.url")) {
            let settled = settled("database.url", &file, &folder, &mut remarks);
            if settled != file {
                let rest = address.split_once('?').map(|(_, rest)| rest);
                self.database.url = place::address(&settled, rest).into();
            }
        }
        self.remarks = remarks;
    }
}

/// From where a key's path is meant; none where that is the folder in which the command is run.
fn folder_of(layers: &Figment, key: &str, given: Option<&Path>) -> Option<PathBuf> {
    let told = layers.find_metadata(key)?;
    let file = match &told.source {
        Some(Source::File(file)) => file.as_path(),
        _ if told.name.contains("environment") => return None,
        _ => given?,
    };
    let folder = file.parent()?;
    (folder != Path::new("")).then(|| folder.to_owned())
}

/// A path as it is meant, or where it lies still.
fn settled(key: &str, path: &Path, folder: &Path, remarks: &mut Vec<String>) -> PathBuf {
    let meant = folder.join(path);
    let same = || match (meant.canonicalize(), path.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    if path.is_absolute() || !path.exists() || same() {
        return meant;
    }
    let (here, there) = (path.display(), meant.display());
    if meant.exists() {
        remarks.push(format!(
            "{key} means {there}; there is a {here} in this folder too, which is not used"
        ));
        return meant;
    }
    remarks.push(format!(
        "{key} means {there}, where nothing is: {here} of this folder is used. Move it there, or write \
         its whole path"
    ));
    path.to_owned()
}
