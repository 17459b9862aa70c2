//! A file that is written whole or not at all: what stood there before stays until the end.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::store::place;

/// A file being written, its owner's alone where it is new. Dropped before [`Whole::end`], it never
/// was.
pub struct Whole {
    file: File,
    /// Where it is written, and where it goes then; none for what is no file, such as `/dev/null`.
    way: Option<(PathBuf, PathBuf)>,
}

impl Whole {
    /// Begins one, beside the place where it is to stand.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn begin(to: &Path) -> io::Result<Self> {
        let before = fs::metadata(to).ok();
        if before.as_ref().is_some_and(|it| !it.is_file()) {
            let file = File::options().write(true).open(to)?;
            return Ok(Self { file, way: None });
        }
        // Where a link leads, not over the link.
        let to = to.canonicalize().unwrap_or_else(|_| to.to_owned());
        let mut name = OsString::from(".");
        name.push(to.file_name().unwrap_or_default());
        name.push(format!(".{}", std::process::id()));
        let draft = to.with_file_name(name);
        let file = place::private().create(true).truncate(true).open(&draft)?;
        let whole = Self {
            file,
            way: Some((draft, to)),
        };
        if let Some(before) = before {
            whole.file.set_permissions(before.permissions())?;
        }
        Ok(whole)
    }

    /// Puts it where it is to stand.
    ///
    /// # Errors
    /// What the file system refuses; what stood there before stays then.
    pub fn end(mut self) -> io::Result<()> {
        self.file.flush()?;
        if let Some((draft, to)) = &self.way {
            self.file.sync_all()?;
            fs::rename(draft, to)?;
            self.way = None;
        }
        Ok(())
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some((draft, _)) = &self.way
            && let Err(error) = fs::remove_file(draft)
        {
            tracing::warn!(%error, "{} stays", draft.display());
        }
    }
}
