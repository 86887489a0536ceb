//! A terminal's screen as a picture (SVG), for the README and the guide.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// A cell's size, in pixels.
const WIDE: usize = 9;
const HIGH: usize = 19;

/// Around the screen.
const EDGE: usize = 12;

const GROUND: &str = "#12171d";
const TEXT: &str = "#e6ebf0";

/// The sixteen colours of a terminal, on a dark ground.
const COLORS: [&str; 16] = [
    "#12171d", "#e76749", "#7ff4b6", "#f3ae38", "#6186fa", "#dba0f2", "#7fd8f4", "#e6ebf0",
    "#66727f", "#ff8a70", "#a0ffcb", "#ffc766", "#8aa6ff", "#ecc2ff", "#a5e7ff", "#ffffff",
];

/// How a run of cells looks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    text: String,
    ground: String,
    bold: bool,
    dim: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (text, ground) = (color(cell.fgcolor(), TEXT), color(cell.bgcolor(), GROUND));
        let (text, ground) = if cell.inverse() { (ground, text) } else { (text, ground) };
        Self { text, ground, bold: cell.bold(), dim: cell.dim() }
    }
}

fn color(color: Color, otherwise: &str) -> String {
    match color {
        Color::Default => otherwise.to_owned(),
        Color::Idx(at) => COLORS.get(usize::from(at)).map_or(otherwise, |it| it).to_owned(),
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}

/// All that the screen shows.
pub(crate) fn svg(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let width = usize::from(columns) * WIDE + 2 * EDGE;
    let height = usize::from(rows) * HIGH + 2 * EDGE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"ui-monospace, Menlo, Consolas, \
         'DejaVu Sans Mono', monospace\" font-size=\"15\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"{GROUND}\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            column = run(screen, row, column, &mut svg);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Draws the cells from here on that look the same; where the next run begins.
fn run(screen: &Screen, row: u16, from: u16, svg: &mut String) -> u16 {
    let cell = |column: u16| screen.cell(row, column);
    let Some(look) = cell(from).map(Look::of) else { return u16::MAX };
    let (mut text, mut to) = (String::new(), from);
    while let Some(cell) = cell(to).filter(|cell| Look::of(cell) == look) {
        text.push_str(if cell.has_contents() { cell.contents() } else { " " });
        to += 1;
    }
    let (x, y) = (EDGE + usize::from(from) * WIDE, EDGE + usize::from(row) * HIGH);
    let width = usize::from(to - from) * WIDE;
    if look.ground != GROUND {
        let ground = &look.ground;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HIGH}\" fill=\"{ground}\"/>"
        );
    }
    if !text.trim().is_empty() {
        let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
        let dim = if look.dim { " opacity=\"0.7\"" } else { "" };
        // Whatever font it is shown in, each column stands where it did.
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{}\" textLength=\"{width}\" fill=\"{}\"{bold}{dim}>{}</text>",
            y + HIGH - 5,
            look.text,
            escaped(&text)
        );
    }
    to
}

/// Several plain spaces would be shown as one.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(' ', "\u{a0}")
}

#[test]
fn cells_keep_their_places_colours_and_signs() {
    let mut parser = vt100::Parser::new(2, 12, 0);
    parser.process(b"a<b \x1b[1;31mno\x1b[0m\r\n\x1b[7m x&y \x1b[0m");
    let svg = svg(parser.screen());
    assert!(svg.contains(">a&lt;b\u{a0}</text>"), "{svg}");
    assert!(
        svg.contains(&format!("fill=\"{}\" font-weight=\"bold\">no</text>", COLORS[1])),
        "{svg}"
    );
    assert!(svg.contains(&format!("width=\"45\" height=\"19\" fill=\"{TEXT}\"/>")), "{svg}");
    assert!(svg.contains(&format!("fill=\"{GROUND}\">\u{a0}x&amp;y\u{a0}</text>")), "{svg}");
}
