//! `redis`: one server for many processes and machines.
