//! What the log says while a server is away.

use std::thread;

use jobqueue::DurationExt as _;
use jobqueue_tests::outage;
use tokio::runtime::Builder;

use super::report::{Played, Report};

pub(crate) async fn play(report: &mut Report) -> Played {
    // One thread of its own, so that the subscriber hears of all tasks.
    let playing = thread::spawn(|| {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(outage::play(5.seconds()))
    });
    let lines = playing.join().map_err(|_| "the outage couldn't be played")??;
    let warnings = (lines.meanwhile.warnings, lines.in_all.warnings);
    report.check(
        "a worker of 9 queues, and 5 s without its server",
        format!("{} warnings meanwhile, {} in all", warnings.0, warnings.1),
        "1 and 1",
        warnings == (1, 1),
    );
    let word = format!("{} lines", lines.in_all.infos);
    report.check("the word that it is over", word, "1 line", lines.in_all.infos == 1);
    Ok(())
}
