//! `demo [--kill] [DIR]`: the checksums of all files under DIR, as `sha256sum` prints them, sorted
//! by path.
//!
//! It adds a job for each regular file, starts two worker processes in the background, and waits
//! for the results. With `--kill` it kills one of the two half-way: the output is the same.

use std::{
    env,
    error::Error,
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
    time::Instant,
};

use jobqueue::error::ResultError;
use jobqueue_examples::{
    checksum::checksum,
    files::{regular_files, write_line},
    progress::{by_id, follow},
    setup::{self, Place},
    workers::{Workers, kill_now},
};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    setup::log();
    let (kill_one, dir) = arguments()?;
    let prefix = format!("jq-demo-{}", std::process::id());
    let place = Place::choose()?;
    let client = setup::connect(place.url(), &prefix).await?;
    let queue = client.queue("checksums")?;

    let began = Instant::now();
    let (files, errors) = regular_files(&dir);
    let mut failures = errors.len();
    for error in errors {
        eprintln!("failed: {error}");
    }

    let jobs = client.add_all(checksum, files.iter().cloned().map(Into::into)).await?;
    let mut workers = Workers::start(2, place.url(), &prefix)?;
    let victim = workers.pids().first().copied().filter(|_| kill_one);
    let progress = tokio::spawn(follow(queue.clone(), by_id(&jobs, &files), move || {
        if let Some(pid) = victim {
            kill_now(pid);
            eprintln!("killed worker {pid} half-way");
        }
    }));

    let mut out = BufWriter::new(io::stdout().lock());
    for (job, path) in jobs.iter().zip(&files) {
        let result = tokio::select! {
            result = job.result() => result,
            () = workers.all_gone() => return Err("all workers are gone".into()),
        };
        match result {
            Ok(sum) => write_line(&mut out, &sum, path)?,
            Err(ResultError::Failed { failure, .. }) => {
                failures += 1;
                eprintln!("failed: {}: {}", path.display(), failure.message);
            }
            Err(error) => return Err(error.into()),
        }
    }
    out.flush()?;

    progress.await??;
    workers.stop().await;
    queue.obliterate().force().await?;
    eprintln!("{} files in {:.1?}, {failures} failed", files.len(), began.elapsed());
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn arguments() -> Result<(bool, PathBuf), String> {
    let (mut kill_one, mut dir) = (false, None);
    for argument in env::args_os().skip(1) {
        if argument == "--kill" {
            kill_one = true;
        } else if dir.replace(PathBuf::from(argument)).is_some() {
            return Err("usage: demo [--kill] [DIR]".to_owned());
        }
    }
    Ok((kill_one, dir.unwrap_or_else(|| PathBuf::from("."))))
}
