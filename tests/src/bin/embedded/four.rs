//! Four processes on one folder, of which the serving one is killed every two seconds.

use std::time::Duration;

use jobqueue_tests::folder::four_processes;

use super::{Played, Report, number};

pub(crate) async fn play(report: &mut Report) -> Played {
    let seconds = number("SECONDS", 60);
    let time = Duration::from_secs(seconds as u64);
    let (proof, kills) = four_processes(time, Duration::from_secs(2)).await;
    let what = format!("{kills} kills of whichever of four processes serves, in {seconds} s");
    let figure = proof.to_string().replace('\n', "; ");
    report.check(&what, figure, "all kept once", proof.holds() && proof.standing == 0);
    Ok(())
}
