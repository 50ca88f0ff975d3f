use opero::opero;

// A call in the background outlives what it borrows.
struct Borrowing<'a>(&'a str);

impl<'a> Clone for Borrowing<'a> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl Borrowing<'_> {
    #[opero(cache_stale = 60, cache_key = || self.0)]
    fn method(&self) -> u32 {
        1
    }
}

fn main() {}
