//! Answers on their way to a client. Each waits until what it tells of is kept.

use std::collections::VecDeque;

use crate::reply::Reply;

/// Answers on their way to a client.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// Up to which byte the answers need the log to be kept, and up to where. Both rise.
    needs: VecDeque<(usize, u64)>,
}

impl Output {
    /// Appends an answer that needs the log to be kept up to `end`.
    pub(super) fn push(&mut self, reply: &Reply, end: u64) {
        reply.write(&mut self.bytes);
        let length = self.bytes.len();
        match self.needs.back_mut() {
            // A later call's frame comes later, but its answer may need less.
            Some((bytes, needed)) if *needed >= end => *bytes = length,
            _ => self.needs.push_back((length, end)),
        }
    }

    /// Up to where the log must be kept for the next answer to go, if there is one.
    pub(super) fn needs(&self) -> Option<u64> {
        self.needs.front().map(|(_, end)| *end)
    }

    /// The answers that may go.
    pub(super) fn ready(&mut self, is_kept: impl Fn(u64) -> bool) -> &[u8] {
        let mut ready = 0;
        while let Some((bytes, end)) = self.needs.front()
            && is_kept(*end)
        {
            ready = *bytes;
            self.needs.pop_front();
        }
        &self.bytes[..ready]
    }

    /// These many bytes have gone.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.bytes.drain(..bytes);
        for (end, _) in &mut self.needs {
            *end -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_in_order_and_when_they_may() {
        let mut output = Output::default();
        for end in [0, 5, 5, 3, 9] {
            output.push(&Reply::OK, end);
        }
        let mut go = |kept: u64| {
            let ready = output.ready(|end| end <= kept).len();
            output.sent(ready);
            (ready / 5, output.needs())
        };
        assert_eq!(go(4), (1, Some(5)));
        assert_eq!(go(4), (0, Some(5)));
        assert_eq!(go(5), (3, Some(9)));
        assert_eq!(go(9), (1, None));
    }
}
