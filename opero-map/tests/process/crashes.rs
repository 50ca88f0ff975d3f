//! One worker that dies costs one attempt of one item.

use opero_map::{RefusedKind, map_worker, worker};

fn double(n: u64) -> Result<u64, String> {
    Ok(n * 2)
}
worker!(DOUBLE = double: fn(u64) -> Result<u64, String>);

#[test]
fn results_come_in_order() {
    let results = map_worker(0..1000, &DOUBLE).workers(2).try_run().unwrap();
    assert!(results.into_iter().eq((0..1000).map(|n| n * 2)));
}

fn fatal_at_50(n: u64) -> Result<u64, String> {
    match n {
        50 => std::process::abort(),
        _ => Ok(n),
    }
}
worker!(FATAL = fatal_at_50: fn(u64) -> Result<u64, String>);

#[test]
fn an_abort_costs_one_item() {
    let results = map_worker(0..200, &FATAL).workers(2).run();
    assert_eq!(results.len(), 200);
    for (n, result) in results.into_iter().enumerate() {
        match result {
            Ok(value) => assert_eq!(value, n as u64),
            Err(error) => {
                assert_eq!(n, 50);
                let kind = error.refusal().unwrap().kind();
                assert!(
                    matches!(
                        kind,
                        RefusedKind::Crashed {
                            signal: Some(6),
                            ..
                        }
                    ),
                    "{kind:?}"
                );
            }
        }
    }
}
