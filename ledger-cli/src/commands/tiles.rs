//! `ledger tiles`

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::signer::CHECKPOINT;
use ledger_core::tile::{Builder, Part, TilePath, WIDTH, encode_bundle};
use ledger_core::tree::{self, Frontier};

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::output::talk;
use crate::progress::Progress;
use crate::{files, published};

/// Write the ledger as C2SP tiles
///
/// A folder that any web server can serve as a `tlog-tiles` log: tiles of hashes, bundles of entries,
/// and the checkpoint they belong to, written last. A folder written before is brought up to date.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger tiles --to /srv/www/log")]
pub(crate) struct Tiles {
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// Writes the tiles.
pub(crate) fn run(args: &Tiles, context: &mut Context) -> Result<Answer> {
    let (folder, ledger) = context.open()?;
    let published = match published::newest(&folder) {
        Ok(published) => Some(published),
        Err(failure) if failure.code() == "checkpoint-none" => {
            talk(
                "note: there is no checkpoint yet; all entries are written, and none vouches for them",
            );
            None
        }
        Err(failure) => return Err(failure),
    };
    let size = published.as_ref().map_or(ledger.size(), |(_, checkpoint)| checkpoint.size());
    let mut writer = Writer::new(&args.to);
    let tree = writer.write_all(&ledger, size)?;
    if let Some((note, checkpoint)) = &published {
        holds(&tree, checkpoint).map_err(|failure| failure.within(folder.shown()))?;
        files::replace(&args.to.join(CHECKPOINT), note, 0o644, true)?;
    }
    let out = &mut context.out;
    out.object([
        ("checkpoint", Value::Bool(published.is_some())),
        ("size", Value::count(size)),
        ("written", Value::count(writer.written)),
    ])?;
    out.line(format!("entries  {size}"))?;
    out.line(format!("written  {} files in {}", writer.written, args.to.display()))?;
    Ok(Answer::Yes)
}

fn holds(tree: &Frontier, checkpoint: &Checkpoint) -> Result<()> {
    if tree.size() == checkpoint.size() && tree.root() == *checkpoint.root() {
        return Ok(());
    }
    Err(Failure::refused("tree-root", "the entries do not make the checkpoint's root")
        .hint("run `ledger verify` for what was changed; the checkpoint was not written"))
}

struct Writer<'a> {
    to: &'a Path,
    written: u64,
}

impl<'a> Writer<'a> {
    fn new(to: &'a Path) -> Self {
        Self { to, written: 0 }
    }

    /// Writes the tiles and bundles of the first `size` entries; gives their tree.
    fn write_all(&mut self, ledger: &Ledger, size: u64) -> Result<Frontier> {
        let progress = Progress::of("entries");
        let (mut builder, mut tree) = (Builder::new(), Frontier::new());
        let mut bundle: Vec<Vec<u8>> = Vec::with_capacity(WIDTH.into());
        let mut blocks = ledger.blocks()?;
        while builder.size() < size
            && let Some(block) = blocks.next_block()?
        {
            let left = usize::try_from(size - builder.size()).unwrap_or(usize::MAX);
            for line in block.lines.iter().take(left) {
                let line = block.line(line);
                let leaf = tree::leaf_hash(line);
                let mut full = Vec::new();
                builder.push(leaf, |path, bytes| {
                    full.push((path, bytes.to_vec()));
                    Ok(())
                })?;
                tree.push(leaf)?;
                for (path, bytes) in full {
                    self.put(path, &bytes)?;
                }
                bundle.push(line.to_vec());
                if bundle.len() == usize::from(WIDTH) {
                    self.bundle(&mut bundle, builder.size())?;
                }
            }
            progress.at(builder.size(), size);
        }
        self.bundle(&mut bundle, builder.size())?;
        for (path, bytes) in builder.partial() {
            self.put(path, &bytes)?;
        }
        Ok(tree)
    }

    /// Writes the entries before `end`.
    fn bundle(&mut self, entries: &mut Vec<Vec<u8>>, end: u64) -> Result<()> {
        let Some(last) = end.checked_sub(1).filter(|_| !entries.is_empty()) else { return Ok(()) };
        let width = u16::try_from(entries.len()).unwrap_or(WIDTH);
        let path = TilePath::new(Part::Entries, last / u64::from(WIDTH), width)?;
        self.put(path, &encode_bundle(entries)?)?;
        entries.clear();
        Ok(())
    }

    /// Writes a tile that is not there; one that is there must be the same.
    fn put(&mut self, path: TilePath, bytes: &[u8]) -> Result<()> {
        let file = self.to.join(path.to_string());
        match files::read_if_there(&file)? {
            Some(known) if known == bytes => return Ok(()),
            Some(_) => {
                let message = "another tile is there: the folder is of another history, or damaged";
                return Err(Failure::refused("tile-other", message)
                    .within(file.display().to_string())
                    .hint("write to a new folder, and keep this one"));
            }
            None => {}
        }
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                Failure::new("io", format!("cannot create `{}`: {error}", folder.display()))
            })?;
        }
        files::replace(&file, bytes, 0o644, false)?;
        self.written += 1;
        Ok(())
    }
}
