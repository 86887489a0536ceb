//! Ctrl-C. What works in steps takes note and ends after the step; all else is cut off.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jobqueue::types::CancellationToken;
use tokio::signal::unix::{SignalKind, signal};

/// Whether the program was told to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    /// Whether the command ends by itself once [`told`](Self::told) fires.
    takes_note: Arc<AtomicBool>,
    told: CancellationToken,
    cut_off: CancellationToken,
}

impl Stop {
    /// Listens for SIGINT and SIGTERM. The second one ends what takes its time after the first.
    pub(crate) fn listen() -> io::Result<Self> {
        let stop = Self::default();
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let heard = stop.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    _ = interrupt.recv() => heard.hear(),
                    _ = terminate.recv() => heard.hear(),
                }
            }
        });
        Ok(stop)
    }

    fn hear(&self) {
        if !self.takes_note.load(Ordering::SeqCst) || self.told.is_cancelled() {
            self.cut_off.cancel();
        }
        self.told.cancel();
    }

    /// From now on the command ends by itself when this fires.
    pub(crate) fn take_note(&self) -> CancellationToken {
        self.takes_note.store(true, Ordering::SeqCst);
        self.told.clone()
    }

    /// Waits until the command is to be dropped.
    pub(crate) async fn is_cut_off(&self) {
        self.cut_off.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_word_cuts_off_what_took_note_of_the_first() {
        let stop = Stop::default();
        let told = stop.take_note();
        stop.hear();
        assert!(told.is_cancelled() && !stop.cut_off.is_cancelled());
        stop.hear();
        assert!(stop.cut_off.is_cancelled());
        let other = Stop::default();
        other.hear();
        assert!(other.cut_off.is_cancelled(), "it takes no note");
    }
}
