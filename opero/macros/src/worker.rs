//! A function that worker processes can run: its body once, as a function of its own; and an entry that makes its arguments
//! from bytes, registered under the function's path.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Lifetime, Type};

use crate::mode::Mode;
use crate::reach::Reach;
use crate::recipe::Plan;
use crate::scope::hidden;
use crate::signature::{Argument, Kind, Passing};
use crate::spans::at;

/// The name of the function that a registered function's body is.
pub(crate) fn body_name() -> Ident {
    hidden("body")
}

impl Plan<'_> {
    /// The items of a registered function.
    pub(crate) fn registration(&self, value: &TokenStream, error: &TokenStream) -> TokenStream {
        if self.reach != Reach::Registered {
            return TokenStream::new();
        }
        let (body, submission) = (self.body_item(), self.submission());
        let entry = self.entry(&self.whole_demands(value, error));
        quote!(#body #entry #submission)
    }

    /// The body, as a function of its own.
    fn body_item(&self) -> TokenStream {
        let function = self.function;
        let inputs = function.arguments.iter().map(|argument| {
            let Argument {
                pattern,
                ty,
                attributes,
                ..
            } = argument;
            quote!(#(#attributes)* #pattern: #ty)
        });
        let generics = &function.item.sig.generics;
        let (name, block, clauses) = (body_name(), &function.item.block, &generics.where_clause);
        let (asyncness, output) = match &function.kind {
            Kind::Sync => (None, function.output.to_token_stream()),
            Kind::Async => (Some(quote!(async)), function.output.to_token_stream()),
            Kind::Boxed(written) => (None, written.to_token_stream()),
        };
        // The signature is that of the decorated function, of which nobody could take another one here.
        let quiet = quote! {
            #[allow(
                clippy::large_types_passed_by_value,
                clippy::needless_pass_by_value,
                clippy::ptr_arg,
                clippy::too_many_arguments,
                clippy::trivially_copy_pass_by_ref,
                clippy::unnecessary_wraps,
                clippy::unused_async
            )]
        };
        quote!(#quiet #[inline] #asyncness fn #name #generics (#(#inputs),*) -> #output #clauses #block)
    }

    /// The function as a worker runs it.
    fn entry(&self, demands: &TokenStream) -> TokenStream {
        let door = self.door;
        let (entry, body, adapter) = (hidden("entry"), body_name(), hidden("adapter"));
        let (bytes, rest, returned, out) = (
            hidden("bytes"),
            hidden("rest"),
            hidden("returned"),
            hidden("out"),
        );
        let arguments = self.function.arguments.iter().enumerate();
        let (takes, passed): (Vec<_>, Vec<_>) = arguments
            .map(|(index, argument)| {
                let (name, parcel) = (hidden(&format!("kept_{index}")), self.parcel(argument));
                let taken = at(argument.span, quote!(#parcel.take(&mut #rest)?));
                let passed = match argument.passing {
                    Passing::Copied => quote!(#name.lend()),
                    Passing::Cloned => quote!(#name),
                };
                (quote!(let #name = #taken;), passed)
            })
            .unzip();
        let probes = self.parcel_probes();
        let take = quote! {
            let mut #rest: &[u8] = &#bytes;
            #(#takes)*
            #door::nothing_left(#rest)?;
        };
        let codec = self.outcome_codec(&adapter.to_token_stream());
        let append = quote! {
            let #adapter = {
                use #door::{ReturnsAny as _, ReturnsResult as _};
                #door::returns_like(&#returned).adapter()
            };
            #door::append_outcome(#adapter, #returned, #codec, #out)
        };
        match self.function.is_async() {
            false => quote! {
                fn #entry(#bytes: &[u8], #out: &mut ::std::vec::Vec<u8>) -> ::core::result::Result<(), #door::CodecError> {
                    #demands
                    #probes
                    #take
                    let #returned = #body(#(#passed),*);
                    #append
                }
            },
            true => quote! {
                fn #entry(#bytes: ::std::vec::Vec<u8>) -> #door::AsyncOutcome {
                    #demands
                    #probes
                    ::std::boxed::Box::pin(async move {
                        #take
                        let #returned = #body(#(#passed),*).await;
                        let mut #bytes = ::std::vec::Vec::new();
                        let #out = &mut #bytes;
                        #append?;
                        ::core::result::Result::Ok(#bytes)
                    })
                }
            },
        }
    }

    fn submission(&self) -> TokenStream {
        let (door, entry, function) = (self.door, hidden("entry"), hidden("FUNCTION"));
        let run = match self.function.is_async() {
            false => quote!(Blocking),
            true => quote!(Async),
        };
        let init = self
            .parameters
            .get("worker_init")
            .and_then(|init| init.value.as_ref());
        let init = match init {
            Some(init) => quote!(::core::option::Option::Some(#init)),
            None => quote!(::core::option::Option::None),
        };
        quote! {
            #door::inventory::submit! {
                #door::WorkerFunction {
                    path: || #function.name().to_owned(),
                    run: #door::WorkerRun::#run(#entry),
                    init: #init,
                }
            }
        }
    }

    /// What is known of an argument's way into a worker.
    fn parcel(&self, argument: &Argument) -> TokenStream {
        let door = self.door;
        match (&argument.ty, argument.passing) {
            (Type::Reference(reference), Passing::Copied) => {
                let referent = unnamed(&reference.elem);
                quote!(#door::Borrowed::<#referent>::new())
            }
            (ty, _) => {
                let ty = unnamed(ty);
                quote!(#door::Owned::<#ty>::new())
            }
        }
    }

    fn parcel_probes(&self) -> TokenStream {
        let door = self.door;
        quote! {
            #[allow(unused_imports)]
            use #door::{BorrowedAny as _, BorrowedSerde as _, OwnedAny as _, OwnedSerde as _};
        }
    }

    /// The arguments of an attempt as bytes: a closure, or why there is none.
    pub(crate) fn sent_arguments(&self) -> TokenStream {
        let door = self.door;
        let lack = match self.reach {
            Reach::Registered => None,
            Reach::Asked => Some(quote!(Asked)),
            Reach::Bound => Some(quote!(Free)),
            Reach::BorrowsWithin => Some(quote!(Argument)),
        };
        if let Some(lack) = lack {
            return quote!(::core::result::Result::Err(#door::Lack::#lack));
        }
        let scope = self.scope();
        let (shared, item, attempt, out) = (
            hidden("shared"),
            hidden("item"),
            hidden("attempt"),
            hidden("out"),
        );
        let arguments = self.function.arguments.iter().enumerate();
        let (travels, appends): (Vec<_>, Vec<_>) = arguments
            .map(|(index, argument)| {
                let (parcel, value) = (self.parcel(argument), scope.lent(index));
                (
                    quote!(#parcel.travels()),
                    quote!(#parcel.append(#value, #out)?;),
                )
            })
            .unzip();
        let (probes, unpack) = (self.parcel_probes(), scope.unpack());
        quote! {{
            #probes
            match true #(&& #travels)* {
                true => ::core::result::Result::Ok(|#shared, #item, #attempt, #out| {
                    let _ = (#item, #attempt, &#out);
                    #unpack
                    #(#appends)*
                    ::core::result::Result::Ok(())
                }),
                false => ::core::result::Result::Err(#door::Lack::Argument),
            }
        }}
    }

    /// Statements that do not compile where a type cannot pass between processes.
    pub(crate) fn travel_demands(&self, value: &TokenStream, error: &TokenStream) -> TokenStream {
        if self.reach != Reach::Registered || self.mode != Mode::Processes {
            return TokenStream::new();
        }
        let door = self.door;
        let arguments = self.function.arguments.iter().map(|argument| {
            let demand = match (&argument.ty, argument.passing) {
                (Type::Reference(reference), Passing::Copied) => {
                    let referent = unnamed(&reference.elem);
                    quote!(#door::borrowed_argument_travels::<#referent>();)
                }
                (ty, _) => {
                    let ty = unnamed(ty);
                    quote!(#door::argument_travels::<#ty>();)
                }
            };
            at(argument.ty.span(), demand)
        });
        let whole = self.whole_demands(value, error);
        let value = at(value.span(), quote!(#door::value_travels::<#value>();));
        let error = self
            .fails()
            .then(|| at(error.span(), quote!(#door::error_travels::<#error>();)));
        quote!(#whole #(#arguments)* #value #error)
    }

    /// Statements that do not compile where an argument or a result is a reference under another name. In the entry too: what the
    /// compiler would say there is said less well, and what is said twice it shows once.
    fn whole_demands(&self, value: &TokenStream, error: &TokenStream) -> TokenStream {
        if self.mode != Mode::Processes {
            return TokenStream::new();
        }
        let taken = self.function.arguments.iter();
        let taken = taken
            .filter(|argument| argument.passing == Passing::Cloned)
            .map(|argument| self.owned_demand(&argument.ty));
        let results = self.owned_demands(value, error);
        quote!(#(#taken)* #results)
    }
}

/// The type without names for its lifetimes, for where those of the function are not known.
pub(crate) fn unnamed(ty: &Type) -> Type {
    struct Unname;
    impl VisitMut for Unname {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident != "static" {
                *lifetime = Lifetime::new("'_", lifetime.span());
            }
        }
        // Those of `for<'a>` are its own.
        fn visit_type_bare_fn_mut(&mut self, _: &mut syn::TypeBareFn) {}
        fn visit_parenthesized_generic_arguments_mut(
            &mut self,
            _: &mut syn::ParenthesizedGenericArguments,
        ) {
        }
    }
    let mut ty = ty.clone();
    Unname.visit_type_mut(&mut ty);
    ty
}
