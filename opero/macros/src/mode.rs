//! Where a map runs its function, as far as `mode` is a literal, and what follows from that for the function.

use crate::parameters::{Parameter, Parameters};
use crate::values::Value;

/// Where the function runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In this process, whatever happens.
    Here,
    /// In worker processes: it has to be able to.
    Processes,
    /// Whatever is asked for at run time: it is found out whether it can run in processes.
    Open,
}

impl Mode {
    /// What the parameters say.
    pub(crate) fn of(parameters: &Parameters) -> Self {
        let Some(parameter) = parameters.get("mode") else {
            return Self::Open;
        };
        match parameter.value().map(|value| literal(&value)) {
            Ok(Some(text)) => match text.as_str() {
                "process" | "async_process" => Self::Processes,
                "thread" | "async" => Self::Here,
                _ => Self::Open,
            },
            _ => Self::Open,
        }
    }

    /// May a synchronous function have a limited time? In a process it can be stopped. Where only the run knows the mode, the
    /// run says so.
    pub(crate) fn may_stop(parameters: &Parameters) -> bool {
        match Self::of(parameters) {
            Self::Here => false,
            Self::Processes => true,
            Self::Open => parameters.get("mode").is_some_and(is_expression),
        }
    }
}

fn is_expression(parameter: &Parameter) -> bool {
    matches!(parameter.value(), Ok(Value::Expression(_)))
}

fn literal(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.value()),
        _ => None,
    }
}
