//! The lines of the log during an outage.

use jobqueue::DurationExt as _;
use jobqueue_tests::outage;

#[tokio::test]
async fn an_outage_is_a_line_when_it_begins_and_one_when_it_ends() {
    let lines = outage::play(2.seconds()).await.expect("no error");
    assert_eq!(lines.meanwhile.warnings, 1, "one line when it begins");
    let lines = (lines.in_all.warnings, lines.in_all.infos);
    assert_eq!(lines, (1, 1), "and one when it ends");
}
