//! What means the same in every process and on every machine: keys by BLAKE3 over an encoding of their own, values by postcard.

mod arguments;
mod elsewhere;
mod key_encoder;
mod outcome;
mod postcard;
mod shape;
mod space;
mod whole;

pub use self::arguments::append_name;
pub use self::postcard::{append, read, take};
pub use elsewhere::execute;
pub use key_encoder::append_key;
pub use outcome::OutcomeCodec;
pub use shape::shape;
pub use space::KeySpace;
pub(crate) use space::Stream;
