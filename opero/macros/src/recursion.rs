//! Finds out whether a body calls its own function.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Block, ExprMethodCall, ExprPath, Macro, PatIdent};

/// Returns `true` if `body` mentions `name` as something that may be the function itself.
pub(crate) fn calls(body: &Block, name: &Ident) -> bool {
    let mut search = Search {
        name,
        mentioned: false,
        bound: false,
    };
    search.visit_block(body);
    // A variable of that name is the more likely one.
    search.mentioned && !search.bound
}

struct Search<'a> {
    name: &'a Ident,
    mentioned: bool,
    bound: bool,
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_expr_path(&mut self, path: &'ast ExprPath) {
        self.mentioned |= path
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == *self.name);
        visit::visit_expr_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.mentioned |= call.method == *self.name;
        visit::visit_expr_method_call(self, call);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        self.bound |= pattern.ident == *self.name;
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.mentioned |= mentions(mac.tokens.clone(), self.name);
    }
}

fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn calls_f(body: &Block) -> bool {
        calls(body, &Ident::new("f", proc_macro2::Span::call_site()))
    }

    #[test]
    fn calls_are_found_wherever_they_stand() {
        assert!(calls_f(&parse_quote!({ Box::pin(f(n - 1)).await })));
        assert!(calls_f(&parse_quote!({ Box::pin(self.f(n - 1)).await })));
        assert!(calls_f(&parse_quote!({ Self::f::<u8>(1) })));
        assert!(calls_f(&parse_quote!({ items.map(f) })));
        assert!(calls_f(&parse_quote!({ join!(f(1), f(2)) })));
    }

    #[test]
    fn variables_of_the_same_name_are_no_calls() {
        assert!(!calls_f(&parse_quote!({
            let f = 1;
            f + 1
        })));
        assert!(!calls_f(&parse_quote!({ g(n) })));
    }
}
