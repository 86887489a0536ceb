//! Rows under titles.

use unicode_width::UnicodeWidthStr as _;

use super::{Hue, Paint, cut, layout, one_line};

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(super) title: &'static str,
    pub(super) kind: Kind,
}

/// How a column is set, and what becomes of it where there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it is.
    Text,
    /// At the right.
    Number,
    /// Shortened in the middle.
    Id,
    /// Cut at its end.
    Long,
}

impl Column {
    pub(crate) const fn text(title: &'static str) -> Self {
        Self { title, kind: Kind::Text }
    }

    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title, kind: Kind::Number }
    }

    pub(crate) const fn id(title: &'static str) -> Self {
        Self { title, kind: Kind::Id }
    }

    pub(crate) const fn long(title: &'static str) -> Self {
        Self { title, kind: Kind::Long }
    }
}

/// A field of a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(super) text: String,
    hue: Hue,
}

impl Cell {
    /// A text of anybody's.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        Self { text: one_line(text.as_ref()), hue: Hue::Plain }
    }

    pub(crate) fn hue(mut self, hue: Hue) -> Self {
        self.hue = hue;
        self
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Rows under titles.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// Between two columns.
pub(super) const GAP: usize = 2;

impl Table {
    pub(crate) fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self { columns: columns.into(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        self.rows.push(cells.into());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Its lines, at most so wide. Where there is no room for the columns beside each other, a row's
    /// fields stand below each other.
    pub(super) fn lines(&self, width: Option<usize>, paint: Paint) -> Vec<String> {
        let Some((fitted, widths)) = layout::fit(self, width) else {
            return self.stacked(width.unwrap_or(usize::MAX), paint);
        };
        let titles = self.columns.iter().map(|column| Cell::new(column.title).hue(Hue::Dim));
        let titles: Vec<Cell> = titles.collect();
        let rows = std::iter::once(&titles).chain(&fitted);
        rows.map(|row| self.line(row, &widths, paint)).collect()
    }

    fn stacked(&self, width: usize, paint: Paint) -> Vec<String> {
        let title = self.columns.iter().map(|column| column.title.width()).max().unwrap_or(0);
        let mut lines = Vec::new();
        for row in &self.rows {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            let told = self.columns.iter().zip(row).filter(|(_, cell)| !cell.text.is_empty());
            lines.extend(told.map(|(column, cell)| {
                let left = format!("{:<title$}", column.title);
                let room = width.saturating_sub(title + GAP);
                let text = paint.hue(cell.hue, &cut(&cell.text, room));
                format!("{}{}{text}", paint.hue(Hue::Dim, &left), " ".repeat(GAP))
            }));
        }
        lines
    }

    fn line(&self, row: &[Cell], widths: &[usize], paint: Paint) -> String {
        let mut line = String::new();
        for ((cell, width), column) in row.iter().zip(widths).zip(&self.columns) {
            if !line.is_empty() {
                line.push_str(&" ".repeat(GAP));
            }
            let blank = " ".repeat(width.saturating_sub(cell.text.width()));
            let text = paint.hue(cell.hue, &cell.text);
            match column.kind {
                Kind::Number => line.extend([blank, text]),
                _ => line.extend([text, blank]),
            }
        }
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([
            Column::id("ID"),
            Column::text("NAME"),
            Column::number("TRIES"),
            Column::long("ERROR"),
        ]);
        for (id, name, tries, error) in [
            ("01JF00000000000000000009QK", "charge", "5/5", "card declined: insufficient funds"),
            ("01JF00000000000000000002AB", "send", "10/25", "a\nb"),
        ] {
            table.row([id.into(), name.into(), tries.into(), Cell::from(error)]);
        }
        table
    }

    #[test]
    fn all_is_shown_where_there_is_room() {
        let expected = [
            "ID                          NAME    TRIES  ERROR",
            "01JF00000000000000000009QK  charge    5/5  card declined: insufficient funds",
            "01JF00000000000000000002AB  send    10/25  a b",
        ];
        assert_eq!(table().lines(None, Paint::Plain), expected);
    }

    #[test]
    fn ids_and_long_texts_give_way() {
        let expected = [
            "ID        NAME    TRIES  ERROR",
            "01JF…9QK  charge    5/5  card declined: insuf…",
            "01JF…2AB  send    10/25  a b",
        ];
        assert_eq!(table().lines(Some(46), Paint::Plain), expected);
        assert_eq!(
            table().lines(Some(37), Paint::Plain)[1],
            "01JF…9QK  charge    5/5  card declin…"
        );
        let painted = table().lines(Some(46), Paint::Colours);
        assert!(painted[0].starts_with("\x1b[2mID\x1b[0m  "), "{painted:?}");
    }

    #[test]
    fn fields_stand_below_each_other_where_columns_have_no_room() {
        let expected = [
            "ID     01JF000000000000000…",
            "NAME   charge",
            "TRIES  5/5",
            "ERROR  card declined: insu…",
            "",
            "ID     01JF000000000000000…",
            "NAME   send",
            "TRIES  10/25",
            "ERROR  a b",
        ];
        assert_eq!(table().lines(Some(27), Paint::Plain), expected);
    }
}
