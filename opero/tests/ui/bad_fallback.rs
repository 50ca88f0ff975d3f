use opero::{opero, operomap};

#[opero]
fn empty(#[fallback()] model: &str) -> Result<String, String> {
    Ok(model.into())
}

#[opero(arg_fallback = "modle")]
fn unknown(prompt: &str, model: &str) -> Result<String, String> {
    Ok(format!("{prompt}{model}"))
}

#[opero(arg_fallback = "prompt")]
fn disagreeing(prompt: &str, #[fallback("a")] model: &str) -> Result<String, String> {
    Ok(format!("{prompt}{model}"))
}

#[opero]
fn twice(#[fallback("a")] prompt: &str, #[fallback("a")] model: &str) -> Result<String, String> {
    Ok(format!("{prompt}{model}"))
}

#[opero(fallback_on = |_| true)]
fn without(prompt: &str) -> Result<String, String> {
    Ok(prompt.into())
}

#[opero(cache_key = |model| model)]
fn keyed_by_it(#[fallback("a")] model: &str) -> Result<String, String> {
    Ok(model.into())
}

#[operomap(arg_fallback = "prompt")]
fn the_item(prompt: String) -> Result<String, String> {
    Ok(prompt)
}

#[opero(retreis = 3)]
fn misspelt(prompt: &str, #[fallback("a", "b")] model: &str) -> Result<String, String> {
    Ok(format!("{prompt}{model}"))
}

fn main() {
    // Not an error of its own.
    let _ = misspelt("hello");
}
