//! Requests, as clients send them.

use std::{io, ops::Range};

use bytes::{Bytes, BytesMut};

/// The most words of a request, and the longest one; Redis's own bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    words: usize,
    bytes: usize,
}

impl Bounds {
    pub(super) const ALL: Self = Self { words: 1 << 20, bytes: 512 << 20 };

    /// Of one who hasn't said the password.
    pub(super) const STRANGER: Self = Self { words: 10, bytes: 16 << 10 };
}

/// The longest request that is a line.
const LINE: usize = 64 << 10;

/// Takes the next whole request out of the buffer: its words.
pub(super) fn next(buffer: &mut BytesMut, bounds: Bounds) -> io::Result<Option<Vec<Bytes>>> {
    match buffer.first() {
        None => Ok(None),
        Some(b'*') => next_list(buffer, bounds),
        Some(_) => next_line(buffer),
    }
}

fn wrong() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this isn't Redis's protocol, or beyond its bounds")
}

/// A request that a human has typed: words with blanks between.
fn next_line(buffer: &mut BytesMut) -> io::Result<Option<Vec<Bytes>>> {
    let end = buffer.iter().position(|byte| *byte == b'\n');
    if end.unwrap_or(buffer.len()) > LINE {
        return Err(wrong());
    }
    let Some(end) = end else { return Ok(None) };
    let line = buffer.split_to(end + 1);
    let words = line.freeze();
    let words = words.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    Ok(Some(words.map(Bytes::copy_from_slice).collect()))
}

fn next_list(buffer: &mut BytesMut, bounds: Bounds) -> io::Result<Option<Vec<Bytes>>> {
    let Some((count, mut at)) = header(buffer, 0, b'*', bounds.words)? else { return Ok(None) };
    let mut words: Vec<Range<usize>> = Vec::new();
    for _ in 0..count {
        let Some((length, start)) = header(buffer, at, b'$', bounds.bytes)? else {
            return Ok(None);
        };
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
        std::iter::from_fn(|| next(&mut buffer, Bounds::ALL).transpose()).collect()
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

    #[test]
    fn strangers_may_say_little() {
        let stranger = |text: &str| next(&mut BytesMut::from(text), Bounds::STRANGER);
        assert!(stranger("*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n").expect("short").is_some());
        for text in ["*11\r\n", "*2\r\n$4\r\nAUTH\r\n$16385\r\n"] {
            assert!(stranger(text).is_err(), "{text:?}");
        }
        assert!(all(&"x".repeat(LINE + 1)).is_err(), "a line without an end");
    }
}
