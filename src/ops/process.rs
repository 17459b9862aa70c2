//! What the operating system may do with this process' memory, where keys and tokens stand open while
//! they are used: nothing. A crash leaves no core dump, and no other process of the same user may read
//! the memory or attach a debugger; the machine's own administrator still may.

use rustix::process::{Resource, Rlimit, setrlimit};

/// Forbids core dumps and reading by others, for this process and those it starts.
///
/// # Errors
/// When the system refuses either.
pub fn keep_memory_private() -> std::io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    // The limit alone does not hold where cores are piped to a program.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
