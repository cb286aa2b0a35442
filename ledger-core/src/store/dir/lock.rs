//! Lock: the advisory lock of a whole file (flock(2)), waited for in the kernel's own line.
//!
//! Hundreds of processes may wait for one lock. They do not look again and again: that would keep
//! the one that works from working, and leave the lock unused between two looks. A thread of each
//! sleeps in the kernel, which wakes the next one when the lock is free.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use crate::store::Lock;

/// Memory of the thread that waits: it makes one call.
const STACK: usize = 64 * 1024;

/// A lock that is held; the kernel releases it with the last handle, however the process ends.
pub(super) struct Held {
    _file: File,
}

impl Lock for Held {}

/// Why it is not.
pub(super) enum Denied {
    /// Somebody else held it to the end of our patience.
    Busy,
    /// It cannot be asked for.
    Failed(io::Error),
}

/// Locks the file; waits for it that long.
pub(super) fn take(file: File, patience: Duration) -> Result<Held, Denied> {
    match file.try_lock() {
        Ok(()) => return Ok(Held { _file: file }),
        Err(TryLockError::Error(error)) => return Err(Denied::Failed(error)),
        Err(TryLockError::WouldBlock) if patience.is_zero() => return Err(Denied::Busy),
        Err(TryLockError::WouldBlock) => {}
    }
    let (to, from) = sync_channel(1);
    let wait = move || {
        let locked = loop {
            match file.lock() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                locked => break locked,
            }
        };
        // where nobody waits any more the handle is dropped here, and the lock with it
        drop(to.send(locked.map(|()| file)));
    };
    thread::Builder::new().stack_size(STACK).spawn(wait).map_err(Denied::Failed)?;
    match from.recv_timeout(patience) {
        Ok(Ok(file)) => Ok(Held { _file: file }),
        Ok(Err(error)) => Err(Denied::Failed(error)),
        Err(_) => Err(Denied::Busy),
    }
}
