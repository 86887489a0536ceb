//! A strict reader of Prometheus's exposition format, version 0.0.4: whatever a scraper might
//! stumble over is a panic.

use std::collections::{BTreeMap, BTreeSet};

/// Labels by name.
pub(crate) type Labels = BTreeMap<String, String>;

/// One line with a value.
#[derive(Debug)]
pub(crate) struct Sample {
    /// The suffix of the family's name: nothing, `_bucket`, `_sum`, `_count`.
    suffix: &'static str,
    labels: Labels,
    value: f64,
}

/// The samples between one HELP and the next.
#[derive(Debug, Default)]
pub(crate) struct Family {
    kind: String,
    samples: Vec<Sample>,
}

/// A whole page.
#[derive(Debug, Default)]
pub(crate) struct Page(BTreeMap<String, Family>);

impl Page {
    /// Reads a page.
    ///
    /// # Panics
    /// It isn't as the format says.
    pub(crate) fn read(text: &str) -> Self {
        assert!(text.is_empty() || text.ends_with('\n'), "the last line has no end");
        let (mut page, mut current, mut helped) = (Self::default(), String::new(), String::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, what) = help.split_once(' ').expect("HELP has a text");
                assert!(is_name(name) && !what.is_empty(), "{line}");
                name.clone_into(&mut helped);
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').expect("TYPE has a type");
                assert_eq!(name, helped, "TYPE follows HELP");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                let family = Family { kind: kind.to_owned(), samples: Vec::new() };
                assert!(page.0.insert(name.to_owned(), family).is_none(), "{name} comes twice");
                name.clone_into(&mut current);
            } else {
                let family = page.0.get_mut(&current).expect("a TYPE comes first");
                family.samples.push(sample(&current, &family.kind, line));
            }
        }
        page.0.values().for_each(Family::check);
        page
    }

    /// The one value of a family with these labels and no others.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, "", labels)
    }

    /// How many a histogram has.
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, "_count", labels)
    }

    fn find(&self, name: &str, suffix: &str, labels: &[(&str, &str)]) -> f64 {
        let family = self.0.get(name).unwrap_or_else(|| panic!("there is no {name}"));
        let labels: Labels =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let found = family.samples.iter().find(|it| it.suffix == suffix && it.labels == labels);
        found.unwrap_or_else(|| panic!("no {name}{suffix} with {labels:?}")).value
    }

    /// The families' names.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

impl Family {
    fn check(&self) {
        let mut seen = BTreeSet::new();
        for sample in &self.samples {
            assert!(seen.insert((sample.suffix, &sample.labels)), "twice: {sample:?}");
            let fine = sample.value.is_finite() && sample.value >= 0.0;
            assert!(fine, "no count and no age: {sample:?}");
        }
        if self.kind == "histogram" {
            let series: BTreeSet<Labels> = self.samples.iter().map(Sample::series).collect();
            series.iter().for_each(|labels| self.check_histogram(labels));
        }
    }

    /// Bounds rise to `+Inf`, counts don't fall, and the last is the count.
    fn check_histogram(&self, labels: &Labels) {
        let of = |suffix| {
            self.samples.iter().filter(move |it| it.suffix == suffix && it.series() == *labels)
        };
        let buckets: Vec<(f64, f64)> = of("_bucket")
            .map(|it| (it.labels["le"].parse().expect("le is a number"), it.value))
            .collect();
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{labels:?}: {buckets:?}");
        let (bound, all) = buckets.last().expect("there are buckets");
        assert!(bound.is_infinite(), "the last bucket is +Inf");
        let counts: Vec<f64> = of("_count").map(|it| it.value).collect();
        assert_eq!(counts, [*all], "{labels:?}: the count is that of the last bucket");
        assert_eq!(of("_sum").count(), 1, "{labels:?}: one sum");
    }
}

impl Sample {
    /// Its labels but for the bucket's bound.
    fn series(&self) -> Labels {
        self.labels
            .iter()
            .filter(|(name, _)| *name != "le")
            .map(|it| (it.0.clone(), it.1.clone()))
            .collect()
    }
}

fn is_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// `name{label="value",…} number`
fn sample(family: &str, kind: &str, line: &str) -> Sample {
    let name_end = line.find(['{', ' ']).expect("a name and a value");
    let (name, mut rest) = line.split_at(name_end);
    assert!(is_name(name), "{line}");
    let suffix = name.strip_prefix(family).unwrap_or_else(|| panic!("{line} among {family}"));
    let suffix = match (kind, suffix) {
        ("histogram", "_bucket") => "_bucket",
        ("histogram", "_sum") => "_sum",
        ("histogram", "_count") => "_count",
        ("counter" | "gauge", "") => "",
        _ => panic!("{line} among {family}, a {kind}"),
    };
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, quoted) = rest.split_once("=\"").expect("a label");
            assert!(is_name(label), "{line}");
            let (value, after) = unquoted(quoted);
            assert!(
                labels.insert(label.to_owned(), value).is_none(),
                "{label} comes twice: {line}"
            );
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    assert_eq!(labels.contains_key("le"), suffix == "_bucket", "{line}");
    let value = rest.strip_prefix(' ').expect("a blank before the value");
    Sample { suffix, labels, value: value.parse().unwrap_or_else(|_| panic!("a number: {line}")) }
}

/// A label's value up to its closing quote, and the rest.
fn unquoted(text: &str) -> (String, &str) {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('\\' | '"'))) => value.push(c),
                other => panic!("no escape: {other:?}"),
            },
            c => value.push(c),
        }
    }
    panic!("no closing quote: {text}")
}

#[test]
fn a_sound_page_is_read() {
    let page = Page::read(
        "# HELP a_total A.\n# TYPE a_total counter\na_total{q=\"x\\\"y\\n\"} 3\n\
         # HELP h H.\n# TYPE h histogram\nh_bucket{le=\"0.1\"} 1\n\
         h_bucket{le=\"+Inf\"} 2\nh_sum 0.3\nh_count 2\n",
    );
    assert_eq!(page.value("a_total", &[("q", "x\"y\n")]), 3.0);
    assert_eq!(page.count("h", &[]), 2.0);
}

#[test]
fn broken_pages_are_refused() {
    let head = "# HELP h H.\n# TYPE h histogram\n";
    for broken in [
        "a 1\n".to_owned(),
        "# HELP a A.\n# TYPE a gauge\na 1".to_owned(),
        "# HELP a A.\n# TYPE a gauge\na 1\na 2\n".to_owned(),
        "# HELP a A.\n# TYPE a gauge\nb 1\n".to_owned(),
        "# HELP a A.\n# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n".to_owned(),
        "# HELP 1a A.\n# TYPE 1a gauge\n".to_owned(),
        "# HELP a A.\n# TYPE a gauge\n# HELP a A.\n# TYPE a gauge\n".to_owned(),
        "# HELP a A.\n# TYPE a counter\na 1\n".to_owned(),
        format!("{head}h_bucket{{le=\"1\"}} 1\nh_sum 1\nh_count 1\n"),
        format!("{head}h_bucket{{le=\"1\"}} 3\nh_bucket{{le=\"+Inf\"}} 2\nh_sum 1\nh_count 2\n"),
        format!("{head}h_bucket{{le=\"+Inf\"}} 2\nh_sum 1\nh_count 3\n"),
        format!("{head}h_bucket{{le=\"+Inf\"}} 2\nh_count 2\n"),
    ] {
        let read = std::panic::catch_unwind(|| Page::read(&broken));
        assert!(read.is_err(), "read:\n{broken}");
    }
}
