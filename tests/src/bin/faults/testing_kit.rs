//! Three months of a business in one test, and a thousand tests side by side.

use std::{thread, time::Instant};

use jobqueue::testing;
use jobqueue_tests::{
    report::{Played, Report},
    subscription::three_months,
};


const THREADS: usize = 8;
const EACH: usize = 125;

pub(crate) async fn play(report: &mut Report) -> Played {
    // A test has a runtime of its own.
    let played = tokio::task::spawn_blocking(|| {
        let begun = Instant::now();
        let runs = testing::run(|app| three_months(app, 20)).map_err(|error| error.to_string())?;
        let one = begun.elapsed();
        let begun = Instant::now();
        let threads: Vec<_> = (0..THREADS).map(|_| thread::spawn(many)).collect();
        let done: usize = threads.into_iter().map(|it| it.join().unwrap_or_default()).sum();
        Ok::<_, String>((runs, one, done, begun.elapsed()))
    });
    let (runs, one, done, all) = played.await??;
    let fits = one.as_millis() < 1_000;
    report.check("three months of a business", format!("{runs} runs, {one:?}"), "under 1 s", fits);
    let fits = done == THREADS * EACH && all.as_secs() < 60;
    report.check("a thousand tests", format!("{done} in {all:?}"), "1,000 in seconds", fits);
    Ok(())
}

/// How many of them passed.
fn many() -> usize {
    (0..EACH).filter(|_| testing::run(|app| three_months(app, 2)).is_ok()).count()
}
