//! A folder of a million waiting jobs is opened.

use std::{fs, time::Instant};

use bytes::Bytes;
use jobqueue::Client;
use jobqueue_engine::{Folder, Options, Reply};
use jobqueue_tests::folder::SharedFolder;

use super::{
    Played, Report, number,
    sums::{nothing, payload},
};

/// On a machine that does little else.
const MOST_SECONDS: f64 = 10.0;

pub(crate) async fn play(report: &mut Report) -> Played {
    let jobs = number("JOBS", 1_000_000);
    let folder = SharedFolder::new();
    let client = Client::connect(&format!("embedded:{}", folder.path().display())).await?;
    for begin in (0..jobs).step_by(10_000) {
        let some = (begin..jobs.min(begin + 10_000)).map(|_| payload(100));
        client.add_all(nothing, some).await.map_err(|error| error.error)?;
    }
    drop(client);
    // Once from what its process left, and once more.
    for round in ["as it was left", "again"] {
        let place = Folder::at(folder.path())?;
        let (began, held) = loop {
            let began = Instant::now();
            match place.hold(&Options::new()) {
                // What the clients had begun ends first.
                Err(error) if error.is_busy() => tokio::task::yield_now().await,
                held => break (began, held?),
            }
        };
        let took = began.elapsed().as_secs_f64();
        let found = held.engine().call(&["HLEN", "jq:{sums}:jobs"].map(Bytes::from));
        let is_all = found == Reply::Integer(i64::try_from(jobs)?);
        let size: u64 = fs::read_dir(place.path())?
            .filter_map(|it| it.ok()?.metadata().ok())
            .map(|it| it.len())
            .sum();
        let figure = format!("{took:.2} s for {} MB", size >> 20);
        let fits = is_all && took <= MOST_SECONDS * (jobs as f64 / 1e6).max(0.1);
        report.check(&format!("{jobs} waiting jobs are read, {round}"), figure, "seconds", fits);
    }
    Ok(())
}
