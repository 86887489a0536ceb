//! Says whether the tests run: they need a browser, which a machine may not have.

fn main() {
    const VARIABLE: &str = "JOBQUEUE_BROWSER";
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    println!("cargo::rustc-check-cfg=cfg(browser)");
    if std::env::var(VARIABLE).is_ok_and(|value| value == "1") {
        println!("cargo::rustc-cfg=browser");
    }
}
