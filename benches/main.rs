//! Seeded benches.

mod ceiling;
mod index;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("ceiling") => ceiling::run(),
        Some("index") => index::run(),
        _ => {}
    }
}
