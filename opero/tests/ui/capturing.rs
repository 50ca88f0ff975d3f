use opero::opero;

#[opero(retry_on = |error: &String| error.len() > prompt.len())]
fn captured(prompt: &str) -> Result<String, String> {
    Ok(prompt.into())
}

#[opero(retry_on = |error| error > 5)]
fn mistyped(prompt: &str) -> Result<String, String> {
    Ok(prompt.into())
}

#[opero(retry_on = "timeout")]
fn a_text(a: u32) -> Result<u32, String> {
    Ok(a)
}

#[opero(cache_if = true, retry_after = 3)]
fn constants(a: u32) -> Result<u32, String> {
    Ok(a)
}

fn main() {}
