use opero::opero;

#[opero(retries = 1)]
async fn is_even(n: u32) -> Result<bool, String> {
    match n {
        0 => Ok(true),
        _ => is_odd(n - 1).await,
    }
}

#[opero(retries = 1)]
async fn is_odd(n: u32) -> Result<bool, String> {
    match n {
        0 => Ok(false),
        _ => is_even(n - 1).await,
    }
}

fn main() {
    drop(is_even(3));
}
