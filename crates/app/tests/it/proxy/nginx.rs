//! An nginx of our own with the shipped configuration, in front of nodes that a test plays itself.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use marquee_kv::testing::free_port;
use marquee_testkit::eventually;
use tempfile::TempDir;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/nginx");

/// A node as nginx is told of it: its address, and where it says whether it can sell.
pub(super) struct Node {
    pub(super) address: SocketAddr,
    pub(super) readyz: String,
}

/// Ends when it is dropped.
pub(super) struct Nginx {
    folder: TempDir,
    address: SocketAddr,
    process: Child,
}

impl Nginx {
    /// Starts it before these nodes.
    pub(super) async fn before(nodes: &[Node]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Its workers are nobody where we are root, and have to get through.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        install(folder.path(), address, nodes);
        let checked = nginx(folder.path()).arg("-t").output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        let process = nginx(folder.path()).args(["-g", "daemon off;"]).spawn().unwrap();
        eventually("nginx listens", async || std::net::TcpStream::connect(address).ok()).await;
        Self { folder, address, process }
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it wrote down of the requests it passed on.
    pub(super) fn access_log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("logs/access.log")).unwrap()
    }

    pub(super) fn upstream_file(&self) -> PathBuf {
        self.folder.path().join("marquee/upstream.conf")
    }

    /// What makes it read its configuration again.
    pub(super) fn reload_command(&self) -> Vec<String> {
        let command = nginx(self.folder.path());
        let words = [command.get_program()].into_iter().chain(command.get_args());
        words.map(|word| word.to_str().unwrap().to_owned()).chain(["-s".to_owned(), "reload".to_owned()]).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its workers, which SIGKILL would leave behind.
        drop(Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status());
        drop(self.process.wait());
    }
}

fn nginx(folder: &Path) -> Command {
    let mut command = Command::new(if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" });
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// Puts the shipped files where nginx looks for them; nodes and address alone are ours.
fn install(folder: &Path, address: SocketAddr, nodes: &[Node]) {
    for below in ["conf.d", "marquee", "logs"] {
        std::fs::create_dir(folder.join(below)).unwrap();
    }
    let shipped = |name: &str| Path::new(SHIPPED).join(name);
    std::fs::copy(shipped("nginx.conf"), folder.join("nginx.conf")).unwrap();
    std::fs::copy(shipped("marquee.conf"), folder.join("conf.d/marquee.conf")).unwrap();
    std::fs::copy(shipped("marquee/problem.conf"), folder.join("marquee/problem.conf")).unwrap();
    std::fs::write(folder.join("marquee/listen.conf"), format!("listen {address};\n")).unwrap();
    let upstream = std::fs::read_to_string(shipped("marquee/upstream.conf")).unwrap();
    let mut nodes = nodes.iter();
    let ours = upstream.lines().filter_map(|line| {
        let Some((_, settings)) = line.trim().strip_prefix("server ").and_then(|rest| rest.split_once(' ')) else {
            return Some(line.to_owned());
        };
        let settings = settings.split(" # ").next()?;
        // A node of the file for each of ours, and no more.
        nodes.next().map(|node| format!("    server {} {settings} # {}", node.address, node.readyz))
    });
    let ours: Vec<String> = ours.collect();
    assert!(nodes.next().is_none(), "the file names fewer nodes");
    std::fs::write(folder.join("marquee/upstream.conf"), ours.join("\n")).unwrap();
}
