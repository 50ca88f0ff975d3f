//! What means the same in every process and on every machine: keys by BLAKE3, values by postcard.

mod arguments;
mod elsewhere;
mod outcome;
mod postcard;
mod shape;
mod space;
mod whole;

pub use self::arguments::append_name;
pub use self::postcard::{append, read, take};
pub use elsewhere::execute;
pub use outcome::OutcomeCodec;
pub use shape::shape;
pub use space::KeySpace;
