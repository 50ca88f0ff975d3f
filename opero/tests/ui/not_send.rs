use opero::opero;
use std::rc::Rc;

#[opero(cache = false)]
async fn held(a: u32) -> u32 {
    let held = Rc::new(a);
    std::future::ready(()).await;
    *held
}

fn main() {}
