//! What of a map's calls becomes bytes: for worker processes, and for the records of runs that resume.

use proc_macro2::TokenStream;
use quote::quote;
use syn::GenericParam;
use syn::spanned::Spanned;

use crate::errors::Errors;
use crate::mode::Mode;
use crate::reach::may_be_probed;
use crate::recipe::Plan;
use crate::scope::hidden;
use crate::spans::at;

impl Plan<'_> {
    /// The answer of a function with that adapter, as an expression; `None` where no Cargo feature has a use for it.
    pub(crate) fn bytes(&self, adapter: &TokenStream) -> Option<TokenStream> {
        if !self.has_item || cfg!(not(any(feature = "map-process", feature = "map-journal"))) {
            return None;
        }
        let door = self.door;
        let (arguments, outcome) = (self.sent_arguments(), self.outcome_codec(adapter));
        Some(quote! {
            ::core::option::Option::Some(|| #door::Bytes {
                arguments: #arguments,
                outcome: #outcome,
                describe: {
                    #[allow(unused_imports)]
                    use #door::{WordsDisplay as _, WordsNone as _};
                    #door::Words::of(#adapter).describe()
                },
            })
        })
    }

    /// Is it demanded that results have bytes?
    pub(crate) fn has_demands(&self) -> bool {
        self.mode == Mode::Processes || self.parameters.get("resume").is_some()
    }

    /// How outcomes become bytes, or why not.
    pub(crate) fn outcome_codec(&self, adapter: &TokenStream) -> TokenStream {
        let door = self.door;
        if !may_be_probed(self.function) && !self.has_demands() {
            return quote!(::core::result::Result::Err(#door::Lack::Value));
        }
        quote! {{
            #[allow(unused_imports)]
            use #door::{OutcomeAny as _, OutcomeBoth as _, OutcomeInfallible as _, OutcomeValue as _};
            (&&&#door::Outcomes::of(#adapter)).codec()
        }}
    }

    /// The step of the recipe that says what identifies an item in a record: what `cache_key` says, or all arguments.
    pub(crate) fn journaled(&self, errors: &mut Errors) -> TokenStream {
        if !self.has_item || cfg!(not(feature = "map-journal")) {
            return TokenStream::new();
        }
        // What is wrong with a `cache_key` is said once: where there is a cache, of its key.
        let mut said = Errors::default();
        let parts = match self.settings.cache {
            true => self.parts(&mut said),
            false => self.parts(errors),
        };
        let door = self.door;
        let demanded = self.parameters.get("resume").is_some();
        let demands = parts.iter().filter(|_| demanded).map(|part| {
            let value = &part.value;
            at(part.span, quote!(#door::identifies_record(#value);))
        });
        let out = hidden("out");
        // The path of a generic function is that of all its instances.
        let generics = self.function.item.sig.generics.params.iter();
        let instance = generics.filter_map(|parameter| match parameter {
            GenericParam::Type(ty) => {
                let name = &ty.ident;
                Some(quote!(#door::append_type::<#name>(#out);))
            }
            GenericParam::Const(constant) => {
                let name = &constant.ident;
                Some(quote!(#door::append_constant(#name, #out);))
            }
            GenericParam::Lifetime(_) => None,
        });
        let closure = self.probed_after(&quote!(#(#instance)* #(#demands)*), &parts);
        quote!(.journaled(#closure))
    }

    /// Statements that do not compile where a result cannot be recorded.
    pub(crate) fn record_demands(&self, value: &TokenStream, error: &TokenStream) -> TokenStream {
        if cfg!(not(feature = "map-journal")) || self.parameters.get("resume").is_none() {
            return TokenStream::new();
        }
        let door = self.door;
        let value = at(value.span(), quote!(#door::value_is_recorded::<#value>();));
        let error = self
            .fails()
            .then(|| at(error.span(), quote!(#door::error_is_recorded::<#error>();)));
        quote!(#value #error)
    }
}
