//! Files that people name: read whole with a clear word about what is wrong, written without ever
//! overwriting what must be kept.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// The most bytes of one input: several hundred thousand events.
pub(crate) const MAX_INPUT: u64 = 512 * 1024 * 1024;

/// The name of standard input.
pub(crate) const STDIN: &str = "-";

/// How a file is called in messages.
pub(crate) fn shown(path: &Path) -> String {
    if path.as_os_str() == STDIN { "stdin".to_owned() } else { path.display().to_string() }
}

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn read_input(path: &Path) -> Result<Vec<u8>> {
    if path.as_os_str() != STDIN {
        return read(path);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new("io", format!("cannot read: {error}")).within("stdin"))?;
    within_limit(bytes, path)
}

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let fail = |error: std::io::Error| failure("read", path, &error);
    let found = fs::metadata(path).map_err(fail)?;
    if found.is_dir() {
        return Err(Failure::new(
            "not-a-file",
            format!("`{}` is a folder; a file is expected", path.display()),
        )
        .hint("name a file in it"));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(fail)?.take(MAX_INPUT + 1).read_to_end(&mut bytes).map_err(fail)?;
    within_limit(bytes, path)
}

/// As [`read`], or none when there is no such file.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        _ => read(path).map(Some),
    }
}

fn within_limit(bytes: Vec<u8>, path: &Path) -> Result<Vec<u8>> {
    if bytes.len() as u64 > MAX_INPUT {
        return Err(Failure::new("input-large", format!("more than {} MiB", MAX_INPUT >> 20))
            .within(shown(path))
            .hint("give it in several calls"));
    }
    Ok(bytes)
}

/// Writes a new file, durably; an existing one is never overwritten. `mode` is its permissions.
pub(crate) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    create_with(path, mode, |file| file.write_all(bytes))
}

/// As [`create`], with what `write` writes.
pub(crate) fn create_with(
    path: &Path,
    mode: u32,
    write: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<()> {
    let fail = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::new("exists", format!("`{}` is there already", path.display()))
                .hint("nothing is overwritten: choose another name, or move the file away")
        }
        _ => failure("create", path, &error),
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let mut file = options.open(path).map_err(fail)?;
    let written = write(&mut file).and_then(|()| file.sync_all());
    written.and_then(|()| sync_folder(path)).map_err(|error| {
        // half a key is worse than none
        let _ = fs::remove_file(path);
        failure("write", path, &error)
    })
}

/// What lies below a folder and is no folder itself: its path within, where it is, and what it is.
pub(crate) fn below(root: &Path) -> Result<Vec<(String, PathBuf, FileType)>> {
    let mut all = Vec::new();
    let mut open = vec![(root.to_path_buf(), String::new())];
    while let Some((path, within)) = open.pop() {
        let fail = |error| Failure::new("io", format!("cannot read: {error}")).within(shown(&path));
        for found in fs::read_dir(&path).map_err(fail)? {
            let found = found.map_err(fail)?;
            let name = format!("{within}{}", found.file_name().to_string_lossy());
            let kind = found.file_type().map_err(fail)?;
            if kind.is_dir() {
                open.push((found.path(), format!("{name}/")));
            } else {
                all.push((name, found.path(), kind));
            }
        }
    }
    Ok(all)
}

/// Makes a new folder; an empty one that is there already will do. Code `folder-taken`.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    match fs::read_dir(path).map(Iterator::count) {
        Ok(0) => Ok(()),
        Ok(_) => Err(Failure::new("folder-taken", "the folder is not empty")
            .within(shown(path))
            .hint("name a new folder; nothing was changed")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(path).map_err(|error| failure("make", path, &error))
        }
        Err(error) => Err(failure("read", path, &error)),
    }
}

/// Puts the bytes in the place of the file, whole or not at all, durably if asked.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32, durable: bool) -> Result<()> {
    let fail = |error: std::io::Error| failure("write", path, &error);
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let _ = fs::remove_file(&temporary);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let mut file = options.open(&temporary).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    if durable {
        file.sync_all().map_err(fail)?;
    }
    fs::rename(&temporary, path).map_err(fail)?;
    if durable { sync_folder(path).map_err(fail) } else { Ok(()) }
}

/// Gives a file that is whole and durable its name, where nothing stands yet.
pub(crate) fn settle(part: &Path, path: &Path) -> Result<()> {
    // a second name cannot be made where one stands, as a rename could
    let settled = fs::hard_link(part, path).and_then(|()| fs::remove_file(part));
    settled.and_then(|()| sync_folder(path)).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::new("exists", format!("`{}` is there already", path.display()))
                .hint("nothing is overwritten: choose another name, or move the file away")
        }
        _ => failure("write", path, &error),
    })
}

/// Removes a file of ours, durably.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let removed = fs::remove_file(path).and_then(|()| sync_folder(path));
    removed.map_err(|error| failure("remove", path, &error))
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// The path from the root, links resolved where it exists.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .or_else(|_| std::path::absolute(path))
        .map_err(|error| failure("find", path, &error))
}

fn failure(doing: &str, path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    match error.kind() {
        ErrorKind::NotFound if doing == "read" => {
            Failure::new("missing", format!("there is no file `{shown}`"))
                .hint("check its name; nothing was changed")
        }
        ErrorKind::NotFound => {
            Failure::new("missing", format!("cannot {doing} `{shown}`: its folder does not exist"))
                .hint("make the folder first")
        }
        ErrorKind::PermissionDenied => {
            Failure::new("denied", format!("cannot {doing} `{shown}`: permission denied"))
                .hint("check its owner and its permissions")
        }
        ErrorKind::NotADirectory => Failure::new(
            "not-a-folder",
            format!("cannot {doing} `{shown}`: a part of it is a file"),
        )
        .hint("name a folder, or a file in a folder"),
        _ => Failure::new("io", format!("cannot {doing} `{shown}`: {error}")),
    }
}
