//! The cache is an aid, with real servers and disks: whatever happens to them, every call gets the right result, within a
//! bounded delay, and the events say what happened.

// A server that is down, killed, paused, restarted empty, locked, or out of memory.
mod server;
// Records on it that are none of ours, or damaged.
mod records;
// A disk that is full, and one that another process holds.
mod disk;
