//! A log of jobs, cut at every byte of its last 10,000: it opens, with all that was acknowledged
//! before the cut.

use std::fs::{self, File};

use bytes::Bytes;
use jobqueue::{Client, Worker};
use jobqueue_engine::{Folder, Options, Reply};
use jobqueue_tests::folder::SharedFolder;

use super::{
    Played, Report, number,
    sums::{Tally, nothing, payload},
};

const LOG: &str = "log-000001";

/// What was acknowledged when the log was so long.
struct Acknowledged {
    length: u64,
    jobs: u64,
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let original = SharedFolder::new();
    let acknowledged = fill(&original).await?;
    let length = fs::metadata(original.path().join(LOG))?.len();
    let cuts = number("CUTS", 10_000).min(usize::try_from(length)? - 100);
    let (mut opened, mut lost) = (0, 0);
    for cut in length - cuts as u64..length {
        let copy = SharedFolder::in_memory();
        fs::create_dir(copy.path())?;
        for name in ["manifest", LOG] {
            fs::copy(original.path().join(name), copy.path().join(name))?;
        }
        File::options().write(true).open(copy.path().join(LOG))?.set_len(cut)?;
        let jobs = jobs_in(&copy)?;
        opened += 1;
        let expected = acknowledged.iter().rfind(|it| it.length <= cut).map_or(0, |it| it.jobs);
        lost += expected.saturating_sub(jobs);
    }
    report.check("cuts after which it opened", opened, format!("{cuts}"), opened == cuts);
    report.check("acknowledged jobs lost before a cut", lost, "0", lost == 0);
    Ok(())
}

/// Adds jobs, one by one, after some that have run.
async fn fill(
    folder: &SharedFolder,
) -> Result<Vec<Acknowledged>, Box<dyn std::error::Error + Send + Sync>> {
    let url = format!("embedded:{}", folder.path().display());
    let client = Client::connect(&url).await?;
    client.add_all(nothing, (0..100).map(|_| payload(100))).await.map_err(|error| error.error)?;
    let tally = Tally::of(100);
    let worker = Worker::builder(&client).handler(nothing).state(tally.clone()).build()?;
    worker.run_until(tally.all()).await?;
    let mut acknowledged = Vec::new();
    for jobs in 1..=60 {
        client.add(nothing, payload(100)).await?;
        let length = fs::metadata(folder.path().join(LOG))?.len();
        acknowledged.push(Acknowledged { length, jobs });
    }
    Ok(acknowledged)
}

fn jobs_in(folder: &SharedFolder) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let held = Folder::at(folder.path())?.hold(&Options::new())?;
    match held.engine().call(&["HLEN", "jq:{sums}:jobs"].map(Bytes::from)) {
        Reply::Integer(jobs) => Ok(u64::try_from(jobs)?),
        other => Err(format!("{other:?}").into()),
    }
}
