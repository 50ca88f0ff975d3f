//! What cannot work is a compile error at the right place that says what to do: the texts are held here.

#[test]
fn compile_errors_say_what_to_do() {
    // The texts are those of one compiler version; another one words its own notes differently.
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/ui/*.rs");
}
