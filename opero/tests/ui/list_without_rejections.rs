use opero::opero;

struct ApiError;

#[opero(arg_fallback = model)]
fn ask(model: &str) -> Result<String, ApiError> {
    Ok(model.into())
}

fn main() {
    let _ = ask(["a", "b"]);
    let _ = ask(vec!["a", "b"]);
    let _ = ask(7);
}
