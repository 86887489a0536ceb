//! A process that serves, with `sync=always`, killed again and again under load.

use jobqueue_tests::folder::server_killed;

use super::{Played, Report, number};

pub(crate) async fn play(report: &mut Report) -> Played {
    let kills = number("KILLS", 200);
    let proof = server_killed(kills).await;
    let holds = proof.holds() && proof.standing == 0;
    let figure = proof.to_string().replace('\n', "; ");
    report.check(&format!("{kills} kills of the serving process"), figure, "all kept once", holds);
    let again = (proof.repeated, proof.told);
    report.check("jobs run again, outcomes refused", format!("{again:?}"), "none", again == (0, 0));
    Ok(())
}
