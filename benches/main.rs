//! Seeded benches.

mod ceiling;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("ceiling") {
        ceiling::run();
    }
}
