//! Names that no other test uses.

use std::{
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// A queue name that begins with `stem` and that nobody else uses, in this run of the tests or in
/// another on the same server.
#[must_use]
pub fn queue(stem: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{stem}-{:x}-{}-{n}", since_epoch.as_millis(), process::id())
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_differ_and_tell_where_they_are_from() {
        let (one, other) = (super::queue("orders"), super::queue("orders"));
        assert_ne!(one, other);
        assert!(one.starts_with("orders-") && one.len() < 64, "{one}");
    }
}
