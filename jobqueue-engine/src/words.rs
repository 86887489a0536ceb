//! Commands as bytes: each a number of words, each word its length and its bytes.

use bytes::Bytes;

/// Appends a command.
pub(crate) fn append<'a, W>(out: &mut Vec<u8>, words: W)
where
    W: IntoIterator<Item = &'a [u8], IntoIter: ExactSizeIterator>,
{
    let words = words.into_iter();
    number(out, words.len());
    for word in words {
        number(out, word.len());
        out.extend_from_slice(word);
    }
}

/// Seven bits a byte, the lowest first; all but the last byte have the eighth.
fn number(out: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        out.push(low_bits(number) | 0x80);
        number >>= 7;
    }
    out.push(low_bits(number));
}

fn low_bits(number: usize) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}

/// Takes the next command from the front. None, if these bytes aren't one.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<Vec<Bytes>> {
    let count = take_number(bytes)?;
    // What is wrong here must not reserve memory.
    let mut words = Vec::with_capacity(count.min(bytes.len()));
    for _ in 0..count {
        let length = take_number(bytes)?;
        let (word, rest) = bytes.split_at_checked(length)?;
        // Copied, so that a small value that is kept doesn't keep its whole surroundings.
        words.push(Bytes::copy_from_slice(word));
        *bytes = rest;
    }
    Some(words)
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let (mut number, mut shift) = (0_usize, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_they_were_written() {
        let long = vec![7_u8; 70_000];
        let commands: [&[&[u8]]; 3] = [&[b"SET", b"key", &long], &[], &[b"", b"\r\n"]];
        let mut bytes = Vec::new();
        for command in commands {
            append(&mut bytes, command.iter().copied());
        }
        let mut rest = bytes.as_slice();
        for command in commands {
            assert_eq!(take(&mut rest).expect("a command"), command);
        }
        assert!(rest.is_empty());
        for cut in 0..70_000 {
            assert_eq!(take(&mut &bytes[..cut]), None, "{cut}");
        }
        assert_eq!(take(&mut [0xff; 20].as_slice()), None, "no number is that long");
    }
}
