//! What the file systems say beneath state and ledger: whether they sync, lock and have room.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::{Access, access, statfs, statvfs};

use super::finding::{Finding, Standing};
use crate::context::Folder;
use crate::files;
use crate::hook::spool;
use crate::state::State;

/// Below this many bytes free an append may soon fail: sixteen segments.
const LITTLE: u64 = 1 << 30;
/// A sync that takes longer makes every append as slow.
const SLOW: u128 = 100;
/// The file that is synced to see whether that works.
const PROBE: &str = "doctor.probe";

/// File systems by their number (Linux, `statfs(2)`), where a ledger is not at home, and why.
const DOUBTFUL: [(u64, &str); 9] = [
    (0x6969, "NFS: locks and syncs may not hold"),
    (0xff53_4d42, "CIFS: locks and syncs may not hold"),
    (0xfe53_4d42, "SMB: locks and syncs may not hold"),
    (0x0102_1997, "9p: locks and syncs may not hold"),
    (0x00c3_6400, "Ceph: locks and syncs may not hold"),
    (0x0bd0_0bd0, "Lustre: locks and syncs may not hold"),
    (0x6573_5546, "FUSE: locks and syncs are as good as its program"),
    (0x794c_7630, "an overlay: what is written goes with its container"),
    (0x0102_1994, "in memory: all is lost with the power"),
];

/// The state folder: it is synced before a signature is shown, so syncing must work there.
pub(super) fn state(state: &State) -> Vec<Finding> {
    let root = state.root().to_path_buf();
    if !root.is_dir() {
        return vec![unmade(&root)];
    }
    let mut found = vec![probe(state, &root)];
    found.extend(kind("state", &root));
    let host = state.path("host.secret");
    if let Err(failure) = spool::private(&host) {
        found.push(Finding::of("state", &failure).command(format!("chmod 600 {}", host.display())));
    }
    found
}

fn unmade(root: &Path) -> Finding {
    let above = root.ancestors().find(|above| above.is_dir()).unwrap_or(Path::new("/"));
    if access(above, Access::WRITE_OK).is_ok() {
        let said = format!("nothing is remembered yet; `{}` is made when needed", root.display());
        return Finding::ok("state", said);
    }
    Finding::fail("state", format!("`{}` is not there, and cannot be made", root.display()))
        .hint("name a folder of yours with --state, or `LEDGER_STATE`")
}

fn probe(state: &State, root: &Path) -> Finding {
    let begun = Instant::now();
    let kept = state.keep(PROBE, b"a probe of `ledger doctor`: it may go\n");
    let took = begun.elapsed().as_millis();
    if let Err(failure) = kept.and_then(|()| files::remove(&state.path(PROBE))) {
        return Finding::of("state", &failure)
            .at(Standing::Fail)
            .hint("signer and witness remember here before a signature is shown");
    }
    let said = format!("{}, a file was synced in {took} ms", root.display());
    if took < SLOW {
        return Finding::ok("state", said);
    }
    Finding::warn("state", said).hint("each commit waits for two syncs of this kind")
}

/// The ledger's folder: its file system, its room, and that it is one.
pub(super) fn ledger(folder: &Folder) -> Vec<Finding> {
    let root = &folder.path;
    let mut found = Vec::new();
    found.extend(kind("disk", root));
    found.push(room(root));
    found.extend(split(root));
    let state = files::absolute(folder.state.root()).unwrap_or_default();
    if state.starts_with(root) {
        found.push(
            Finding::fail("state", "what is remembered outside the folder lies in the folder")
                .hint("whoever can change the one can change the other: name another with --state"),
        );
    }
    if access(root, Access::WRITE_OK).is_err() {
        found.push(
            Finding::warn("disk", "the folder may not be written from here")
                .hint("it can be read and verified; who appends needs the right to write"),
        );
    }
    found
}

/// Files are put in their place by renaming them, which never leads from one device to another.
fn split(root: &Path) -> Option<Finding> {
    let device = |path: &PathBuf| fs::metadata(path).map(|found| found.dev()).ok();
    let own = device(&root.to_path_buf())?;
    let parts = ["entries", "blobs", "recovered", "tree", "tile", "index", "anchors"];
    let away =
        parts.iter().find(|part| device(&root.join(part)).is_some_and(|other| other != own))?;
    Some(
        Finding::fail("disk", format!("`{away}` lies on another device than the ledger's folder"))
            .hint("the folder must be whole: copied, mounted and restored as one"),
    )
}

fn kind(check: &'static str, path: &Path) -> Option<Finding> {
    let number = statfs(path).ok().and_then(|found| u64::try_from(found.f_type).ok());
    let (_, why) = DOUBTFUL.iter().find(|(known, _)| Some(*known) == number)?;
    let finding = Finding::warn(check, format!("{} is {why}", path.display()));
    Some(finding.hint("keep it on a local disk whose sync tells the truth"))
}

fn room(path: &Path) -> Finding {
    let found = match statvfs(path) {
        Ok(found) => found,
        Err(error) => {
            return Finding::unknown("disk", format!("cannot be asked for its room: {error}"));
        }
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let said = format!("{} MiB are free", free >> 20);
    if free >= LITTLE {
        return Finding::ok("disk", said);
    }
    Finding::warn("disk", said)
        .hint("a full disk refuses appends; nothing that was acknowledged is touched")
}
