//! Names a function's arguments in generated closures, which take them as one shared tuple, and in
//! a map the item beside it.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::fallback::{Fallback, Values};
use crate::signature::{Argument, Passing, tuple_of};
use crate::spans::{at, hidden};

/// The arguments of a function, and where each of them is.
pub(crate) struct Arguments<'a> {
    pub(crate) runtime: &'a TokenStream,
    pub(crate) all: &'a [Argument],
    pub(crate) fallback: Option<&'a Fallback>,
    /// Whether the first argument is a map's item.
    pub(crate) has_item: bool,
    /// Whether a call executes the function once at most, so that arguments may move into it.
    pub(crate) is_single: bool,
}

impl Arguments<'_> {
    /// The item's place among the arguments: the first one that is not `self`.
    pub(crate) fn item(&self) -> Option<usize> {
        self.has_item
            .then(|| self.all.iter().position(|argument| argument.name != "self"))?
    }

    fn values(&self, index: usize) -> Option<&Values> {
        self.fallback
            .filter(|fallback| fallback.index == index)
            .map(|fallback| &fallback.values)
    }

    fn is_listed(&self, index: usize) -> bool {
        matches!(self.values(index), Some(Values::Listed(_)))
    }

    fn slot(&self, index: usize) -> Ident {
        match self.item() == Some(index) {
            true => hidden("item"),
            false => hidden(&format!("slot_{index}")),
        }
    }

    /// The arguments that stand in the shared tuple.
    fn shared(&self) -> impl Iterator<Item = (usize, &Argument)> {
        let item = self.item();
        self.all
            .iter()
            .enumerate()
            .filter(move |(index, _)| item != Some(*index) && !self.is_listed(*index))
    }

    /// The arguments that the caller passes, but for the item.
    pub(crate) fn passed(&self) -> impl Iterator<Item = (&Argument, bool)> {
        self.shared()
            .map(|(index, argument)| (argument, self.values(index).is_some()))
    }

    /// The shared tuple, from the names in the generated signature.
    pub(crate) fn tuple(&self, error: &TokenStream) -> TokenStream {
        let runtime = self.runtime;
        let values = self.shared().map(|(index, argument)| {
            let (name, ty) = (&argument.name, &argument.ty);
            match self.values(index) {
                Some(_) => quote!(#runtime::list::<#ty, #error, _>(#name)),
                None if self.moves(argument) => quote! {{
                    #[allow(unused_imports)]
                    use #runtime::{PassClone as _, PassMove as _};
                    #runtime::Passes::of(&#name).way().keep(#name)
                }},
                None => quote!(#name),
            }
        });
        quote!((#(#values,)*))
    }

    /// Returns `true` if it moves where it is not `Clone`.
    fn moves(&self, argument: &Argument) -> bool {
        self.is_single && argument.passing == Passing::Cloned
    }

    /// Names the parts of the tuple.
    pub(crate) fn unpack(&self) -> TokenStream {
        let shared = hidden("shared");
        let slots: Vec<_> = self.shared().map(|(index, _)| self.slot(index)).collect();
        if slots.is_empty() {
            return quote!(let _ = #shared;);
        }
        let tuple = tuple_of(slots.iter());
        quote!(let #tuple = #shared;)
    }

    /// One attempt's own arguments, under the names that the body knows.
    pub(crate) fn own(&self) -> TokenStream {
        let arguments = self.all.iter().enumerate();
        arguments
            .map(|(index, argument)| self.own_argument(index, argument))
            .collect()
    }

    fn own_argument(&self, index: usize, argument: &Argument) -> TokenStream {
        let Argument {
            pattern,
            ty,
            attributes,
            ..
        } = argument;
        let own = self.own_value(index);
        match self.values(index) {
            Some(_) => quote!(#(#attributes)* let #pattern: #ty = #own;),
            None => quote!(#(#attributes)* let #pattern = #own;),
        }
    }

    /// One attempt's own argument.
    fn own_value(&self, index: usize) -> TokenStream {
        let argument = &self.all[index];
        let (runtime, attempt, slot) = (self.runtime, hidden("attempt"), self.slot(index));
        match self.values(index) {
            Some(Values::Listed(values)) => {
                let values = values.iter().map(|value| converted(value, &argument.ty));
                let arms = numbered(values.collect());
                quote!(match #attempt.fallback_index { #arms })
            }
            Some(Values::Passed) => self.taken(
                argument,
                &quote!(#runtime::pick(#slot, #attempt.fallback_index)),
            ),
            None => self.taken(argument, &quote!(#slot)),
        }
    }

    /// One attempt's own arguments, in order.
    pub(crate) fn own_values(&self) -> impl Iterator<Item = TokenStream> {
        (0..self.all.len()).map(|index| self.own_value(index))
    }

    fn taken(&self, argument: &Argument, from: &TokenStream) -> TokenStream {
        let runtime = self.runtime;
        match argument.passing {
            Passing::Copied => quote!(*#from),
            Passing::Cloned if self.is_single => quote!(#from.take()),
            Passing::Cloned => at(argument.span, quote!(#runtime::clone_argument(#from))),
        }
    }

    /// An argument as a key sees it: references as they are, the rest by reference, a list of
    /// fallback values as a slice. `None` for a fallback argument with a default list, which the
    /// caller does not choose.
    pub(crate) fn seen(&self, index: usize) -> Option<TokenStream> {
        let (runtime, slot) = (self.runtime, self.slot(index));
        match (self.values(index), self.all[index].passing) {
            (Some(Values::Listed(_)), _) => None,
            (Some(Values::Passed), _) => Some(quote!(#runtime::values(#slot))),
            (None, Passing::Copied) => Some(quote!(*#slot)),
            (None, Passing::Cloned) if self.is_single => Some(quote!(&*#slot.seen())),
            (None, Passing::Cloned) => Some(quote!(#slot)),
        }
    }

    /// An argument of one attempt as a limiter's key sees it, after
    /// [`listed_value`](Self::listed_value): as other keys see it, but for the fallback argument,
    /// which is the value that executes.
    pub(crate) fn attempted(&self, index: usize) -> TokenStream {
        let slot = self.slot(index);
        match (self.values(index), self.all[index].passing) {
            (Some(Values::Listed(_)), Passing::Copied) => quote!(#slot),
            (Some(Values::Listed(_)), Passing::Cloned) => quote!(&#slot),
            _ => self.lent(index),
        }
    }

    /// Names the value that an attempt takes from a default list, where there is one.
    pub(crate) fn listed_value(&self) -> Option<TokenStream> {
        let index = self.fallback?.index;
        let (slot, ty) = (self.slot(index), &self.all[index].ty);
        self.is_listed(index).then(|| {
            let own = self.own_value(index);
            quote!(let #slot: #ty = #own;)
        })
    }

    /// An argument of one attempt by reference, for its bytes: references as they are.
    pub(crate) fn lent(&self, index: usize) -> TokenStream {
        let Argument { ty, passing, .. } = &self.all[index];
        let (runtime, attempt, slot) = (self.runtime, hidden("attempt"), self.slot(index));
        match (self.values(index), passing) {
            (Some(Values::Listed(_)), Passing::Copied) => self.own_value(index),
            (Some(Values::Listed(_)), Passing::Cloned) => {
                let (value, own) = (hidden("value"), self.own_value(index));
                quote!(&{ let #value: #ty = #own; #value })
            }
            (Some(Values::Passed), Passing::Copied) => {
                quote!(*#runtime::pick(#slot, #attempt.fallback_index))
            }
            (Some(Values::Passed), Passing::Cloned) => {
                quote!(#runtime::pick(#slot, #attempt.fallback_index))
            }
            (None, Passing::Copied) => quote!(*#slot),
            (None, Passing::Cloned) => quote!(#slot),
        }
    }

    /// The places of the arguments that are not `self`.
    pub(crate) fn plain(&self) -> Vec<usize> {
        let arguments = self.all.iter().enumerate();
        arguments
            .filter(|(_, argument)| argument.name != "self")
            .map(|(index, _)| index)
            .collect()
    }

    /// How many fallback values there are, as a function of the shared tuple.
    pub(crate) fn fallback_values(&self) -> Option<TokenStream> {
        let fallback = self.fallback?;
        let (runtime, slot, shared) = (self.runtime, self.slot(fallback.index), hidden("shared"));
        Some(match &fallback.values {
            Values::Listed(values) => {
                let count = values.len();
                quote!(|_| #count)
            }
            Values::Passed => {
                let unpack = self.unpack();
                quote!(|#shared| { #unpack #runtime::values(#slot).len() })
            }
        })
    }
}

/// A listed value: a text becomes what the argument's type makes of it, unless that is a reference.
fn converted(value: &syn::Expr, ty: &syn::Type) -> TokenStream {
    let is_text = matches!(
        value,
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(_),
            ..
        })
    );
    match ty {
        syn::Type::Reference(_) => quote!(#value),
        _ if is_text => quote_spanned!(value.span()=> ::core::convert::From::from(#value)),
        _ => quote!(#value),
    }
}

/// Match arms over 0, 1, …; the last one takes the rest.
fn numbered(values: Vec<TokenStream>) -> TokenStream {
    let last = values.len().saturating_sub(1);
    values
        .into_iter()
        .enumerate()
        .map(|(index, value)| match index == last {
            true => quote!(_ => #value,),
            false => quote!(#index => #value,),
        })
        .collect()
}
