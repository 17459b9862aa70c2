//! Printing to whoever reads. `latitude ledger | head` closes the pipe when it has read enough: that
//! is no error, and what would follow is for nobody. The work goes on all the same, and the exit code
//! says how it ended: whoever stops reading has not said stop.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU8, Ordering};

/// Prints a line, as `println!` does; nothing any more once nobody reads.
macro_rules! say {
    ($($told:tt)*) => {
        $crate::ops::say::line(format_args!($($told)*))
    };
}
pub(super) use say;

/// Prints a line to stderr, as `eprintln!` does; where nobody reads that, it is lost.
macro_rules! remark {
    ($($told:tt)*) => {
        drop(std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("{}\n", format_args!($($told)*)),
        ))
    };
}
pub(super) use remark;

/// Whether what is printed arrives.
static OUTPUT: AtomicU8 = AtomicU8::new(ARRIVES);
const ARRIVES: u8 = 0;
/// Nobody reads any more.
const UNREAD: u8 = 1;
/// It could not be written, as where the disk is full that it goes to.
const LOST: u8 = 2;

/// Prints a line.
pub fn line(told: Arguments<'_>) {
    text(format_args!("{told}\n"));
}

/// Prints a text as it is.
pub fn text(told: Arguments<'_>) {
    if OUTPUT.load(Ordering::Relaxed) != ARRIVES {
        return;
    }
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_fmt(told).and_then(|()| out.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            OUTPUT.store(UNREAD, Ordering::Relaxed);
            return;
        }
        OUTPUT.store(LOST, Ordering::Relaxed);
        remark!("latitude: the output cannot be written: {error}");
    }
}

/// The exit code of work that ended with `code`: a failure too where what it printed was lost.
pub fn ended(code: ExitCode) -> ExitCode {
    match OUTPUT.load(Ordering::Relaxed) {
        LOST => ExitCode::FAILURE,
        _ => code,
    }
}

/// Whether an error is only that nobody reads any more.
pub fn nobody_reads(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|it| it.kind() == ErrorKind::BrokenPipe)
    })
}
