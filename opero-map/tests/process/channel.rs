//! What an item writes to the channel of its worker costs that item, and no other: neither its
//! result nor an attempt.

use opero_map::RejectedKind;

use crate::support::deeds::Deed;
use crate::support::hand::{Hand, all_but_50, rejection_of_50, results};
use crate::support::watch;

/// The item is charged, after a worker with others and one for it alone: these two are lost.
fn costs_its_item<const ASYNC: bool>(name: &'static str, bytes: Vec<u8>) {
    watch::begin();
    let deeds = all_but_50(&Deed::Scribble(bytes));
    let kind = rejection_of_50(results(Hand::<ASYNC>::PLAIN.over(name, deeds)));
    match kind {
        RejectedKind::Transfer { reason } => assert!(reason.contains("file descriptor")),
        other => unreachable!("{other:?}"),
    }
    assert!(
        (1..=2).contains(&watch::lost(name)),
        "{}",
        watch::lost(name)
    );
}

fn a_stray_line<const ASYNC: bool>() {
    let name = if ASYNC { "line-async" } else { "line" };
    costs_its_item::<ASYNC>(name, b"WARN decoder: bad huffman code\n".to_vec());
}

/// It reads as the head of a long frame, for which all that follows would be taken.
fn a_line_that_looks_like_a_length<const ASYNC: bool>() {
    let name = if ASYNC { "length-async" } else { "length" };
    let line = b"ab\0\0\tcolumn\tcolumn\tcolumn\tcolumn\n".to_vec();
    costs_its_item::<ASYNC>(name, line);
}

/// Replies to calls of other items, but for what only the channel's ends know.
fn forged_replies<const ASYNC: bool>() {
    let name = if ASYNC { "forged-async" } else { "forged" };
    let mut bytes = Vec::new();
    for call in 1_u64..=400 {
        // A value: a number, an empty text, a process.
        let payload = [0, 77, 0, 1];
        let mut header = vec![4, 0, 0, 0, 7];
        header.extend(call.to_le_bytes());
        // As wide as the check, in a version that has one.
        header.extend([0; 4]);
        bytes.extend(header);
        bytes.extend(payload);
    }
    costs_its_item::<ASYNC>(name, bytes);
}

in_both_modes! { a_stray_line, a_line_that_looks_like_a_length, forged_replies }
