//! Where the time of one scenario goes: `./dev bench profile [SCENARIO] [--jobs N] [--slots N]`.
//!
//! On the side of Redis: calls and microseconds a job of each command, and what of the scripts'
//! time is neither, hence Lua's own. On ours: a count of instructions by function, by callgrind, in
//! a process that only does what is profiled. Counts, unlike times, are the same on a busy machine.

#![allow(clippy::print_stdout, reason = "a program's output")]

use std::{path::PathBuf, process::Command};

use jobqueue_bench_peer::{Add, Answer, How, Kind, Process, Result, Task};
use jobqueue_benches::{
    Server,
    compare::{Contest, Contestant, Role, hold},
};

const USAGE: &str = "usage: profile [add|process] [--jobs N] [--slots N] [--kept N] [--out FILE]";

struct Asked {
    add: bool,
    jobs: usize,
    slots: usize,
    keep: i64,
    out: PathBuf,
}

fn asked() -> Result<Asked> {
    let out = std::env::temp_dir().join("jobqueue-callgrind.out");
    let mut asked = Asked { add: false, jobs: 50_000, slots: 100, keep: 0, out };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value; {USAGE}"));
        match argument.as_str() {
            "add" => asked.add = true,
            "process" => asked.add = false,
            "--jobs" => asked.jobs = value()?.parse()?,
            "--slots" => asked.slots = value()?.parse()?,
            "--kept" => asked.keep = value()?.parse()?,
            "--out" => asked.out = value()?.into(),
            _ => return Err(format!("{argument} is no option; {USAGE}").into()),
        }
    }
    Ok(asked)
}

#[tokio::main]
async fn main() -> Result<()> {
    let asked = asked()?;
    let (mut server, url) = Server::claim().await?;
    let program = std::env::current_exe()?.with_file_name("peer");

    let bare = Contestant {
        name: "jobqueue",
        command: vec![program.clone()],
        role: Role::Ours,
        most: None,
    };
    server.empty().await?;
    let mut helper = hold(&bare, &url).await?;
    let mut ours = hold(&bare, &url).await?;
    // Scripts are loaded, connections open.
    play(&asked, &mut server, &mut helper, &mut ours, 1_000).await?;
    play(&asked, &mut server, &mut helper, &mut ours, asked.jobs).await?;
    commands(&mut server, asked.jobs).await?;

    server.empty().await?;
    let mut command = vec!["valgrind".into(), "--tool=callgrind".into(), "--quiet".into()];
    command.push(format!("--callgrind-out-file={}", asked.out.display()).into());
    command.push(program);
    let counted = Contestant { command, ..bare };
    let mut ours = hold(&counted, &url).await?;
    // It is some fifty times slower.
    let jobs = (asked.jobs / 2).max(1_000);
    play(&asked, &mut server, &mut helper, &mut ours, jobs).await?;
    ours.end().await?;
    instructions(&asked.out, jobs)
}

/// One process adds, the other runs; the server's accounts are of what is profiled alone.
async fn play(
    asked: &Asked,
    server: &mut Server,
    helper: &mut Contest,
    ours: &mut Contest,
    jobs: usize,
) -> Result<()> {
    let how = if asked.add { How::Tasks } else { How::Bulk };
    let add = Task::Add(Add { how, jobs, bytes: 100, kind: Kind::Plain });
    let process = Process { slots: asked.slots, keep: asked.keep, jobs, kind: Kind::Plain };
    if asked.add {
        // What came before is gone: one run is for warming up, one for counting.
        server.empty().await?;
        server.reset().await?;
        ours.tell(&add).await?;
        ours.answer().await?;
        return Ok(());
    }
    helper.tell(&add).await?;
    helper.answer().await?;
    server.reset().await?;
    ours.tell(&Task::Process(process)).await?;
    while !matches!(ours.answer().await?, Answer::Ran(ran) if ran >= jobs) {}
    ours.tell(&Task::Stop).await?;
    while !matches!(ours.answer().await?, Answer::Done { .. }) {}
    Ok(())
}

/// The server's accounts.
async fn commands(server: &mut Server, jobs: usize) -> Result<()> {
    let commands = server.commands().await?;
    let script = |name: &str| matches!(name, "evalsha" | "eval");
    let sum = |scripts: bool| -> u64 {
        commands.iter().filter(|(name, ..)| script(name) == scripts).map(|(.., usec)| usec).sum()
    };
    println!("redis: {jobs} jobs\n{:<24} {:>9} {:>12}", "command", "calls", "us per job");
    for (name, calls, usec) in commands.iter().take(24) {
        println!("{name:<24} {calls:>9} {:>12.3}", *usec as f64 / jobs as f64);
    }
    let lua = sum(true).saturating_sub(sum(false));
    println!("{:<24} {:>9} {:>12.3}", "Lua and conversions", "", lua as f64 / jobs as f64);
    Ok(())
}

/// What callgrind has counted, by function.
fn instructions(counts: &std::path::Path, jobs: usize) -> Result<()> {
    let annotated = Command::new("callgrind_annotate").arg(counts).output()?;
    let text = String::from_utf8_lossy(&annotated.stdout);
    println!("\nour process: instructions of {jobs} jobs, start and end included");
    let lines = text.lines().filter(|line| line.contains("PROGRAM TOTALS") || line.contains(" ("));
    for line in lines.take(40) {
        println!("{}", line.chars().take(150).collect::<String>());
    }
    println!("\nall of it, with callers: callgrind_annotate --tree=both {}", counts.display());
    Ok(())
}
