//! The bounds of one call: in jobs, because Lua's `unpack` has a limit, and in bytes, so that no
//! call blocks Redis for long.

/// The most jobs that one call carries.
pub(crate) const MAX_BATCH: usize = 1_000;

/// About how many bytes one call carries, unless a single job is larger.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// Cuts `items` into slices that one call can carry, in order.
pub(crate) fn chunks<T>(items: &[T], size: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut bytes = 0;
        let fits = rest.iter().take(MAX_BATCH).take_while(|item| {
            let first = bytes == 0;
            bytes += size(item).max(1);
            first || bytes <= MAX_BYTES
        });
        let (chunk, left) = rest.split_at(fits.count());
        rest = left;
        Some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(sizes: &[usize]) -> Vec<usize> {
        chunks(sizes, |size| *size).map(<[usize]>::len).collect()
    }

    #[test]
    fn bounded_by_count_and_by_bytes() {
        assert_eq!(cut(&[]), Vec::<usize>::new());
        assert_eq!(cut(&[1; 2_500]), [1_000, 1_000, 500]);
        assert_eq!(cut(&[MAX_BYTES / 2; 5]), [2, 2, 1]);
        assert_eq!(cut(&[MAX_BYTES * 9, 1, MAX_BYTES * 9, 0, 0]), [1, 1, 1, 2]);
    }
}
