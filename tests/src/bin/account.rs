//! A worker or a producer whose every step is noted. Tests and the soak start it, and kill it.

use std::{env, process::ExitCode};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Its handlers panic as they are told; that need not be said.
    std::panic::set_hook(Box::new(|panic| {
        if panic.payload_as_str() != Some("as told") {
            eprintln!("{panic}");
        }
    }));
    let arguments: Vec<String> = env::args().skip(1).collect();
    match jobqueue_tests::account::run_child(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
