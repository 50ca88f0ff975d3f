//! Parameters whose values are read once, for all calls of a function: what they cannot depend on.

use opero_core::parameters::{RUN, VALUES};
use proc_macro2::{Ident, Span};
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprClosure, ExprPath, GenericParam};

use crate::errors::Errors;
use crate::parameters::{Parameter, Parameters, plain};
use crate::signature::Function;

/// Rejects values that depend on the call, or on which instance of the function is called.
pub(crate) fn check(function: &Function, parameters: &Parameters, errors: &mut Errors) {
    // A flag is a literal.
    let names = VALUES.iter().chain(RUN).filter(|value| !value.is_flag);
    for parameter in parameters.given(names.map(|value| value.name)) {
        if let Some(Expr::Closure(_)) = parameter.value {
            errors.push(parameter.error(
                "takes no closure",
                "write the value itself, or an expression for it",
            ));
        }
    }
    for Parameter { name, value } in parameters.given(plain(VALUES)) {
        let mut search = Search {
            function,
            found: Vec::new(),
        };
        if let Some(value) = value {
            search.visit_expr(value);
        }
        for (span, problem) in search.found {
            errors.at(
                span,
                format!("`{name}` is read once, for all calls of the function, {problem}"),
            );
        }
    }
}

struct Search<'a> {
    function: &'a Function,
    found: Vec<(Span, String)>,
}

impl Search<'_> {
    fn look_at(&mut self, name: &Ident, is_alone: bool) {
        let generics = self.function.item.sig.generics.params.iter();
        let is_parameter = generics
            .filter_map(|parameter| match parameter {
                GenericParam::Type(ty) => Some(&ty.ident),
                GenericParam::Const(constant) => Some(&constant.ident),
                GenericParam::Lifetime(_) => None,
            })
            .any(|parameter| parameter == name);
        let is_argument = |argument: &String| name == argument;
        let problem = if name == "Self" {
            "where `Self` is not known: write the type's name, as in `Client::LIMIT`".to_owned()
        } else if is_parameter {
            format!("so it cannot depend on the parameter `{name}`: write a literal or a constant")
        } else if name == "self" || is_alone && self.function.known_names().iter().any(is_argument)
        {
            format!("so it cannot depend on the argument `{name}`: write a literal or a constant")
        } else {
            return;
        };
        self.found.push((name.span(), problem));
    }
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            self.look_at(&first.ident, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_expr_path(&mut self, path: &'ast ExprPath) {
        match path.path.get_ident() {
            Some(name) => self.look_at(name, true),
            None => visit::visit_expr_path(self, path),
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        // A function may be called what an argument is.
        match &*call.func {
            Expr::Path(path) => self.visit_path(&path.path),
            other => self.visit_expr(other),
        }
        call.args
            .iter()
            .for_each(|argument| self.visit_expr(argument));
    }

    // Its names are its own.
    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}
    fn visit_expr_block(&mut self, _: &'ast syn::ExprBlock) {}
}
