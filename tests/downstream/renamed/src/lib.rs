//! The attributes find opero under the name that this crate gives it.

/// Twice the number, once a number.
#[careful::opero]
pub fn double(number: u32) -> u32 {
    number * 2
}

/// Twice each number.
#[careful::operomap(progress = false)]
pub fn doubles(number: u32) -> u32 {
    double(number)
}

#[test]
fn a_renamed_crate_works() {
    assert_eq!(double(21), 42);
    assert_eq!(doubles([1, 2, 3]).try_run().unwrap(), [2, 4, 6]);
}
