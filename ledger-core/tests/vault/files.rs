//! A store in memory that can stop in the middle: after a number of operations every further one
//! fails, as if the process had died; the last write may be done in part.

use std::collections::BTreeMap;
use std::sync::Mutex;

use ledger_core::error::{Error, Result};
use ledger_core::store::{Lock, Store};

#[derive(Default)]
pub(crate) struct Files {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    left: Option<usize>,
    part: usize,
}

impl Files {
    /// The `count`-th change from now fails, and all after it; a failing write leaves `part` bytes.
    pub(crate) fn stop_after(&self, count: usize, part: usize) {
        let mut state = self.state.lock().unwrap();
        (state.left, state.part) = (Some(count), part);
    }

    pub(crate) fn go_on(&self) {
        self.state.lock().unwrap().left = None;
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        self.state.lock().unwrap().files[name].clone()
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        self.state.lock().unwrap().files.insert(name.to_owned(), bytes.to_vec());
    }

    pub(crate) fn snapshot(&self) -> Files {
        let files = self.state.lock().unwrap().files.clone();
        Files { state: Mutex::new(State { files, ..State::default() }) }
    }

    fn change(
        &self,
        stopped: impl FnOnce(&mut State),
        done: impl FnOnce(&mut State),
    ) -> Result<()> {
        let mut state = self.state.lock().unwrap();
        match state.left {
            Some(0) => {
                // only the first refused change may be done in part
                stopped(&mut state);
                state.part = 0;
                return Err(Error::unavailable("stopped", "the process died"));
            }
            Some(left) => state.left = Some(left - 1),
            None => {}
        }
        done(&mut state);
        Ok(())
    }
}

fn write(state: &mut State, name: &str, offset: u64, bytes: &[u8]) {
    let file = state.files.entry(name.to_owned()).or_default();
    let offset = usize::try_from(offset).unwrap();
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

impl Store for Files {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        Ok(self.state.lock().unwrap().files.get(name).map(|file| file.len() as u64))
    }

    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let state = self.state.lock().unwrap();
        let Some(file) = state.files.get(name) else {
            return Err(Error::unavailable("missing", name));
        };
        let rest = file.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<()> {
        self.change(
            |state| {
                let part = state.part.min(bytes.len());
                if part > 0 {
                    write(state, name, offset, &bytes[..part]);
                }
            },
            |state| write(state, name, offset, bytes),
        )
    }

    fn sync(&self, _: &str) -> Result<()> {
        self.change(|_| {}, |_| {})
    }

    fn sync_dir(&self, _: &str) -> Result<()> {
        self.change(|_| {}, |_| {})
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.change(
            |_| {},
            |state| {
                let file = state.files.remove(from).unwrap();
                state.files.insert(to.to_owned(), file);
            },
        )
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.change(|_| {}, |state| drop(state.files.remove(name)))
    }

    fn list(&self, _: &str) -> Result<Vec<String>> {
        panic!("not needed here")
    }

    fn seal(&self, _: &str) -> Result<()> {
        panic!("not needed here")
    }

    fn lock(&self, _: &str) -> Result<Box<dyn Lock>> {
        panic!("not needed here")
    }
}
