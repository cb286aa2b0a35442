//! A clock that is set while a program runs: a library before the system's, which shifts the time of day by as many
//! seconds as a file says.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

use std::process::Command;

use crate::common::World;

/// Reads the file anew each time the system is asked.
const SHIFT: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *at) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int done = real(id, at);
  const char *from = getenv("CLOCK_FILE");
  if (done == 0 && id == CLOCK_REALTIME && from) {
    char text[32] = {0};
    int file = open(from, O_RDONLY);
    if (file >= 0) {
      if (read(file, text, sizeof text - 1) > 0) at->tv_sec += atol(text);
      close(file);
    }
  }
  return done;
}
"#;

/// The clock of the programs of one world.
pub(crate) struct Clock<'a>(&'a World);

impl<'a> Clock<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        world.write("shift.c", SHIFT);
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-o", "shift.so", "shift.c", "-ldl"]);
        assert!(cc.current_dir(world.path(".")).status().unwrap().success());
        Self(world)
    }

    /// So many seconds ahead, or behind.
    pub(crate) fn set(&self, seconds: &str) {
        self.0.write("shift", seconds);
    }

    /// What this command starts goes by it.
    pub(crate) fn govern(&self, command: &mut Command) {
        command.env("LD_PRELOAD", self.0.path("shift.so")).env("CLOCK_FILE", self.0.path("shift"));
    }
}
