//! With real servers and disks, whatever happens to them: the cache is an aid, so every call gets the right result, within a
//! bounded delay; a limit rejects or goes on as it was told. The events say what happened.

// A server that is down, killed, paused, restarted empty, locked, or out of memory.
mod server;
// A limiter's server that is away.
mod limiter;
// Records on it that are none of ours, or damaged.
mod records;
// A disk that is full, and one that another process holds.
mod disk;
