use opero::opero;

#[opero(arg_fallback = model)]
fn ask(model: &'static str) -> Result<String, String> {
    Ok(model.into())
}

fn main() {
    let empty: [&'static str; 0] = [];
    let _ = ask(empty);
}
