//! `?cluster=true`: several servers that share the keys among them.

#[cfg(not(feature = "cluster"))]
mod disabled;
#[cfg(feature = "cluster")]
mod enabled;

#[cfg(not(feature = "cluster"))]
pub(crate) use disabled::{Cluster, Nodes};
#[cfg(feature = "cluster")]
pub(crate) use enabled::{Cluster, Nodes};
