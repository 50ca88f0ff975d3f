//! The bytes of a record: what surrounds a value that outlives the process.
