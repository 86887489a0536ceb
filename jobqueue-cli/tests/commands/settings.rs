//! Where the server comes from, and what is never told of it.

use std::{fs, path::Path};

use jobqueue_tests::server::RedisServer;

use crate::program::{Program, Ran, bare};

fn write_config(home: &Path, text: &str) {
    let folder = home.join(".config/jobqueue");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("config.toml"), text).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_name_servers() {
    let (program, other) = (Program::start(), RedisServer::start());
    let (home, url) = (&program.home, other.url());
    let text = format!(
        "default = \"b\"\n[profile.a]\nurl = \"{url}\"\nprefix = \"shop\"\n[profile.b]\nurl = \"{url}\"\n"
    );
    write_config(home.path(), &text);
    program.out("add here send");
    Ran::of(&mut bare(home, &["add", "there", "send", "--profile", "a"])).done();
    let queues = |words: &[&str]| Ran::of(&mut bare(home, words)).done().out;
    assert!(queues(&["queues", "--over", "0s", "--profile", "a"]).contains("there"));
    assert!(!queues(&["queues", "--over", "0s"]).contains("there"), "the default has no prefix");
    assert!(queues(&["queues", "--over", "0s", "--prefix", "shop"]).contains("there"));
    assert!(program.out("queues --over 0s").contains("here"), "the variable comes first");
    let by_url = format!("queues --over 0s --prefix shop --url {url}");
    assert!(program.out(&by_url).contains("there"), "and a URL before it");
    program.run("queues --profile c").ends(2).says(&["no profile \"c\": there is a, b"]);
    program.run("queues --profile a --url redis://x").ends(2);
}

#[test]
fn passwords_are_never_told() {
    let server = RedisServer::builder().password("s3cret").start();
    let home = tempfile::tempdir().expect("a folder");
    let address = server.address();
    for (url, code) in [
        ("redis://:s3cret@127.0.0.1:1".to_owned(), 3),
        (format!("redis://:s3cret2@{address}"), 4),
        (format!("redis://ann:s3cret@{address}/nonsense"), 2),
        ("redis://:s3cret@".to_owned(), 2),
    ] {
        let ran = Ran::of(bare(&home, &["queues"]).env("REDIS_URL", &url));
        assert!(!ran.err.contains("s3cret") && !ran.out.contains("s3cret"), "{ran:?}");
        ran.ends(code);
    }
    write_config(home.path(), "[profile.a]\nurl = \"redis://:s3cret@host\" x\n");
    let ran = Ran::of(&mut bare(&home, &["queues"])).ends(2).says(&["line 2"]);
    assert!(!ran.err.contains("s3cret"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_a_server_too() {
    let home = tempfile::tempdir().expect("a folder");
    let url = format!("embedded:{}", home.path().join("jobs").display());
    Ran::of(&mut bare(&home, &["add", "q", "send", "--url", &url])).done();
    let out = Ran::of(&mut bare(&home, &["queues", "--over", "0s", "--url", &url])).done().out;
    assert!(out.contains("q  "), "{out}");
}
