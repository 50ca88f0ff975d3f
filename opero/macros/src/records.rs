//! Reads from parameters and tokens whether runs are recorded and whether results can be made from
//! bytes.

use crate::errors::Errors;
use crate::outcome::{borrowed, reference_in_value, references};
use crate::parameters::Parameters;
use crate::signature::Function;

/// Returns `true` if a parameter asks for runs that can be recorded.
///
/// Nothing is probed without one. Looking for a type's `Deserialize` is an error where it is one of
/// certain lifetimes only, and a Cargo feature that another crate switches on must not break a
/// function that never asked for it.
pub(crate) fn may_be_recorded(parameters: &Parameters) -> bool {
    cfg!(feature = "map-journal") && parameters.about("resume").next().is_some()
}

/// Rejects results that hold references, which cannot be made from bytes.
pub(crate) fn reject_references(function: &Function, what: &str, errors: &mut Errors) {
    let value = reference_in_value(&function.output);
    if let Some(span) = value.or_else(|| references(&function.output)) {
        let way_out = match value {
            Some(_) => "return an owned value, such as a `String`",
            None => "let the error be an owned value, such as a `String`",
        };
        errors.at(
            span,
            format!("{what}, which become no reference: {way_out}"),
        );
    }
}

/// Returns `true` if generated code may probe whether value and error have bytes. The compiler
/// looks for a type's `Deserialize` before it looks at lifetimes, so a borrowed type would be an
/// error.
pub(crate) fn may_be_probed(function: &Function) -> bool {
    references(&function.output).is_none() && borrowed(&function.output).is_none()
}
