//! Whole screens, and what keys make of them.

use std::time::Duration;

use expect_test::{ExpectFile, expect_file};
use jobqueue::{
    Client, JobInfo, JobState,
    stats::QueueCounts,
    types::{DateTime, Utc},
};
use ratatui::{Terminal, backend::TestBackend};

use super::draw;
use crate::{
    command::queues::{self, QueueView},
    output::Paint,
    top::{
        act::Act,
        keyboard::Key,
        model::{Model, Over, Screen},
        snapshot::{FailureKind, Job, Jobs, Pane, Snapshot},
        update::{Next, answered, seen, typed},
    },
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_323_045 + seconds, 0).expect("a time")
}

/// A queue and a job, to be changed into others: only a server makes such values.
async fn made() -> (QueueView, QueueCounts, JobInfo) {
    let client = Client::connect("embedded:").await.expect("connected");
    let queue = client.queue("emails").expect("a name");
    let job =
        queue.add("send", &serde_json::json!({"to": "ann"})).id("job-1").await.expect("added");
    let info = job.info().await.expect("known");
    let counts = queue.counts().await.expect("counted");
    (queues::read(&client).await.expect("read").remove(0), counts, info)
}

fn queue(made: &QueueView, name: &str, jobs: [u64; 4]) -> QueueView {
    let mut view = made.clone();
    view.entry.name = name.parse().expect("a name");
    let [waiting, delayed, active, failed] = jobs;
    let glance = &mut view.glance;
    (glance.waiting, glance.delayed, glance.active, glance.failed) =
        (waiting, delayed, active, failed);
    view.glance.oldest_waiting = None;
    // Not since when it was read.
    view.glance.at = at(0);
    view
}

/// A snapshot of some queues, with totals after so many seconds.
async fn snapshot(seconds: i64) -> Snapshot {
    let (made, mut counts, job) = made().await;
    let mut emails = queue(&made, "emails", [17_802, 310, 128, 41]);
    emails.glance.oldest_waiting = Some(Duration::from_millis(8_200));
    let elapsed = u64::try_from(seconds).expect("later");
    emails.glance.total_added = 812 * elapsed;
    emails.glance.total_completed = 798 * elapsed;
    let mut webhooks = queue(&made, "webhooks", [411, 0, 0, 12]);
    webhooks.glance.oldest_waiting = Some(Duration::from_secs(360));
    let mut billing = queue(&made, "billing", [0, 3, 4, 1_204]);
    billing.entry.dead_letter = Some("dead".parse().expect("a name"));
    billing.dead_letters = Some(1_204);
    let mut dead = queue(&made, "dead", [1_204, 0, 0, 0]);
    dead.entry.dead_letters_of = vec![billing.entry.name.clone()];
    let mut reports = queue(&made, "reports", [81, 40, 0, 0]);
    reports.entry.paused = true;
    let quiet = queue(&made, "search", [0, 0, 0, 0]);
    let mut views = vec![billing, dead, emails, reports, quiet, webhooks];
    for view in &mut views {
        view.glance.at = at(seconds);
    }
    let failures = vec![
        failure(38, "timeout", "cannot connect to smtp-3:25", 12, seconds),
        failure(1, "panic", "index out of bounds: len 3", 540, seconds),
    ];
    let pane = Pane { queue: "emails".parse().expect("a name"), failures, running: Vec::new() };
    let state = JobState::Failed;
    (counts.waiting, counts.delayed, counts.active, counts.failed) = (17_802, 310, 128, 41);
    let jobs = jobs_like(&job, seconds);
    let jobs = Jobs { queue: pane.queue.clone(), state, counts, jobs };
    let (queue, id) = (pane.queue.clone(), job.id.clone());
    let opened = jobs.jobs.first().cloned();
    let job = Job { queue, id, info: opened, logs: vec!["on its way".to_owned()] };
    Snapshot {
        at: at(seconds),
        queues: views,
        workers: Vec::new(),
        cpu: Some(0.04),
        last_action: None,
        pane: Some(pane),
        jobs: Some(jobs),
        job: Some(job),
    }
}

fn failure(count: usize, reason: &'static str, text: &str, age: i64, now: i64) -> FailureKind {
    let last = at(now - age);
    FailureKind { count, reason, message: text.to_owned(), job: "send".to_owned(), last }
}

