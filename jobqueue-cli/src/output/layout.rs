//! Who gives way where a table is too wide.

use unicode_width::UnicodeWidthStr as _;

use super::{
    cut, ids,
    table::{Cell, GAP, Kind, Table},
};

/// A long text keeps this much before ids are shortened.
const READABLE: usize = 32;

/// A long text keeps this much in any case.
const LEAST: usize = 12;

/// The rows as they fit, and the widths of the columns; none if there is no room for all columns.
pub(super) fn fit(table: &Table, width: Option<usize>) -> Option<(Vec<Vec<Cell>>, Vec<usize>)> {
    let mut rows = table.rows.clone();
    let Some(width) = width else {
        let widths = widths(table, &rows);
        return Some((rows, widths));
    };
    if excess(table, &rows, width) > 0 {
        cut_long(table, &mut rows, width, READABLE);
    }
    if excess(table, &rows, width) > 0 {
        rows.clone_from(&table.rows);
        shorten_ids(table, &mut rows);
        cut_long(table, &mut rows, width, LEAST);
    }
    let widths = widths(table, &rows);
    (excess(table, &rows, width) == 0).then_some((rows, widths))
}

fn widths(table: &Table, rows: &[Vec<Cell>]) -> Vec<usize> {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.text.width());
        cells.max().unwrap_or(0)
    };
    let columns = table.columns.iter().enumerate();
    columns.map(|(at, column)| width(at).max(column.title.width())).collect()
}

/// By how much it is too wide.
fn excess(table: &Table, rows: &[Vec<Cell>], width: usize) -> usize {
    let widths = widths(table, rows);
    let gaps = GAP * widths.len().saturating_sub(1);
    (widths.iter().sum::<usize>() + gaps).saturating_sub(width)
}

/// The longest first, until it fits or each is as short as may be.
fn cut_long(table: &Table, rows: &mut [Vec<Cell>], width: usize, least: usize) {
    loop {
        let excess = excess(table, rows, width);
        let widths = widths(table, rows);
        let long = table.columns.iter().zip(&widths).enumerate();
        let long = long.filter(|(_, (column, width))| column.kind == Kind::Long && **width > least);
        let Some((at, (_, widest))) = long.max_by_key(|(_, (_, width))| **width) else { return };
        if excess == 0 {
            return;
        }
        let shorter = widest.saturating_sub(excess).max(least);
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(at)) {
            cell.text = cut(&cell.text, shorter);
        }
        if table.columns.get(at).is_some_and(|column| column.title.width() >= shorter) {
            return;
        }
    }
}

fn shorten_ids(table: &Table, rows: &mut [Vec<Cell>]) {
    for (at, _) in table.columns.iter().enumerate().filter(|(_, it)| it.kind == Kind::Id) {
        let all: Vec<&str> =
            rows.iter().map(|row| row.get(at).map_or("", |cell| cell.text.as_str())).collect();
        let short = ids::shortened(&all);
        for (row, short) in rows.iter_mut().zip(short) {
            if let Some(cell) = row.get_mut(at) {
                cell.text = short;
            }
        }
    }
}
