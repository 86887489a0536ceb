//! The graph of a flow as a picture: layers from the left, what failed or waits in the open, and many
//! alike as one.

use std::collections::BTreeMap;

use jobqueue::{
    JobState,
    flow::{FlowGraph, GraphNode},
};
use maud::{Markup, html};

use crate::view::Look;

/// Above this, nodes of one name and state in one layer are drawn as one.
const ALIKE: usize = 8;

/// The most that is drawn; the table has all.
const MOST: usize = 400;

/// The size of a node, and the space between, in pixels.
const WIDTH: usize = 180;
const HEIGHT: usize = 36;
const ACROSS: usize = 60;
const DOWN: usize = 14;

/// What is most telling of a node.
pub(super) fn look(node: &GraphNode) -> Look {
    Look::of(if node.failed > 0 {
        JobState::Failed
    } else if node.queued > 0 {
        JobState::Active
    } else if node.waiting_children > 0 {
        JobState::WaitingChildren
    } else if node.skipped > 0 {
        JobState::Cancelled
    } else {
        JobState::Completed
    })
}

/// A box of the picture.
struct Drawn {
    words: String,
    look: Look,
    layer: usize,
    row: usize,
    /// The row of the table that tells of it.
    node: usize,
}

/// Where each node stands: one layer right of all that it waits for.
fn layers(graph: &FlowGraph) -> Vec<usize> {
    let mut layers: Vec<usize> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        // Each node comes after those that it waits for.
        let needs = node.needs.iter().filter_map(|need| layers.get(*need));
        layers.push(needs.max().map_or(0, |layer| layer + 1));
    }
    layers
}

/// The boxes, and the box of each node.
fn boxes(graph: &FlowGraph) -> (Vec<Drawn>, Vec<Option<usize>>) {
    let layers = layers(graph);
    let key = |n: usize| (layers[n], &graph.nodes[n].name, look(&graph.nodes[n]).word);
    let mut alike: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for n in 0..graph.nodes.len() {
        alike.entry(key(n)).or_default().push(n);
    }
    let (mut drawn, mut place) = (Vec::new(), vec![None; graph.nodes.len()]);
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    for n in 0..graph.nodes.len() {
        if place[n].is_some() || drawn.len() >= MOST {
            continue;
        }
        let node = &graph.nodes[n];
        let same = &alike[&key(n)];
        // What failed is always in the open.
        let folds = same.len() > ALIKE && node.failed == 0;
        let these = if folds { &same[..] } else { &[n][..] };
        let count: u64 = these.iter().map(|n| u64::from(graph.nodes[*n].count)).sum();
        for n in these {
            place[*n] = Some(drawn.len());
        }
        let words = if count > 1 { format!("{count} × {}", node.name) } else { node.name.clone() };
        let row = rows.entry(layers[n]).or_default();
        drawn.push(Drawn { words, look: look(node), layer: layers[n], row: *row, node: n });
        *row += 1;
    }
    (drawn, place)
}

/// The picture. The table below it has the same for those who can't see it.
pub(super) fn picture(graph: &FlowGraph) -> Markup {
    let (drawn, place) = boxes(graph);
    let x = |it: &Drawn| it.layer * (WIDTH + ACROSS) + 4;
    let y = |it: &Drawn| it.row * (HEIGHT + DOWN) + 4;
    let width = drawn.iter().map(x).max().unwrap_or_default() + WIDTH + 8;
    let height = drawn.iter().map(y).max().unwrap_or_default() + HEIGHT + 8;
    let mut lines: Vec<(usize, usize)> = Vec::new();
    for (n, node) in graph.nodes.iter().enumerate() {
        let each = node.needs.iter().filter_map(|need| Some(((*place.get(*need)?)?, place[n]?)));
        lines.extend(each);
    }
    lines.sort_unstable();
    lines.dedup();
    html! {
        div.graph tabindex="0" role="region" aria-label="Graph of the flow" {
            svg role="group" aria-label="The table below has the same" width=(width) height=(height)
                viewBox={ "0 0 " (width) " " (height) } xmlns="http://www.w3.org/2000/svg" {
                @for (from, to) in lines {
                    @let (a, b) = (&drawn[from], &drawn[to]);
                    @let (x1, y1, x2, y2) =
                        (x(a) + WIDTH, y(a) + HEIGHT / 2, x(b), y(b) + HEIGHT / 2);
                    path.edge
                        d={ "M" (x1) " " (y1) " C" (x1 + ACROSS / 2) " " (y1) " " (x2 - ACROSS / 2) " " (y2) " " (x2) " " (y2) } {
                    }
                }
                @for it in &drawn {
                    a href={ "#n-" (it.node) } {
                        g class={ "node st-" (it.look.class) } {
                            title { (it.words) ": " (it.look.word) }
                            rect x=(x(it)) y=(y(it)) width=(WIDTH) height=(HEIGHT) rx="4" {}
                            text x=(x(it) + 10) y=(y(it) + 23) {
                                (it.look.glyph) " " (short(&it.words))
                            }
                        }
                    }
                }
            }
        }
        @if drawn.len() >= MOST { p.quiet { "Only a part is drawn. The table has all." } }
    }
}

/// What fits into a box.
fn short(words: &str) -> String {
    match words.char_indices().nth(20) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}
