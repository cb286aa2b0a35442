//! Typed views and templates of the reports.
