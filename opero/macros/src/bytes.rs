//! What of a map's calls becomes bytes: for worker processes, and for the records of runs that resume.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::GenericParam;
use syn::spanned::Spanned;

use crate::errors::Errors;
use crate::mode::Mode;
use crate::parameters::Parameters;
use crate::reach::may_be_probed;
use crate::recipe::Plan;
use crate::scope::hidden;
use crate::spans::at;
use crate::worker::unnamed;

/// The parameters about runs that resume.
pub(crate) const ABOUT_RECORDS: [&str; 4] =
    ["resume", "resume_failed", "resume_name", "resume_version"];

/// Is the function one whose runs may be recorded?
///
/// Only where a parameter says so. Looking for a type's `Deserialize` is an error where it is one of certain lifetimes only, and a
/// Cargo feature that another crate switches on must not break a function that never asked for it.
pub(crate) fn may_be_recorded(parameters: &Parameters) -> bool {
    cfg!(feature = "map-journal") && parameters.given(&ABOUT_RECORDS).next().is_some()
}

/// Is the function one that may run in processes? The same holds for that.
fn may_travel(mode: Mode) -> bool {
    cfg!(feature = "map-process") && mode != Mode::Here
}

impl Plan<'_> {
    /// The answer of a function with that adapter, as an expression; `None` where it was not asked for.
    pub(crate) fn bytes(&self, adapter: &TokenStream) -> Option<TokenStream> {
        if !self.has_item || !(may_travel(self.mode) || may_be_recorded(self.parameters)) {
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
        self.mode == Mode::Processes || may_be_recorded(self.parameters)
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
        if !self.has_item || !may_be_recorded(self.parameters) {
            return TokenStream::new();
        }
        // What is wrong with a `cache_key` is said once: where there is a cache, of its key.
        let mut said = Errors::default();
        let parts = match self.settings.cache {
            true => self.parts(&mut said),
            false => self.parts(errors),
        };
        let door = self.door;
        let demands = parts.iter().map(|part| {
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
        if !may_be_recorded(self.parameters) {
            return TokenStream::new();
        }
        let (door, owned) = (self.door, self.owned_demands(value, error));
        let value = at(value.span(), quote!(#door::value_is_recorded::<#value>();));
        let error = self
            .fails()
            .then(|| at(error.span(), quote!(#door::error_is_recorded::<#error>();)));
        quote!(#owned #value #error)
    }

    /// Statements that do not compile where a result is a reference: under another name, which no tokens show.
    pub(crate) fn owned_demands(&self, value: &TokenStream, error: &TokenStream) -> TokenStream {
        let error = self.fails().then(|| self.owned_demand(error));
        let value = self.owned_demand(value);
        quote!(#value #error)
    }

    /// A statement that does not compile where a type is a reference.
    pub(crate) fn owned_demand(&self, ty: &impl ToTokens) -> TokenStream {
        let door = self.door;
        let Ok(ty) = syn::parse2(ty.to_token_stream()).map(|ty| unnamed(&ty)) else {
            return TokenStream::new();
        };
        let demand = quote!({
            #[allow(unused_imports)]
            use #door::KindAny as _;
            #door::is_owned(#door::Kind::<#ty>::new().kind());
        });
        at(ty.span(), demand)
    }
}
