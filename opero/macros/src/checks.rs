//! What only the function and its parameters together can show to be wrong.

use crate::errors::Errors;
use crate::fallback::Fallback;
use crate::fixed;
use crate::mode::Mode;
use crate::outcome::{borrowed, reference_in_value};
use crate::parameters::Parameters;
use crate::settings::{Keys, Settings};
use crate::signature::Function;
use crate::values::here;

/// Adds what is wrong to `errors`, and what is needed to `settings`.
pub(crate) fn check(
    function: &Function,
    parameters: &Parameters,
    settings: &mut Settings,
    fallback: Option<&Fallback>,
    is_map: bool,
    errors: &mut Errors,
) {
    fixed::check(function, parameters, errors);
    if let Some(limit) = parameters.get("attempt_timeout")
        && !function.is_async()
        && !(is_map && Mode::may_stop(parameters))
    {
        let way_out = match is_map {
            true => {
                "make the function async, run it in processes (`mode = \"process\"`), or leave `attempt_timeout` out"
            }
            false => "make the function async, or leave `attempt_timeout` out",
        };
        errors.at(
            limit.name.span(),
            format!("`attempt_timeout` is set for a synchronous function, which nothing can stop: {way_out}"),
        );
    }
    if settings.cache
        && let Some(span) = borrowed(&function.output)
    {
        errors.at(
            span,
            "the result of a cached function cannot borrow, since the cache keeps it: return an owned value, or switch the \
             cache off with `cache = false`",
        );
    }
    if settings.cache
        && settings.keys == Keys::Stable
        && borrowed(&function.output).is_none()
        && let Some(span) = reference_in_value(&function.output)
    {
        errors.at(
            span,
            "a cache that outlives the process reads its results from bytes, which become no reference: return an owned value, \
             such as a `String`, or switch the cache off with `cache = false`",
        );
    }
    if let Some(fallback) = fallback {
        settings.need("RETRY", fallback.span);
    }
    let default_retries = parameters.get("retries").is_none() && is_result(function);
    if default_retries {
        settings.need("RETRY", here());
    }
}

/// By its looks: retries are of use only to what can fail.
fn is_result(function: &Function) -> bool {
    crate::signature::last_segment(&function.output)
        .is_some_and(|(name, _)| name.ends_with("Result"))
}
