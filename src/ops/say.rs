//! Printing to whoever reads. `latitude ledger | head` closes the pipe when it has read enough: that
//! is no error, and what would follow is for nobody.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// Prints a line, as `println!` does; ends the process quietly where nobody reads any more.
macro_rules! say {
    ($($told:tt)*) => {
        $crate::ops::say::line(format_args!($($told)*))
    };
}
pub(super) use say;

/// Prints a line.
pub fn line(told: Arguments<'_>) {
    text(format_args!("{told}\n"));
}

/// Prints a text as it is.
pub fn text(told: Arguments<'_>) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_fmt(told).and_then(|()| out.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        // As where the disk is full that the output goes to.
        eprintln!("latitude: the output cannot be written: {error}");
        std::process::exit(1);
    }
}

/// Whether an error is only that nobody reads any more.
pub fn nobody_reads(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|it| it.kind() == ErrorKind::BrokenPipe)
    })
}
