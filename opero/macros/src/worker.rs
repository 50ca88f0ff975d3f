//! A function that worker processes can run: its body once, as a function of its own; and an entry that makes its arguments
//! from bytes, registered under the function's path.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::visit_mut::VisitMut;
use syn::{GenericParam, Lifetime, Type};

use crate::errors::Errors;
use crate::mode::Mode;
use crate::outcome::{borrowed, reference_in_value, references};
use crate::parameters::Parameters;
use crate::recipe::Plan;
use crate::renewal::mentions_own_type;
use crate::scope::hidden;
use crate::signature::{Argument, Function, Kind, Passing};
use crate::spans::at;

/// Whether a function's body is one that a worker can run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Its body is a function of its own, and registered.
    Registered,
    /// It runs where its callers are: the attribute says so, or nothing here runs in processes.
    Asked,
    /// It is no free function without type parameters.
    Bound,
    /// An argument holds references, which no worker could fill.
    BorrowsWithin,
}

impl Reach {
    /// Decides it. Where `mode` is a literal, what stands against it is an error at its place.
    pub(crate) fn of(
        function: &Function,
        parameters: &Parameters,
        mode: Mode,
        errors: &mut Errors,
    ) -> Self {
        if cfg!(not(feature = "map-process")) || mode == Mode::Here {
            return Self::Asked;
        }
        let demanded = mode == Mode::Processes || parameters.get("worker_init").is_some();
        let (reach, span, message) = if let Some((span, what)) = bound(function) {
            let message = format!(
                "worker processes find a function by its name, and {what}: move the body into a free function without type \
                 parameters that takes what it needs"
            );
            (Self::Bound, span, message)
        } else if let Some((span, message)) = borrows_within(function) {
            (Self::BorrowsWithin, span, message.to_owned())
        } else if !demanded && may_be_bound(function) {
            return Self::Bound;
        } else if !demanded && lifetimes_within(function) {
            return Self::BorrowsWithin;
        } else {
            return Self::Registered;
        };
        if demanded {
            errors.at(span, message);
        }
        reach
    }
}

/// What makes it another thing than a free function without type parameters.
fn bound(function: &Function) -> Option<(Span, &'static str)> {
    const METHOD: &str = "this one is a method";
    if let Some(receiver) = &function.receiver {
        return Some((receiver.self_token.span(), METHOD));
    }
    let generic = function
        .item
        .sig
        .generics
        .params
        .iter()
        .find_map(|parameter| match parameter {
            GenericParam::Type(ty) => Some((ty.ident.span(), "this one has a type parameter")),
            GenericParam::Const(constant) => {
                Some((constant.ident.span(), "this one has a constant parameter"))
            }
            GenericParam::Lifetime(_) => None,
        });
    let opaque = function
        .arguments
        .iter()
        .find_map(|argument| match &argument.ty {
            Type::ImplTrait(ty) => Some((ty.span(), "an `impl Trait` is a type parameter of it")),
            _ => None,
        });
    generic
        .or(opaque)
        .or_else(|| mentions_own_type(function).then(|| (function.item.sig.ident.span(), METHOD)))
}

/// Where an argument holds a reference, or lives for ever: in a worker it is made from bytes, and lent for one execution.
fn borrows_within(function: &Function) -> Option<(Span, &'static str)> {
    const WITHIN: &str = "a worker process makes its arguments from bytes, which become no reference within another type: take \
                          owned values in it, such as `&[String]` or `Option<String>`";
    const STATIC: &str = "a worker process makes its arguments from bytes and lends them for one execution, so none is `'static`: \
                          leave the lifetime out";
    function
        .arguments
        .iter()
        .find_map(|argument| match &argument.ty {
            Type::Reference(reference) => {
                let lifetime = reference
                    .lifetime
                    .as_ref()
                    .filter(|lifetime| lifetime.ident == "static");
                lifetime
                    .map(|lifetime| (lifetime.span(), STATIC))
                    .or_else(|| references(&reference.elem).map(|span| (span, WITHIN)))
            }
            other => references(other).map(|span| (span, WITHIN)),
        })
}

/// May a type be a parameter of the block that the function stands in, where it is a method after all? No item within a function can
/// name such a one. By its looks: `T`, `E2`.
fn may_be_bound(function: &Function) -> bool {
    struct Letters(bool);
    impl<'ast> Visit<'ast> for Letters {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0 |= path.get_ident().is_some_and(|name| {
                let name = name.to_string();
                let mut letters = name.chars();
                letters
                    .next()
                    .is_some_and(|first| first.is_ascii_uppercase())
                    && letters.all(|other| other.is_ascii_digit())
            });
            visit::visit_path(self, path);
        }
    }
    let mut letters = Letters(false);
    function
        .arguments
        .iter()
        .for_each(|argument| letters.visit_type(&argument.ty));
    letters.visit_type(&function.output);
    letters.0
}

/// Does a type have a lifetime inside? It may be one that bytes can be read into, such as `Cow`, or not: only a demand finds out.
fn lifetimes_within(function: &Function) -> bool {
    function
        .arguments
        .iter()
        .any(|argument| match &argument.ty {
            Type::Reference(reference) => borrowed(&reference.elem).is_some(),
            other => borrowed(other).is_some(),
        })
}

/// Refuses results that hold references, which no bytes become.
pub(crate) fn refuse_references(function: &Function, what: &str, errors: &mut Errors) {
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

/// May it be found out whether value and error have bytes? The compiler, which looks for a type's `Deserialize` before it looks
/// at lifetimes, would not take no for an answer.
pub(crate) fn may_be_probed(function: &Function) -> bool {
    references(&function.output).is_none() && borrowed(&function.output).is_none()
}

/// The name of the function that a registered function's body is.
pub(crate) fn body_name() -> Ident {
    hidden("body")
}

impl Plan<'_> {
    /// The items of a registered function.
    pub(crate) fn registration(&self) -> TokenStream {
        if self.reach != Reach::Registered {
            return TokenStream::new();
        }
        let (body, entry, submission) = (self.body_item(), self.entry(), self.submission());
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
    fn entry(&self) -> TokenStream {
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
                    #probes
                    #take
                    let #returned = #body(#(#passed),*);
                    #append
                }
            },
            true => quote! {
                fn #entry(#bytes: ::std::vec::Vec<u8>) -> #door::AsyncOutcome {
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
                    path: || #function.path().into_owned(),
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
        let value = at(value.span(), quote!(#door::value_travels::<#value>();));
        let error = self
            .fails()
            .then(|| at(error.span(), quote!(#door::error_travels::<#error>();)));
        quote!(#(#arguments)* #value #error)
    }
}

/// The type without names for its lifetimes, for where those of the function are not known.
fn unnamed(ty: &Type) -> Type {
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
