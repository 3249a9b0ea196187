//! The office suite itself.
