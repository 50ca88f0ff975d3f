//! Where a map runs its function, as far as `mode` is a literal, and what follows from that for the
//! function.

use crate::parameters::Parameters;
use crate::values::Value;

/// Where the function runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In this process: nothing is asked of its types, whatever Cargo features are on.
    Here,
    /// In worker processes: it has to be able to.
    Processes,
    /// Whatever an expression says at run time: it is found out whether it can run in processes.
    Open,
}

impl Mode {
    /// What the parameters say.
    pub(crate) fn of(parameters: &Parameters) -> Self {
        match parameters.get("mode").map(|mode| mode.value()) {
            Some(Ok(Value::Text(text))) => match text.value().as_str() {
                "process" | "async_process" => Self::Processes,
                _ => Self::Here,
            },
            Some(Ok(Value::Expression(_))) => Self::Open,
            _ => Self::Here,
        }
    }

    /// Returns `true` if a synchronous function may have a time limit: a worker process can be
    /// stopped. Where only the run knows the mode, the run decides.
    pub(crate) fn may_stop(parameters: &Parameters) -> bool {
        Self::of(parameters) != Self::Here
    }
}
