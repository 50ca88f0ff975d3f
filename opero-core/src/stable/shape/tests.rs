use serde::Deserialize;

use super::shape;

macro_rules! shape_of {
    ($($item:tt)*) => {{
        #[derive(Deserialize)]
        #[allow(dead_code, reason = "only what it looks like matters")]
        $($item)*
        shape::<Type>()
    }};
}

#[test]
fn fields_and_variants_count_by_name_order_and_kind() {
    let shapes = [
        shape_of!(
            struct Type {
                a: u32,
                b: u32,
            }
        ),
        shape_of!(
            struct Type {
                b: u32,
                a: u32,
            }
        ),
        shape_of!(
            struct Type {
                a: u32,
            }
        ),
        shape_of!(
            struct Type {
                a: u32,
                b: u64,
            }
        ),
        shape_of!(
            struct Type {
                a: u32,
                b: Option<u32>,
            }
        ),
        shape_of!(
            enum Type {
                A(u32),
                B,
            }
        ),
        shape_of!(
            enum Type {
                B,
                A(u32),
            }
        ),
        shape_of!(
            enum Type {
                A(u32),
                B,
                C,
            }
        ),
        shape_of!(
            enum Type {
                A(u64),
                B,
            }
        ),
        shape_of!(
            enum Type {
                A(u32),
                B(u32),
            }
        ),
    ];
    for (number, one) in shapes.iter().enumerate() {
        assert!(!shapes[..number].contains(one), "{number}");
    }
}

#[test]
fn the_name_of_a_type_does_not_count_and_the_number_stays() {
    mod other {
        #[derive(serde::Deserialize)]
        #[allow(dead_code, reason = "only what it looks like matters")]
        pub(super) struct Another {
            pub(super) a: Vec<u32>,
        }
    }
    let one = shape_of!(
        struct Type {
            a: Vec<u32>,
        }
    );
    assert_eq!(one, shape::<other::Another>());
    // It is in journals that earlier versions wrote.
    assert_eq!(shape::<(u8, String)>(), 11_904_153_110_900_018_608);
}

#[test]
fn the_name_of_a_type_without_named_fields_counts() {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only what it looks like matters")]
    struct Celsius(f64);
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only what it looks like matters")]
    struct Fahrenheit(f64);
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only what it looks like matters")]
    struct Point(u8, u8);
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only what it looks like matters")]
    struct Size(u8, u8);
    assert_ne!(shape::<Vec<Celsius>>(), shape::<Vec<Fahrenheit>>());
    assert_ne!(shape::<Option<Point>>(), shape::<Option<Size>>());
}

#[test]
fn what_is_behind_a_variant_behind_a_variant_counts() {
    macro_rules! outer {
        ($kind:ty) => {{
            #[derive(Deserialize)]
            #[allow(dead_code, reason = "only what it looks like matters")]
            enum Inner {
                X,
                Y,
                Z { deep: Option<Vec<$kind>> },
            }
            shape_of!(
                enum Type {
                    A,
                    B(Inner),
                    C,
                    D,
                }
            )
        }};
    }
    assert_ne!(outer!(u32), outer!(i32));
}

#[test]
fn types_without_an_end_have_an_end_here() {
    let tree = shape_of!(
        struct Type {
            value: u8,
            children: Vec<Type>,
        }
    );
    let other = shape_of!(
        struct Type {
            value: u8,
            children: Option<Box<Type>>,
        }
    );
    let terms = shape_of!(
        enum Type {
            Add(Box<Type>, Box<Type>),
            Number(i64),
        }
    );
    let endless = shape_of!(
        struct Type {
            again: Box<Type>,
        }
    );
    assert!(tree != other && other != terms && terms != endless);
    assert_ne!(shape::<[[u8; 32]; 32]>(), shape::<[[i8; 32]; 32]>());
}

#[test]
fn a_type_that_rejects_or_panics_has_a_shape_all_the_same() {
    fn rejects<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
    let one = shape_of!(
        struct Type {
            #[serde(deserialize_with = "rejects")]
            a: u8,
            b: u8,
        }
    );
    let two = shape_of!(
        struct Type {
            #[serde(deserialize_with = "rejects")]
            a: u8,
            c: u8,
        }
    );
    assert_ne!(one, two);

    fn panics<'de, D: serde::Deserializer<'de>>(_: D) -> Result<u8, D::Error> {
        panic!("as a careless `Deserialize` may")
    }
    let one = shape_of!(
        struct Type {
            a: u8,
            #[serde(deserialize_with = "panics")]
            b: u8,
        }
    );
    let two = shape_of!(
        struct Type {
            a: i8,
            #[serde(deserialize_with = "panics")]
            b: u8,
        }
    );
    assert_ne!(one, two);
}
