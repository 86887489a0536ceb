//! Requests, as clients send them.

use std::{io, ops::Range};

use bytes::{Bytes, BytesMut};

/// The longest word, and the most words, of a request; Redis's own bounds.
const LONGEST: usize = 512 << 20;
const MOST: usize = 1 << 20;

/// Takes the next whole request out of the buffer: its words.
pub(super) fn next(buffer: &mut BytesMut) -> io::Result<Option<Vec<Bytes>>> {
    match buffer.first() {
        None => Ok(None),
        Some(b'*') => next_list(buffer),
        Some(_) => Ok(next_line(buffer)),
    }
}

/// A request that a human has typed: words with blanks between.
fn next_line(buffer: &mut BytesMut) -> Option<Vec<Bytes>> {
    let end = buffer.iter().position(|byte| *byte == b'\n')?;
    let line = buffer.split_to(end + 1);
    let words = line.freeze();
    let words = words.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    Some(words.map(Bytes::copy_from_slice).collect())
}

fn next_list(buffer: &mut BytesMut) -> io::Result<Option<Vec<Bytes>>> {
    let Some((count, mut at)) = header(buffer, 0, b'*', MOST)? else { return Ok(None) };
    let mut words: Vec<Range<usize>> = Vec::new();
    for _ in 0..count {
        let Some((length, start)) = header(buffer, at, b'$', LONGEST)? else { return Ok(None) };
        let end = start + length;
        if buffer.len() < end + 2 {
            return Ok(None);
        }
        words.push(start..end);
        at = end + 2;
    }
    let request = buffer.split_to(at);
    // Copied, so that a small value that is kept doesn't keep a whole request.
    Ok(Some(words.into_iter().map(|word| Bytes::copy_from_slice(&request[word])).collect()))
}

/// A number behind a sign, and where what follows it begins.
fn header(buffer: &[u8], at: usize, sign: u8, most: usize) -> io::Result<Option<(usize, usize)>> {
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "this isn't Redis's protocol");
    let Some((first, rest)) = buffer.get(at..).and_then(<[u8]>::split_first) else {
        return Ok(None);
    };
    if *first != sign {
        return Err(wrong());
    }
    let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") else {
        // No number is that long.
        return if rest.len() > 32 { Err(wrong()) } else { Ok(None) };
    };
    let number = str::from_utf8(&rest[..end]).ok().and_then(|text| text.parse().ok());
    let number: usize = number.filter(|number| *number <= most).ok_or_else(wrong)?;
    Ok(Some((number, at + 1 + end + 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> io::Result<Vec<Vec<Bytes>>> {
        let mut buffer = BytesMut::from(text);
        std::iter::from_fn(|| next(&mut buffer).transpose()).collect()
    }

    #[test]
    fn requests_come_whole_or_not_at_all() {
        let text = "*2\r\n$4\r\nPING\r\n$0\r\n\r\n";
        for cut in 0..text.len() {
            assert_eq!(all(&text[..cut]).expect("no error"), Vec::<Vec<Bytes>>::new(), "{cut}");
        }
        assert_eq!(all(text).expect("whole"), [["PING", ""]]);
        assert_eq!(all(&text.repeat(2)).expect("whole"), [["PING", ""], ["PING", ""]]);
        assert_eq!(all("PING  a\r\nEC").expect("a line"), [["PING", "a"]]);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for text in
            ["*x\r\n", "*-1\r\n", "*1\r\n:4\r\n", "*99999999999\r\n", "*1\r\n$999999999\r\n"]
        {
            assert!(all(text).is_err(), "{text:?}");
        }
    }
}
