//! A folder that is followed: each file is imported when it no longer grows.
//!
//! What was imported is remembered in the folder after it is durable in the ledger. If we stop between
//! the two, the file is imported again, and its records are duplicates.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::trail::{Coming, Look};
use super::{Import, answer, tell};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::import::{Given, Source};
use crate::importing::flow::Job;
use crate::importing::{Summary, input};
use crate::keys;
use crate::output::talk;

/// Where the folder remembers its files; a hidden file is never imported.
const DONE: &str = ".ledger-imported";

/// Follows the folder, to the end of the process or until nothing new comes.
pub(super) fn run(
    args: &Import,
    source: &'static Source,
    given: &Given,
    context: &mut Context,
) -> Result<Answer> {
    let folder = match args.files.as_slice() {
        [folder] if folder.is_dir() => folder,
        _ => {
            return Err(Failure::new("import-watch", "there is not one folder to watch")
                .hint("name a folder: ledger import SOURCE DIR --watch"));
        }
    };
    let keys = keys::load_all(&args.keys)?;
    let mut done = Done::open(folder)?;
    let mut coming = super::judges_trail(args, source).then(Coming::default);
    let mut growing: HashMap<PathBuf, Look> = HashMap::new();
    let mut total = Summary::default();
    let mut idle = 0;
    loop {
        // what nothing more comes for is taken as it is
        let last = args.idle.is_some_and(|most| idle > most);
        let (ready, mut news) = ready(folder, &mut done, &mut growing, coming.as_mut())?;
        let given = match &coming {
            Some(coming) if !ready.is_empty() => given.clone().beside(coming.trail()),
            _ => given.clone(),
        };
        for (file, look) in ready {
            if !last && coming.as_ref().is_some_and(|coming| coming.waits(&file)) {
                continue;
            }
            news = true;
            let files = [file];
            let aside = args.quarantine.as_deref();
            let job = Job { source, given: &given, files: &files, aside };
            let summary = super::import(&job, &keys, context)?;
            let [file] = files;
            done.add(&file, look)?;
            growing.remove(&file);
            talk(format!("{}: {}", file.display(), summary.line()));
            total.add(&summary);
        }
        if last && !news {
            tell(&total, context)?;
            return Ok(answer(&total));
        }
        idle = if news { 0 } else { idle + args.every };
        thread::sleep(Duration::from_secs(args.every));
    }
}

/// The files that no longer grow and were not imported, and whether others still do.
fn ready(
    folder: &Path,
    done: &mut Done,
    growing: &mut HashMap<PathBuf, Look>,
    mut coming: Option<&mut Coming>,
) -> Result<(Vec<(PathBuf, Look)>, bool)> {
    let mut files = Vec::new();
    input::walk(folder, &mut files)?;
    let (mut ready, mut news) = (Vec::new(), false);
    for file in files {
        let Some(look) = Look::at(&file) else { continue };
        let is_done = done.has(&file, look);
        // a file that somebody writes looks another way the next time
        let before = if is_done { None } else { growing.insert(file.clone(), look) };
        if !is_done && before != Some(look) {
            news = true;
            continue;
        }
        if let Some(coming) = &mut coming
            && !coming.knows(&file, look)
            && !coming.add(&file, look)?
            && !is_done
        {
            // the signature of another file is nothing to import
            done.add(&file, look)?;
            growing.remove(&file);
            continue;
        }
        if !is_done {
            ready.push((file, look));
        }
    }
    Ok((ready, news))
}

/// The files that were imported, as they looked then.
struct Done {
    path: PathBuf,
    folder: PathBuf,
    known: HashMap<String, String>,
}

impl Done {
    fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(DONE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Self::fail(&path, &error)),
        };
        // a line that was cut short names a file that will be imported again
        let lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let pairs = lines.filter_map(|line| {
            let (length, rest) = line.split_once(' ')?;
            let (time, name) = rest.split_once(' ')?;
            Some((name.to_owned(), format!("{length} {time}")))
        });
        Ok(Self { path, folder: folder.to_path_buf(), known: pairs.collect() })
    }

    fn fail(path: &Path, error: &std::io::Error) -> Failure {
        Failure::new("import-watch", format!("cannot keep `{}`: {error}", path.display()))
    }

    /// The name within the folder; an odd one cannot break the line it stands in.
    fn name(&self, file: &Path) -> String {
        let name = file.strip_prefix(&self.folder).unwrap_or(file);
        name.to_string_lossy().escape_debug().to_string()
    }

    fn has(&self, file: &Path, look: Look) -> bool {
        self.known.get(&self.name(file)) == Some(&look.text())
    }

    fn add(&mut self, file: &Path, look: Look) -> Result<()> {
        let name = self.name(file);
        let line = format!("{} {name}\n", look.text());
        let mut options = OpenOptions::new();
        let written = options.create(true).append(true).open(&self.path).and_then(|mut opened| {
            opened.write_all(line.as_bytes())?;
            opened.sync_all()
        });
        written.map_err(|error| Self::fail(&self.path, &error))?;
        self.known.insert(name, look.text());
        Ok(())
    }
}
