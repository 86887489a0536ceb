//! A picture of the central results, as SVG.

use std::fmt::Write as _;

use super::{Machine, Metric, Score, table::number};

/// One panel: what it is called, and what it shows.
const PANELS: [(&str, &str, Metric); 6] = [
    ("Process, 100 slots: jobs/s (more is better)", "process-100-kept-0", Metric::JobsPerSecond),
    ("Process, 100 slots: Redis CPU µs/job", "process-100-kept-0", Metric::RedisCpu),
    ("Process, 1,000 kept: Redis CPU µs/job", "process-100-kept-1000", Metric::RedisCpu),
    ("Add in bulk: Redis CPU µs/job", "add-bulk", Metric::RedisCpu),
    ("Idle: ms from add to start, p50", "latency-idle", Metric::LatencyP50),
    ("Bytes per waiting job", "memory-waiting", Metric::Bytes),
];

const WIDTH: usize = 430;
const BAR: usize = 20;
const NAMES: usize = 120;
const LONGEST: f64 = 230.0;

/// Bars by panel and contestant, ours first. Panels without results are left out.
#[must_use]
pub fn chart(machine: &Machine, scores: &[Score]) -> String {
    let (mut body, mut places) = (String::new(), [10, 10]);
    for (panel, (title, scenario, metric)) in PANELS.into_iter().enumerate() {
        let found: Vec<_> =
            scores.iter().filter(|s| s.scenario == scenario && s.metric == metric).collect();
        let Some(first) = found.first() else { continue };
        let mut bars = vec![("jobqueue", first.ours())];
        bars.extend(found.iter().map(|score| (score.peer.as_str(), score.theirs())));
        let column = panel % 2;
        let (x, y) = (10 + column * WIDTH, places[column]);
        let _ = writeln!(body, r#"<text x="{x}" y="{}" class="title">{title}</text>"#, y + 14);
        let top = bars.iter().map(|bar| bar.1).fold(f64::MIN_POSITIVE, f64::max);
        for (row, (name, value)) in bars.into_iter().enumerate() {
            let (y, class) = (y + 24 + row * BAR, if row == 0 { "ours" } else { "peer" });
            let _ = writeln!(
                body,
                r#"<text x="{x}" y="{}">{name}</text><rect x="{}" y="{y}" width="{:.1}" height="{}" class="{class}"/><text x="{:.1}" y="{}">{}</text>"#,
                y + 13,
                x + NAMES,
                (value / top * LONGEST).max(1.0),
                BAR - 4,
                (x + NAMES) as f64 + (value / top * LONGEST).max(1.0) + 5.0,
                y + 13,
                number(value),
            );
            places[column] = y + BAR + 16;
        }
        // Panels of one row begin at one height.
        if column == 1 {
            places = [places[0].max(places[1]); 2];
        }
    }
    let bottom = places[0].max(places[1]) + 14;
    let versions: Vec<_> = machine
        .versions
        .iter()
        .filter(|(_, version)| *version != "-")
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}">
<style>text{{font:12px sans-serif;fill:black}}.title{{font-weight:bold}}.ours{{fill:firebrick}}.peer{{fill:lightslategray}}</style>
<rect width="100%" height="100%" fill="white"/>
{body}<text x="10" y="{bottom}">{2}; Redis {3}, {4} cores</text>
</svg>
"#,
        2 * WIDTH + 20,
        bottom + 12,
        versions.join(", "),
        machine.redis,
        machine.cores,
    )
}
