//! `jobqueue top` in a terminal of its own.

use std::{
    io::{Read as _, Write},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use jobqueue_tests::wait::eventually;
use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

use super::{drawn, emails};
use crate::program::Program;

/// The program in a terminal.
struct Screen {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    shown: Arc<Mutex<vt100::Parser>>,
}

impl Screen {
    fn open(program: &Program, words: &[&str]) -> Self {
        let size = PtySize { rows: 24, cols: 80, ..PtySize::default() };
        let pty = native_pty_system().openpty(size).expect("a terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_jobqueue"));
        command.args(words);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("USER", "ann")] {
            command.env(name, value);
        }
        command.env("HOME", program.home.path());
        command.env("REDIS_URL", program.server.url());
        let child = pty.slave.spawn_command(command).expect("it starts");
        let mut output = pty.master.try_clone_reader().expect("its output");
        let keys = pty.master.take_writer().expect("its input");
        let shown = Arc::new(Mutex::new(vt100::Parser::new(24, 80, 0)));
        let parser = shown.clone();
        thread::spawn(move || {
            let _open = pty.master;
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                let mut parser = parser.lock().unwrap_or_else(PoisonError::into_inner);
                parser.process(&bytes[..count]);
            }
        });
        Self { child, keys, shown }
    }

    fn text(&self) -> String {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).screen().contents()
    }

    /// What it shows now as a picture, if that is what it is to show.
    fn picture_if(&self, fits: impl Fn(&str) -> bool) -> Option<String> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        fits(&shown.screen().contents()).then(|| drawn::svg(shown.screen()))
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("typed");
        self.keys.flush().expect("typed");
    }

    async fn shows(&self, texts: &[&str]) {
        let shows = async || {
            let shown = self.text();
            texts.iter().all(|text| shown.contains(text))
        };
        let all = eventually("the screen", shows);
        if tokio::time::timeout(Duration::from_secs(15), all).await.is_err() {
            panic!("{texts:?} isn't all there:\n{}", self.text());
        }
    }

    async fn ends(&mut self, code: u32) {
        let status = eventually("the end", async || self.child.try_wait().expect("a child")).await;
        assert_eq!(status.exit_code(), code, "{}", self.text());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session() {
    let program = Program::start();
    let client = program.client().await;
    let mails = emails::fill(&client).await;
    let queue = client.queue("emails").expect("a name");
    let mut screen = Screen::open(&program, &["top", "--every", "200ms"]);
    screen.shows(&["jobqueue top", "▸emails", "● live", "no mailbox", "read-only: no"]).await;

    screen.types("p");
    screen.shows(&["emails is paused", "‖"]).await;
    assert!(queue.counts().await.expect("counts").paused);
    screen.types("p");
    screen.shows(&["emails goes on"]).await;

    screen.types("\r");
    screen.shows(&["[6 ✕ 1 failed]", mails.failed.as_str()]).await;
    screen.types("\r");
    screen.shows(&["emails · send · ✕ failed", "payload  {", "on its way"]).await;
    screen.types("\u{1b}");
    screen.shows(&["[6 ✕ 1 failed]"]).await;
    screen.types("\u{1b}");
    screen.shows(&["newest failures"]).await;

    screen.types("r");
    screen.shows(&["Run 1 failed jobs of emails again?"]).await;
    screen.types("y");
    screen.shows(&["1 failed jobs of emails run again"]).await;
    assert_eq!(queue.counts().await.expect("counts").failed, 0);
    screen.types("w");
    screen.shows(&["No worker."]).await;
    screen.types("?");
    screen.shows(&["any key goes back"]).await;
    screen.types("xq");
    screen.ends(0).await;
    let noted = program.json("audit --action retry_failed");
    assert_eq!(noted[0]["count"], 1, "{noted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_session_changes_nothing() {
    let program = Program::start();
    let client = program.client().await;
    emails::fill(&client).await;
    let mut screen = Screen::open(&program, &["top", "--read-only"]);
    screen.shows(&["▸emails", "read-only: yes"]).await;
    screen.types("p");
    screen.shows(&["read-only: nothing is changed"]).await;
    assert!(!client.queue("emails").expect("a name").counts().await.expect("counts").paused);
    screen.types("\u{3}");
    screen.ends(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_asked_for_where_somebody_can_type() {
    let program = Program::start();
    let client = program.client().await;
    emails::fill(&client).await;
    let queue = client.queue("emails").expect("a name");
    let mut screen = Screen::open(&program, &["drain", "emails"]);
    screen.shows(&["Would remove 1 waiting job of emails. Type emails to go on:"]).await;
    screen.types("email\r");
    screen.ends(4).await;
    assert_eq!(queue.counts().await.expect("counts").waiting, 1);
    let mut screen = Screen::open(&program, &["drain", "emails"]);
    screen.shows(&["to go on:"]).await;
    screen.types("emails\r");
    screen.ends(0).await;
    assert_eq!(queue.counts().await.expect("counts").waiting, 0);
    let mut screen = Screen::open(&program, &["drain", "emails"]);
    screen.shows(&["to go on:"]).await;
    screen.types("\u{3}");
    screen.ends(130).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_fit_the_terminal() {
    let program = Program::start();
    let client = program.client().await;
    let mails = emails::fill(&client).await;
    let mut screen = Screen::open(&program, &["find", "name:send"]);
    screen.ends(0).await;
    screen.shows(&["…", "found"]).await;
    let text = screen.text();
    assert!(!text.contains(mails.failed.as_str()), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("emails")).count(), 5, "{text}");
    let mut screen = Screen::open(&program, &["find", "name:send", "--full"]);
    screen.ends(0).await;
    screen.shows(&[mails.failed.as_str()]).await;
}

/// `./dev pictures` keeps it, for the README and the guide.
#[tokio::test(flavor = "multi_thread")]
async fn it_has_a_picture() {
    let program = Program::start();
    let client = program.client().await;
    let mails = emails::fill(&client).await;
    let emails = client.queue("emails").expect("a name");
    // Its error has signs that nobody wants to see in a picture.
    emails.job(&mails.failed).remove().await.expect("removed");
    for n in 0..3 {
        emails.add("send", &serde_json::json!({"order": n})).await.expect("added");
    }
    emails::letter(&client).await;
    let webhooks = client.queue("webhooks").expect("a name");
    for n in 0..40 {
        webhooks.add("call", &serde_json::json!({"order": n})).await.expect("added");
    }
    let reports = client.queue("reports").expect("a name");
    reports.add("monthly", &serde_json::json!("march")).await.expect("added");
    reports.pause().await.expect("paused");
    let mut screen = Screen::open(&program, &["top", "--every", "500ms"]);
    screen.shows(&["needs a look", "‖"]).await;
    let (mut picture, began) = (None, Instant::now());
    emails::traffic(&client, async || {
        picture = screen.picture_if(|text| {
            let has = ["needs a look", "‖", "no address", "workers 1 "];
            has.iter().all(|it| text.contains(it)) && !text.contains("done 0/s")
        });
        assert!(began.elapsed() < Duration::from_secs(15), "no traffic:\n{}", screen.text());
        picture.is_some()
    })
    .await;
    let picture = picture.expect("the traffic ends once it is there");
    assert!(picture.contains("jobqueue\u{a0}top") && picture.ends_with("</svg>\n"), "{picture}");
    if let Some(folder) = std::env::var_os("JOBQUEUE_PICTURES") {
        let file = std::path::Path::new(&folder).join("top.svg");
        std::fs::write(file, picture).expect("the picture is kept");
    }
    screen.types("q");
    screen.ends(0).await;
}
