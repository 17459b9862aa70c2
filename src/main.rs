//! The `latitude` command: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    latitude::ops::cli::main()
}
