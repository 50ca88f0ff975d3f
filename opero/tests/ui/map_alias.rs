use opero::operomap;

type Outcome = Result<u32, String>;
type MyResult<T> = Result<T, opero::Error<String>>;

#[operomap]
fn hidden(a: u32) -> Outcome {
    Ok(a)
}

#[operomap]
fn hidden_error(a: u32) -> MyResult<u32> {
    Ok(a)
}

#[operomap]
fn fine(a: u32) -> std::io::Result<u32> {
    Ok(a)
}

fn main() {}
