//! Numbers as little bars.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// So many bars of all values, the oldest at the left; each is the greatest of its share.
pub(super) fn line(values: &[f64], width: usize) -> String {
    if values.is_empty() {
        return " ".repeat(width);
    }
    let most = values.iter().copied().fold(0.0, f64::max);
    let bar = |at: usize| {
        let share = |at: usize| at * values.len() / width;
        let (from, to) = (share(at), share(at + 1).max(share(at) + 1).min(values.len()));
        let value = values.get(from..to)?.iter().copied().fold(0.0, f64::max);
        if most <= 0.0 {
            return BARS.first().copied();
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7")]
        let height = (value / most * 7.0).round().clamp(0.0, 7.0) as usize;
        BARS.get(height).copied()
    };
    (0..width).map(|at| bar(at).unwrap_or(' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_highest_is_full() {
        assert_eq!(line(&[0.0, 1.0, 2.0, 4.0], 4), "▁▃▅█");
        assert_eq!(line(&[0.0, 1.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0], 4), "▂█▁▁");
        assert_eq!(line(&[0.0, 0.0], 4), "▁▁▁▁");
        assert_eq!(line(&[], 3), "   ");
    }
}
