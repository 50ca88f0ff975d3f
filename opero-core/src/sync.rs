//! Locks that a panic elsewhere cannot poison for good.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, poisoned or not.
///
/// For state that is valid between any two statements of its critical sections: then a panic of another holder says
/// nothing about it, and one user function's panic must not take every later call down.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
