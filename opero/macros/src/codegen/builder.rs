//! The call builder in a decorated function's body: calls the other modules in the order of the
//! generated code.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Expr;

use super::body::body;
use super::bytes::record_key;
use super::key::key;
use super::policy::{has_rates_of_values, has_stable_rate_key, policy, share};
use super::refresh::background_refresh;
use crate::decorated::Decorated;
use crate::errors::Errors;
use crate::parameters::Parameter;
use crate::spans::hidden;

/// Builds the call, up to the function of the runtime that runs it.
pub(crate) fn call_builder(
    decorated: &Decorated<'_>,
    error: &TokenStream,
    item: &TokenStream,
    bytes: Option<&TokenStream>,
    errors: &mut Errors,
) -> TokenStream {
    let runtime = decorated.runtime;
    let (function, adapter) = (hidden("function"), hidden("adapter"));
    let tuple = decorated.arguments().tuple(error);
    let body = body(decorated, &quote!(#function, #adapter, #tuple));
    let (policy, share) = (policy(decorated, bytes, errors), share(decorated));
    let (outside, inside) = (
        stage_step(decorated, "outside", errors),
        stage_step(decorated, "inside", errors),
    );
    let key = key(
        decorated,
        &quote!(#outside, #inside, #runtime::DefaultPolicy(#share)),
        errors,
    );
    let refresh = background_refresh(decorated);
    let record = record_key(decorated, errors);
    let has_bytes =
        bytes.is_some() || has_stable_rate_key(decorated) || has_rates_of_values(decorated);
    let with_bytes = has_bytes.then(|| quote!(.with_bytes()));
    quote!(#runtime::CallBody::<_, _, #item, _>::#body.#key #policy #refresh #record #with_bytes)
}

/// The stage of a parameter, or its absence.
fn stage_step(decorated: &Decorated<'_>, name: &str, errors: &mut Errors) -> TokenStream {
    let runtime = decorated.runtime;
    let Some(parameter) = decorated.parameters.get(name) else {
        return quote!(#runtime::Absent);
    };
    match errors.take(stage(parameter)) {
        Some(stage) => quote!(#runtime::Present(&#stage)),
        None => TokenStream::new(),
    }
}

/// The expression of `outside` or `inside`.
fn stage(parameter: &Parameter) -> syn::Result<&Expr> {
    let (problem, way_out) = match parameter.expression()? {
        Expr::Array(_) | Expr::Tuple(_) => (
            "is one stage",
            "put one around the other in a static, as in `static BOTH: opero::extend::Stack<Outer, Inner> = \
             opero::extend::Stack::new(Outer, Inner);`, and name that",
        ),
        Expr::Closure(_) | Expr::Lit(_) => (
            "is a stage, as which this cannot serve",
            "implement `opero::extend::Stage` for a type, and name a static or a unit struct of it",
        ),
        stage => return Ok(stage),
    };
    Err(parameter.error(problem, way_out))
}
