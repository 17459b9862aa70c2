//! The file that a SQLite address names: where it is, and whose it is. Drafts, confidence and private
//! notes lie in it, so that it is its owner's alone.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;

/// The file; none for another database, or for one in memory.
pub fn file(address: &str) -> Option<PathBuf> {
    let in_memory = address.contains(":memory:") || address.contains("mode=memory");
    if !address.starts_with("sqlite:") || in_memory {
        return None;
    }
    let options = SqliteConnectOptions::from_str(address).ok()?;
    Some(options.get_filename().to_owned())
}

/// The address of a file, with what follows the question mark.
pub fn address(file: &Path, rest: Option<&str>) -> String {
    let path = file.to_string_lossy();
    let path = path.replace('%', "%25").replace('?', "%3F");
    match rest {
        Some(rest) => format!("sqlite://{path}?{rest}"),
        None => format!("sqlite://{path}"),
    }
}

/// What of a file lies beside it while it is open.
pub fn beside(file: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|ending| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        name.into()
    })
}

/// Makes the file where it is not there yet, for its owner alone; SQLite gives what it puts beside
/// it the same rights. A file that is there stays as its admin set it.
///
/// # Errors
/// What the file system refuses.
pub fn make(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|it| *it != Path::new("")) {
        fs::create_dir_all(folder)?;
    }
    match private().create_new(true).open(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// How a file is opened to be written that is its owner's alone where it is made by that.
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Whether a file that is there can be read or written by others than its owner; in which mode.
pub fn open_to_others(file: &Path) -> Option<u32> {
    let mode = fs::metadata(file).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}
