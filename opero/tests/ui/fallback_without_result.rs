use opero::opero;

#[opero]
fn cannot_fail(#[fallback("a", "b")] model: &str) -> String {
    model.into()
}

#[opero(retries = 2)]
fn retried(a: u32) -> u32 {
    a
}

#[opero(retry_on = |_| true)]
async fn judged(a: u32) -> u32 {
    a
}

#[opero(retries = 0)]
fn fine(a: u32) -> u32 {
    a
}

#[opero(retries = 2)]
fn fine_alias(a: u32) -> std::io::Result<u32> {
    Ok(a)
}

fn main() {}
