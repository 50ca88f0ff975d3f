//! Maps inside of maps, in each combination of threads and processes.

use opero_map::{map, map_worker, worker};

use crate::support::deeds::{Deed, Inner};
use crate::support::hand::{Hand, results};

fn double(n: u64) -> Result<u64, String> {
    Ok(n * 2)
}
worker!(DOUBLE = double: fn(u64) -> Result<u64, String>);

/// The sum of the doubles, from threads of this process.
pub(crate) fn in_threads(items: u64) -> Result<u64, String> {
    let doubled = map(0..items, double).workers(2).progress(false).try_run();
    doubled
        .map(|doubled| doubled.iter().sum())
        .map_err(|error| error.to_string())
}

/// The sum of the doubles, from processes of this process's own.
pub(crate) fn in_processes(items: u64) -> Result<u64, String> {
    let run = map_worker(0..items, &DOUBLE).workers(2).progress(false);
    let doubled = run.try_run();
    doubled
        .map(|doubled| doubled.iter().sum())
        .map_err(|error| error.to_string())
}

fn inside<const ASYNC: bool>(inner: Inner) {
    let deeds = vec![Deed::Nest(inner, 100); 6];
    for result in results(Hand::<ASYNC>::PLAIN.over("nest", deeds)) {
        assert_eq!(result.unwrap().number, 9_900);
    }
}

fn threads_inside_processes<const ASYNC: bool>() {
    inside::<ASYNC>(Inner::Thread);
}

fn processes_inside_processes<const ASYNC: bool>() {
    inside::<ASYNC>(Inner::Process);
}

in_both_modes! { threads_inside_processes, processes_inside_processes }

#[test]
fn processes_inside_threads() {
    let sums = map(0..6_u64, |_| in_processes(100))
        .workers(2)
        .progress(false);
    assert_eq!(sums.try_run().unwrap(), [9_900; 6]);
}

#[test]
fn processes_inside_tasks() {
    let sum = async |_: u64| in_processes(100);
    let run = opero_map::map_async(0..6, sum).progress(false);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(run.try_join()).unwrap(), [9_900; 6]);
}
