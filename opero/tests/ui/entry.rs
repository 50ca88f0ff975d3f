//! `#[opero::main]` on what is no `main`, or with what is none of its parameters.

#[opero::main]
fn start() {}

#[opero::main]
struct Main;

mod arguments {
    #[opero::main]
    fn main(arguments: Vec<String>) {}
}

mod generic {
    #[opero::main]
    fn main<T>() {}
}

mod no_runtime {
    #[opero::main(flavor = "current_thread")]
    fn main() {}
}

mod flavor {
    #[opero::main(flavor = "two_threads", threads = 2)]
    async fn main() {}
}

mod threads {
    #[opero::main(flavor = "current_thread", worker_threads = 2)]
    async fn main() {}
}

mod zero {
    #[opero::main(worker_threads = 0)]
    async fn main() {}
}

fn main() {}
