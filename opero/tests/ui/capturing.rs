use opero::opero;

#[opero(retry_on = |error: &String| error.len() > prompt.len())]
fn captured(prompt: &str) -> Result<String, String> {
    Ok(prompt.into())
}

#[opero(retry_on = |error| error > 5)]
fn mistyped(prompt: &str) -> Result<String, String> {
    Ok(prompt.into())
}

fn main() {}
