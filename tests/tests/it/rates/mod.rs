//! A queue's rate: it is reached and never exceeded, by any number of workers and slots, and with
//! few calls. The real script on a real server, with a clock of its own: workers that sleep cost no
//! time.

mod pumps;

use self::pumps::{Played, Setup, Stage};

/// Of the time that the starts should take.
const REACHED: f64 = 0.98;

/// What a start may be late without delaying those after it, in ms.
const LATE: f64 = 20.0;

/// The most starts within any time: the burst, and one an interval.
fn check_bound(setup: &Setup, played: &Played) {
    let burst = f64::from(setup.burst).max(1.0 + LATE / setup.interval);
    for (index, first) in played.starts.iter().enumerate() {
        let mut most = burst;
        for last in &played.starts[index..] {
            most -= 1.0;
            let allowed = most + (last - first) / setup.interval;
            assert!(allowed > -0.01, "{setup:?}: too many from {first} to {last} ms");
        }
    }
}

/// What isn't as it should be.
fn check(stage: &mut Stage, setup: &Setup) -> Option<String> {
    let played = pumps::play(stage, setup);
    let (first, last) = (played.starts[0], played.starts[played.starts.len() - 1]);
    let after_burst = played.starts.len() - setup.burst as usize;
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let ideal = after_burst as f64 * setup.interval;
    let reached = ideal / (last - first);
    let slow = reached < REACHED;
    check_bound(setup, &played);
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let (idle, workers) = (played.idle_calls as f64, setup.workers as f64);
    // A few more in the first moments.
    let most = 2.0 * workers * (last / 1_000.0) + 4.0 * workers + 8.0;
    let figure = format!("{:.1} %, {idle} calls brought nothing, of {most:.0}", reached * 100.0);
    (slow || idle > most).then(|| format!("{setup:?}: {figure}"))
}

#[test]
fn it_is_reached_by_any_number_of_workers_and_slots() {
    let (mut wrong, mut stage) = (Vec::new(), Stage::new());
    for interval in [1.0, 10.0, 100.0, 1_000.0, 7_000.0] {
        for burst in [1, 2, 10] {
            for (workers, slots) in [(1, 1), (1, 10), (3, 1), (3, 10), (20, 1), (20, 10)] {
                wrong
                    .extend(check(&mut stage, &Setup { interval, burst, workers, slots, seed: 7 }));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
