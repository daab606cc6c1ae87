//! The `marquee` program.

use std::process::ExitCode;

use clap::Parser;

/// Faster than the system's allocator under many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    marquee::commands::run(marquee::commands::Arguments::parse())
}
