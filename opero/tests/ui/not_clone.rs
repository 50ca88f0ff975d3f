use opero::opero;

#[derive(Hash)]
struct Token;

struct Answer;

#[opero(cache = false)]
fn argument(token: Token) -> u32 {
    let _ = token;
    1
}

#[opero]
fn value(a: u32) -> Result<Answer, String> {
    let _ = a;
    Ok(Answer)
}

#[opero]
async fn value_async(a: u32) -> Answer {
    let _ = a;
    Answer
}

fn main() {}
