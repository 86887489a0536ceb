//! Bad input is 2, no server 3, a refusal 4.

use crate::program::{Program, Ran, bare};

#[test]
fn bad_input() {
    let program = Program::start();
    for (line, text) in [
        ("", "Usage"),
        ("quues", "queues"),
        ("stats", "<QUEUE>"),
        ("stats bad{name", "invalid"),
        ("jobs q --state done", "use waiting, delayed"),
        ("jobs q added>soon", "expected"),
        ("add q send null --delay 1h --at 2099-01-01", "cannot be used with"),
        ("job show two{words", "there is"),
        ("find payload:", "expected"),
        ("find a -n 1001", "1..=1000"),
        ("find kind:angry", "timeout"),
        ("clean q", "--older-than"),
        ("job move x", "--to"),
        ("queues --color pink", "auto"),
        ("add q send 18446744073709551616", "would be rounded"),
        ("bench --payload 99999999", "is not in"),
    ] {
        let ran = program.run(line);
        if line.starts_with("job show") {
            ran.ends(4);
            continue;
        }
        ran.ends(2).says(&[text]);
    }
}

#[test]
fn no_server() {
    let home = tempfile::tempdir().expect("a folder");
    for line in ["queues", "stats q", "add q send", "job show x", "top", "bench"] {
        let words: Vec<&str> = line.split(' ').chain(["--url", "redis://127.0.0.1:1"]).collect();
        let ran = Ran::of(&mut bare(&home, &words)).ends(3);
        assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    }
}

#[test]
fn refusals() {
    let program = Program::start();
    program.out("add q send null --id a");
    for line in ["job promote a", "job retry a", "stats nowhere", "jobs nowhere", "events nowhere"]
    {
        let ran = program.run(line).ends(4);
        assert!(ran.out.is_empty() && ran.err.starts_with("jobqueue: "), "{ran:?}");
    }
    program.run("limits set q --max-length 1").done();
    program.run("add q send").ends(4).says(&["is full"]);
}
