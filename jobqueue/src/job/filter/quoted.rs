//! Texts in quotes: `"two words"`, with `\"`, `\\`, `\n`, `\r` and `\t`.

use std::fmt;

/// Whether a text is one without quotes as well.
pub(in crate::job) fn is_needless(text: &str) -> bool {
    let may = |char: char| char.is_alphanumeric() || "_-.@/:+".contains(char);
    !text.is_empty() && text.chars().all(may)
}

/// What is escaped, and by which letter.
const ESCAPES: [(char, char); 5] =
    [('"', '"'), ('\\', '\\'), ('\n', 'n'), ('\r', 'r'), ('\t', 't')];

/// A text, in quotes.
pub(in crate::job) struct Quoted<'a>(pub(in crate::job) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;

        f.write_char('"')?;
        for char in self.0.chars() {
            match ESCAPES.iter().find(|(plain, _)| *plain == char) {
                Some((_, letter)) => write!(f, "\\{letter}")?,
                None => f.write_char(char)?,
            }
        }
        f.write_char('"')
    }
}

/// Reads a text in quotes, and gives what stands behind it.
///
/// # Errors
/// How many bytes of the text were read when something was wrong.
pub(in crate::job) fn read(text: &str) -> Result<(String, &str), usize> {
    let mut chars = text.char_indices();
    if chars.next().is_none_or(|(_, first)| first != '"') {
        return Err(0);
    }
    let mut read = String::new();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Ok((read, text.get(at + 1..).unwrap_or_default())),
            '\\' => {
                let escape = chars.next().map(|(_, letter)| letter);
                let known = ESCAPES.iter().find(|(_, letter)| Some(*letter) == escape);
                read.push(known.ok_or(at)?.0);
            }
            char => read.push(char),
        }
    }
    Err(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_to_their_last_quote() {
        assert_eq!(read(r#""a b" c"#), Ok(("a b".to_owned(), " c")));
        assert_eq!(read(r#""a\"\\\n""#), Ok(("a\"\\\n".to_owned(), "")));
        for (text, at) in [("a", 0), ("", 0), ("\"a", 2), (r#""\x""#, 1), ("\"\\", 1)] {
            assert_eq!(read(text), Err(at), "{text}");
        }
    }
}
