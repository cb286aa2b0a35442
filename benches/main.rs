//! Seeded benches.

mod index;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("index") {
        index::run();
    }
}
