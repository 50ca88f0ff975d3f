use super::{Opening, Store, find, put};
use crate::conformance::run::{Seen, answer, ensure, key};

/// Namespaces and functions whose names run into each other where they are only strung together, read as patterns, or cut.
const NAMES: &[(&str, &str)] = &[
    ("", ""),
    ("", ":"),
    (":", ""),
    ("a", "b:c"),
    ("a:b", "c"),
    ("a", "b"),
    ("a", "bb"),
    ("aa", "b"),
    ("a/b", "c"),
    ("a", "b/c"),
    ("a", "*"),
    ("a", "?"),
    ("a", "[a-z]"),
    ("a", "\\*"),
    ("a", "{b}"),
    ("a", "%2A"),
    ("a\0", "b"),
    ("a", "\0b"),
    ("..", "../.."),
    ("a", "A"),
    ("ä", "日本語 🌧"),
    (
        "a",
        "shop::price<alloc::string::String, &'_ [u8]>::{{closure}}",
    ),
];

fn open_all(opening: &Opening<'_>) -> Result<Vec<Store>, String> {
    let mut stores = NAMES
        .iter()
        .map(|(namespace, function)| opening.open_for(namespace, function))
        .collect::<Result<Vec<_>, _>>()?;
    let long = "long::".repeat(100);
    stores.push(opening.open_for("", &long)?);
    stores.push(opening.open_for("", &format!("{long}er"))?);
    for (number, store) in stores.iter().enumerate() {
        put(store, &key(1), &[number as u8])?;
    }
    Ok(stores)
}

fn name(number: usize) -> String {
    let name = NAMES.get(number);
    name.map_or("a long one".to_owned(), |name| format!("{name:?}"))
}

pub(super) fn apart(opening: &Opening<'_>) -> Seen {
    for (number, store) in open_all(opening)?.iter().enumerate() {
        let found = find(store, &key(1))?;
        let own = found.as_deref() == Some(&[number as u8]);
        let name = name(number);
        ensure!(own, "in namespace and function {name} is another's record");
    }
    Ok(())
}

pub(super) fn cleared(opening: &Opening<'_>) -> Seen {
    let stores = open_all(opening)?;
    for (number, store) in stores.iter().enumerate() {
        let name = name(number);
        answer("clear", store.clear())?;
        ensure!(find(store, &key(1))?.is_none(), "{name} is not empty");
        for (later, store) in stores.iter().enumerate().skip(number + 1) {
            let found = find(store, &key(1))?;
            let other = self::name(later);
            ensure!(found.is_some(), "clearing {name} cleared {other} too");
        }
    }
    Ok(())
}

/// Asked for by a function that has no records, as of those that other processes called.
pub(super) fn namespace_cleared(opening: &Opening<'_>) -> Seen {
    // Without the long names at the end, which are in the first namespace.
    let mut left: Vec<_> = NAMES.iter().zip(open_all(opening)?).collect();
    while let Some(&(&(namespace, _), _)) = left.first() {
        let asking = opening.open_for(namespace, "asking")?;
        answer("clear_namespace", asking.clear_namespace())?;
        for (name, store) in &left {
            let found = find(store, &key(1))?.is_some();
            ensure!(
                found || name.0 == namespace,
                "clearing {namespace:?} cleared {name:?}"
            );
            ensure!(
                !found || name.0 != namespace,
                "clearing {namespace:?} left {name:?}"
            );
        }
        left.retain(|(name, _)| name.0 != namespace);
    }
    Ok(())
}

/// More than a page of whatever a store goes through.
pub(super) fn many_cleared(opening: &Opening<'_>) -> Seen {
    const MANY: u64 = 3000;
    let (one, other) = (opening.open()?, opening.open_for("", "other")?);
    for number in 0..MANY {
        put(&one, &key(number), b"one")?;
    }
    put(&other, &key(0), b"other")?;
    answer("clear", one.clear())?;
    for number in 0..MANY {
        ensure!(find(&one, &key(number))?.is_none(), "not all are gone");
    }
    ensure!(
        find(&other, &key(0))?.is_some(),
        "another function's is gone"
    );
    Ok(())
}
