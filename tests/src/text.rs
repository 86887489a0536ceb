//! Bytes and replies as text that people can read and tests can compare.

use std::fmt::Write as _;

use redis::Value;
use similar::{ChangeTag, TextDiff};

/// Bytes as text: printable characters as they are, the rest as `\n`, `\u{0}`, `\xff`; always
/// reversible.
#[must_use]
pub fn readable(bytes: &[u8]) -> String {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    if let (true, Ok(text)) = (bytes.iter().all(plain), std::str::from_utf8(bytes)) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || c == '\\' {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// A reply on one line: `[1, "text", nil, [OK]]`.
#[must_use]
pub fn reply(value: &Value) -> String {
    let list = |values: &[Value]| values.iter().map(reply).collect::<Vec<_>>().join(", ");
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Int(n) => n.to_string(),
        Value::BulkString(bytes) => format!("\"{}\"", readable(bytes).replace('"', "\\\"")),
        Value::Array(values) => format!("[{}]", list(values)),
        Value::SimpleString(text) => text.clone(),
        Value::Okay => "OK".to_owned(),
        // The rest is RESP3, which no script of ours answers.
        other => format!("{other:?}"),
    }
}

/// A reply over several lines: each element of a list on a line of its own.
#[must_use]
pub fn reply_lines(value: &Value) -> String {
    let one = std::slice::from_ref(value);
    let elements = if let Value::Array(elements) = value { elements } else { one };
    elements.iter().map(|element| reply(element) + "\n").collect()
}

/// Two texts line by line, with `-` before lines that only the first has and `+` before lines that
/// only the second has.
#[must_use]
pub fn diff(from: &str, to: &str) -> String {
    let diff = TextDiff::from_lines(from, to);
    let lines = diff.iter_all_changes().map(|change| {
        let sign = match change.tag() {
            ChangeTag::Equal => ' ',
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        format!("{sign} {}\n", change.value().trim_end_matches('\n'))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_readable_and_distinct() {
        assert_eq!(readable("naïve → 1".as_bytes()), "naïve → 1");
        assert_eq!(readable(b"\x00a\n\xff\\"), "\\u{0}a\\n\\xff\\\\");
    }

    #[test]
    fn replies_are_one_line() {
        let value = Value::Array(vec![
            Value::Int(1),
            Value::BulkString(b"say \"\x93\"".to_vec()),
            Value::Nil,
            Value::Array(vec![Value::Okay]),
        ]);
        assert_eq!(reply(&value), r#"[1, "say \"\x93\"", nil, [OK]]"#);
    }

    #[test]
    fn long_replies_have_a_line_for_each_element() {
        let elements = vec![Value::Int(1), Value::Array(vec![Value::Int(2), Value::Nil])];
        assert_eq!(reply_lines(&Value::Array(elements)), "1\n[2, nil]\n");
        assert_eq!(reply_lines(&Value::Nil), "nil\n");
    }

    #[test]
    fn a_diff_shows_what_went_and_what_came() {
        assert_eq!(diff("a\nb\nc\n", "a\nB\nc\n"), "  a\n- b\n+ B\n  c\n");
    }
}