fn jobs_like(job: &JobInfo, now: i64) -> Vec<JobInfo> {
    let like = |number: i64| {
        let mut job = job.clone();
        job.id = format!("job-{number}").parse().expect("an id");
        job.state = JobState::Failed;
        job.record.created_at = at(now - 60);
        job.finished_at = Some(at(now - number));
        job.attempts_made = 1;
        job
    };
    (1..=3).map(like).collect()
}

async fn model(paint: Paint) -> Model {
    let server = "redis://prod-2:6379/0".to_owned();
    let mut model = Model::new(server, Duration::from_secs(2), false, paint);
    for seconds in [0, 2, 4] {
        assert_eq!(seen(&mut model, Ok(snapshot(seconds).await)), Next::Draw);
    }
    model
}

fn keys(model: &mut Model, keys: &str) -> Next {
    keys.chars().map(|key| typed(model, Key::Letter(key))).last().expect("a key")
}

/// A screen of this size is as it is in the file.
fn check(model: &Model, (width, height): (u16, u16), expected: &ExpectFile) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen");
    terminal.draw(|frame| draw(frame, model)).expect("drawn");
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..height {
        let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    expected.assert_eq(&text);
}

#[tokio::test]
async fn all_queues() {
    let mut model = model(Paint::Plain).await;
    // The first by trouble has no worker.
    assert_eq!(
        model.selected.as_ref().map(jobqueue::QueueName::as_str).map(ToString::to_string),
        model.shown().first().map(|it| it.entry.name.to_string())
    );
    model.selected = Some("emails".parse().expect("a name"));
    check(&model, (80, 24), &expect_file!["expected/queues_80x24.txt"]);
    check(&model, (60, 20), &expect_file!["expected/queues_60x20.txt"]);
    check(&model, (110, 20), &expect_file!["expected/queues_110x20.txt"]);
    check(&model, (20, 5), &expect_file!["expected/queues_20x5.txt"]);
}

#[tokio::test]
async fn every_size_shows_what_it_has_room_for() {
    let mut model = model(Paint::Plain).await;
    let mut screens = Vec::new();
    for key in [None, Some(Key::Enter), Some(Key::Enter), Some(Key::Letter('?'))] {
        if let Some(key) = key {
            typed(&mut model, key);
        }
        screens.push(model.clone());
    }
    for (width, height) in (0..120).step_by(7).flat_map(|x| (0..30).map(move |y| (x, y))) {
        for model in &screens {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen");
            terminal.draw(|frame| draw(frame, model)).expect("drawn");
        }
    }
    check(&screens[0], (80, 8), &expect_file!["expected/queues_80x8.txt"]);
}

#[tokio::test]
async fn colours_change_no_sign() {
    let (plain, painted) = (model(Paint::Plain).await, model(Paint::Colours).await);
    for model in [&plain, &painted] {
        let mut model = model.clone();
        model.selected = Some("emails".parse().expect("a name"));
        check(&model, (80, 24), &expect_file!["expected/queues_80x24.txt"]);
    }
    let colours = |model: &Model| {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a screen");
        terminal.draw(|frame| draw(frame, model)).expect("drawn");
        let cells = terminal.backend().buffer().content().to_vec();
        cells.iter().any(|cell| cell.fg != ratatui::style::Color::Reset)
    };
    assert!(colours(&painted) && !colours(&plain));
}

#[tokio::test]
async fn a_queue_and_a_job_of_it() {
    let mut model = model(Paint::Plain).await;
    model.selected = Some("emails".parse().expect("a name"));
    typed(&mut model, Key::Enter);
    check(&model, (80, 24), &expect_file!["expected/jobs_80x24.txt"]);
    keys(&mut model, "/job-2");
    typed(&mut model, Key::Enter);
    assert_eq!(model.jobs().map(|jobs| jobs.len()), Some(1));
    typed(&mut model, Key::Back);
    typed(&mut model, Key::Enter);
    check(&model, (80, 24), &expect_file!["expected/job_80x24.txt"]);
    assert_eq!(
        keys(&mut model, "r"),
        Next::Do(Act::RetryJob("emails".parse().expect("a name"), "job-1".parse().expect("an id")))
    );
    typed(&mut model, Key::Back);
    assert!(matches!(model.screen, Screen::Jobs(..)));
    keys(&mut model, "1");
    assert_eq!(model.screen, Screen::Jobs("emails".parse().expect("a name"), JobState::Waiting));
    typed(&mut model, Key::Back);
    assert_eq!(model.screen, Screen::Queues);
}

