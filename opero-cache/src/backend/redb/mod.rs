//! `redb`: on redb.
