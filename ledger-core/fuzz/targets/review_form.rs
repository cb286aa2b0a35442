#![no_main]

#[allow(dead_code)]
#[path = "../../tests/common/parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("review_form", bytes));