#[tokio::test]
async fn keys_move_sort_and_find() {
    let mut model = model(Paint::Plain).await;
    let names = |model: &Model| {
        let names = model.shown().into_iter().map(|view| view.entry.name.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&model), ["webhooks", "emails", "billing", "reports", "dead"]);
    keys(&mut model, "jjk");
    assert_eq!(model.selected.as_ref().map(jobqueue::QueueName::as_str), Some("emails"));
    keys(&mut model, "a");
    assert_eq!(names(&model).len(), 6);
    keys(&mut model, "ssss");
    assert_eq!(names(&model), ["billing", "dead", "emails", "reports", "search", "webhooks"]);
    keys(&mut model, "/WEB");
    assert_eq!(names(&model), ["webhooks"]);
    typed(&mut model, Key::Erase);
    typed(&mut model, Key::Back);
    assert_eq!(names(&model).len(), 6);
    keys(&mut model, "w");
    check(&model, (80, 24), &expect_file!["expected/workers_80x24.txt"]);
    typed(&mut model, Key::Back);
    keys(&mut model, "?");
    check(&model, (80, 24), &expect_file!["expected/help_80x24.txt"]);
    assert_eq!(keys(&mut model, "q"), Next::Draw, "any key ends the help");
    assert_eq!(keys(&mut model, "q"), Next::Quit);
}

#[tokio::test]
async fn changes_are_asked_about_or_refused() {
    let mut model = model(Paint::Plain).await;
    model.selected = Some("emails".parse().expect("a name"));
    let emails = || "emails".parse().expect("a name");
    assert_eq!(keys(&mut model, "p"), Next::Do(Act::Pause(emails())));
    assert_eq!(keys(&mut model, "r"), Next::Draw);
    assert_eq!(keys(&mut model, "n"), Next::Draw, "it isn't meant");
    assert_eq!(keys(&mut model, "ry"), Next::Do(Act::RetryFailed(emails())));
    model.selected = Some("reports".parse().expect("a name"));
    assert_eq!(keys(&mut model, "p"), Next::Do(Act::Resume("reports".parse().expect("a name"))));
    assert_eq!(keys(&mut model, "r"), Next::Draw);
    assert!(model.over == Over::Nothing && model.answer.is_some(), "none has failed");
    model.read_only = true;
    assert_eq!(keys(&mut model, "p"), Next::Draw);
    assert_eq!(model.answer.as_deref(), Some("read-only: nothing is changed"));
    answered(&mut model, "done".to_owned());
    assert_eq!(model.answer.as_deref(), Some("done"));
}

#[tokio::test]
async fn a_frozen_screen_stays_and_a_lost_server_is_told() {
    let mut model = model(Paint::Plain).await;
    keys(&mut model, " ");
    seen(&mut model, Ok(snapshot(60).await));
    assert_eq!(model.snapshot.as_ref().map(|snapshot| snapshot.at), Some(at(4)));
    keys(&mut model, " ");
    seen(&mut model, Ok(snapshot(60).await));
    assert_eq!(model.snapshot.as_ref().map(|snapshot| snapshot.at), Some(at(60)));
    let lost = Client::connect("redis://127.0.0.1:1").await.expect_err("nobody is there");
    seen(&mut model, Err(lost));
    model.selected = Some("emails".parse().expect("a name"));
    check(&model, (80, 24), &expect_file!["expected/cut_off_80x24.txt"]);
}

#[tokio::test]
async fn dead_letters_are_those_of_the_queue() {
    let mut model = model(Paint::Plain).await;
    for name in ["billing", "dead"] {
        model.selected = Some(name.parse().expect("a name"));
        keys(&mut model, "d");
        let dead = "dead".parse().expect("a name");
        assert_eq!(model.screen, Screen::Jobs(dead, JobState::Waiting));
        typed(&mut model, Key::Back);
    }
    model.selected = Some("emails".parse().expect("a name"));
    keys(&mut model, "d");
    assert_eq!(model.answer.as_deref(), Some("emails has no dead-letter queue"));
}
