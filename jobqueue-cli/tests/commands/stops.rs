//! What is cut off.

use jobqueue_tests::process::{Process, Signal};

use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_cuts_off_what_waits() {
    let program = Program::start();
    program.out("add q send null --id a --delay 1h");
    for (words, sign) in [
        (&["stats", "q", "--watch", "50ms"][..], "Z "),
        (&["job", "wait", "a"], ""),
        (&["job", "logs", "a", "--follow"], ""),
    ] {
        for signal in [Signal::INT, Signal::TERM] {
            let mut process = Process::spawn(&mut program.command(words));
            if sign.is_empty() {
                let name = "jobqueue:jobqueue-cli:";
                let mut redis = program.server.connection();
                jobqueue_tests::wait::eventually("a connection", async || {
                    let list = redis::cmd("CLIENT").arg("LIST").query::<String>(&mut redis);
                    list.is_ok_and(|list| list.contains(name))
                })
                .await;
            } else {
                process.line(sign).await;
            }
            process.signal(signal);
            assert_eq!(process.exit().await.code(), Some(130), "{words:?}");
        }
    }
}
