//! The macros' messages about mistakes, each pointing at the user's own token.

#[test]
fn mistakes_are_pointed_at_and_sound_code_compiles() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/*.rs");
    cases.pass("ui/pass/*.rs");
}
