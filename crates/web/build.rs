//! Has the crate built again when the app was: which files it embeds is known only once they are there.

use std::path::Path;

fn main() {
    // Without a build its folder is watched for; without the app's source, nothing is.
    let watched = ["../../web/build", "../../web", "build.rs"].into_iter().find(|path| Path::new(path).exists());
    println!("cargo::rerun-if-changed={}", watched.unwrap_or("build.rs"));
}
