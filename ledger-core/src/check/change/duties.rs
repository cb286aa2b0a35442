//! T02 duties-separated: who wrote it did not alone approve it, and nothing was added after.
