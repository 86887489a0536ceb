//! Reads a text piece by piece, and says where something is wrong.

use super::{error::FilterError, quoted, term::Comparison};

/// The most values of one condition.
const MAX_VALUES: usize = 100;

/// Signs that stand between a key and its values.
const OPERATORS: [char; 5] = [':', '=', '<', '>', '~'];

/// A text, and how far it is read.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// What stands between a key and its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `:`
    Fits,
    /// `=`
    Is,
    /// `~`
    Begins,
    Compares(Comparison),
}

/// A value as it stands there.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) text: String,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
    /// Where it stands.
    pub(super) at: usize,
    pub(super) until: usize,
}

/// What begins a term: a word by itself, or a key.
pub(super) enum TermStart<'a> {
    Word(String),
    Key(&'a str),
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes this, if it comes next.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        let is_next = self.rest().starts_with(sign);
        if is_next {
            self.at += sign.len();
        }
        is_next
    }

    /// Something between two places, or the end, isn't what may stand there.
    pub(super) fn wrong(
        &self,
        at: usize,
        until: usize,
        expected: impl Into<String>,
    ) -> FilterError {
        FilterError::new(self.text, at, until, expected)
    }

    /// What stands here, up to a space, isn't what may.
    pub(super) fn wrong_here(&self, expected: impl Into<String>) -> FilterError {
        self.wrong(self.at, self.at + until(self.rest(), char::is_whitespace), expected)
    }

    pub(super) fn head(&mut self) -> Result<TermStart<'a>, FilterError> {
        if self.rest().starts_with('"') {
            let word = self.quoted()?;
            self.end_of_term("a space behind the quote")?;
            return Ok(TermStart::Word(word));
        }
        let end = self.key_end()?;
        let (key, behind) = self.rest().split_at_checked(end).unwrap_or_default();
        if behind.starts_with(OPERATORS) {
            self.at += end;
            return Ok(TermStart::Key(key));
        }
        let word = self.bare(char::is_whitespace).to_owned();
        Ok(TermStart::Word(word))
    }

    pub(super) fn operator(&mut self) -> Operator {
        for (sign, operator) in [
            ("<=", Operator::Compares(Comparison::NotMore)),
            (">=", Operator::Compares(Comparison::NotLess)),
            ("<", Operator::Compares(Comparison::Less)),
            (">", Operator::Compares(Comparison::More)),
            ("=", Operator::Is),
            ("~", Operator::Begins),
        ] {
            if self.take(sign) {
                return operator;
            }
        }
        self.skip(1);
        Operator::Fits
    }

    /// Values with commas between them, each of which is read by itself.
    pub(super) fn list<T>(
        &mut self,
        expected: &str,
        read: impl Fn(&Token) -> Option<T>,
    ) -> Result<Vec<T>, FilterError> {
        self.each(|reader| {
            let token = reader.value(expected)?;
            read(&token).ok_or_else(|| reader.wrong(token.at, token.until, expected))
        })
    }

    pub(super) fn each<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, FilterError>,
    ) -> Result<Vec<T>, FilterError> {
        let mut values = Vec::new();
        loop {
            if values.len() == MAX_VALUES {
                return Err(self.wrong_here("at most 100 values of one key"));
            }
            values.push(read(self)?);
            if !self.take(",") {
                return Ok(values);
            }
        }
    }

    /// How long a key is: to an operator or a space, but for those in quoted names of a path.
    fn key_end(&self) -> Result<usize, FilterError> {
        let (text, mut end) = (self.rest(), 0);
        while let Some(next) = text.get(end..).and_then(|rest| rest.chars().next()) {
            if next.is_whitespace() || OPERATORS.contains(&next) {
                break;
            }
            end += next.len_utf8();
            if next == '[' && text.get(end..).is_some_and(|rest| rest.starts_with('"')) {
                let name = text.get(end..).unwrap_or_default();
                let (_, behind) = quoted::read(name).map_err(|read| {
                    self.wrong(self.at + end + read, usize::MAX, "a name that ends with `\"]`")
                })?;
                end = text.len() - behind.len();
            }
        }
        Ok(end)
    }

    /// The next value, to a comma or a space.
    pub(super) fn value(&mut self, expected: &str) -> Result<Token, FilterError> {
        let at = self.at;
        if self.rest().starts_with('"') {
            let text = self.quoted()?;
            return Ok(Token { text, quoted: true, at, until: self.at });
        }
        let text = self.bare(|char| char == ',' || char.is_whitespace()).to_owned();
        if text.is_empty() {
            return Err(self.wrong(at, at + 1, expected));
        }
        Ok(Token { text, quoted: false, at, until: self.at })
    }

    pub(super) fn quoted(&mut self) -> Result<String, FilterError> {
        let (text, behind) = quoted::read(self.rest()).map_err(|read| {
            let advice = "a quote at its end; inside, `\\\"`, `\\\\`, `\\n`, `\\r` or `\\t`";
            self.wrong(self.at + read, self.at + read + 2, advice)
        })?;
        self.at = self.text.len() - behind.len();
        Ok(text)
    }

    fn bare(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let end = until(self.rest(), ends);
        let (bare, _) = self.rest().split_at_checked(end).unwrap_or_default();
        self.at += end;
        bare
    }

    /// Nothing but a space or the end may follow.
    pub(super) fn end_of_term(&self, expected: &str) -> Result<(), FilterError> {
        match self.rest().chars().next() {
            Some(next) if !next.is_whitespace() => Err(self.wrong_here(expected)),
            _ => Ok(()),
        }
    }
}

fn until(text: &str, ends: impl Fn(char) -> bool) -> usize {
    text.find(ends).unwrap_or(text.len())
}
