use rustls::crypto::{CryptoProvider, ring};

use super::Missing;

/// redis-rs takes the process's cryptography provider, and there would be none, or rustls would not know which, where the
/// program has not chosen one.
pub(crate) fn prepare() -> Result<(), Missing> {
    if CryptoProvider::get_default().is_none() {
        // Another thread may have chosen meanwhile, which is as good.
        let _ = ring::default_provider().install_default();
    }
    Ok(())
}
