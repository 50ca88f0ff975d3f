use super::Missing;

pub(crate) const fn prepare() -> Result<(), Missing> {
    Err(Missing)
}
