//! Whether people with disabilities can use a page, as far as a program can tell: axe-core, from
//! `axe/`.

use serde_json::Value;

use crate::Tab;

const AXE: &str = include_str!("../axe/axe.min.js");

/// What axe finds by some of its rules, with the elements that it is about.
const LOOK: &str = "axe.run(document, {
    resultTypes: ['violations'], iframes: false, preload: false, RULES
  }).then((report) =>
  report.violations
    .filter((it) => it.impact === 'serious' || it.impact === 'critical')
    .map((it) => `${it.impact} ${it.id}: ${it.help}\\n` +
      it.nodes.map((node) => `    ${node.html}\\n    ${node.any.concat(node.all, node.none)
        .map((check) => check.message).join('; ')}`).join('\\n')))";

/// Which of axe's rules a page is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// All that axe has on by default.
    All,
    /// Whether text stands out from its ground.
    Contrast,
}

/// Every page that the tab opens from now on has axe. It is large, so it is sent once.
pub async fn prepare(tab: &Tab) {
    // The browser's protocol may run scripts that the page's own policy forbids.
    tab.every_page_runs(AXE).await;
}

/// What is serious or critical on the page that the tab shows.
///
/// # Panics
/// The page doesn't have axe; see [`prepare`].
pub async fn troubles(tab: &Tab, rules: Rules) -> Vec<String> {
    let rules = match rules {
        Rules::All => "",
        Rules::Contrast => "runOnly: ['color-contrast']",
    };
    let found = tab.eval(&LOOK.replace("RULES", rules)).await;
    let found = found.as_array().expect("a list of findings");
    found.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
