//! What is hidden, before anything is shown, searched or sent.

use std::{fmt, sync::Arc};

use super::tree::Tree;

/// The names whose values are hidden by default.
const NAMES: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "privatekey",
    "accesskey",
    "creditcard",
    "cardnumber",
    "cvv",
    "ssn",
];

/// Words of names whose values are hidden by default: `signing_key` and `apiKey`, but not `monkey`.
const WORDS: [&str; 6] = ["key", "card", "pwd", "pin", "jwt", "iban"];

/// Fields of a page's data below which users' values begin.
const ROOTS: [&str; 4] = ["payload", "result", "progress", "headers"];

type Hook = Arc<dyn Fn(&[&str]) -> bool + Send + Sync>;

/// What is hidden in payloads, results, progress and headers: values of fields by their name, and by
/// a hook. Hidden values can't be searched for either. Texts of errors and logs are shown as they
/// are: keep secrets out of them.
///
/// ```
/// use jobqueue_dashboard::Redaction;
///
/// // Besides the usual names; and all below `customer`.
/// Redaction::default().name("iban").hook(|path| path.first() == Some(&"customer"));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Redaction {
    names: Vec<String>,
    words: &'static [&'static str],
    hook: Option<Hook>,
}

impl Redaction {
    /// Nothing is hidden.
    pub fn none() -> Self {
        Self { names: Vec::new(), words: &[], hook: None }
    }

    /// Hides the values of fields whose name contains this, without regard to case, `_`, `-` and
    /// spaces: `api key` hides `API_KEY` and `x-api-key-2`.
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        let name = plain(name.as_ref());
        if !name.is_empty() {
            self.names.push(name);
        }
        self
    }

    /// Hides the values for which this says so, by the names of the fields that lead to them: from
    /// the payload on, without the numbers of lists. A later hook replaces an earlier one.
    pub fn hook(mut self, hides: impl Fn(&[&str]) -> bool + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hides));
        self
    }

    /// The rule that hides what these names lead to.
    pub(crate) fn rule(&self, path: &[&str]) -> Option<&str> {
        let by_name = path.iter().find_map(|field| {
            let name = plain(field);
            let by_part = self.names.iter().find(|part| name.contains(&***part));
            let by_word = || self.words.iter().find(|word| has_word(field, word)).copied();
            by_part.map(String::as_str).or_else(by_word)
        });
        match (by_name, &self.hook) {
            (Some(name), _) => Some(name),
            (None, Some(hook)) if hook(path) => Some("hook"),
            _ => None,
        }
    }

    /// The rule that hides what these names below a payload, a result or headers lead to, or anything
    /// on the way there.
    pub(crate) fn rule_on_the_way(&self, root: &str, names: &[String]) -> Option<&str> {
        let path: Vec<&str> = [root].into_iter().chain(names.iter().map(|name| &**name)).collect();
        (2..=path.len()).find_map(|end| self.rule_within(&path[..end]))
    }

    /// Hides what is to be hidden in a payload, a result, or a page's data.
    pub(crate) fn hide(&self, tree: &mut Tree) {
        self.hide_below(tree, &mut Vec::new());
    }

    /// The rule for a place in a page's data, where payloads stand below fields of ours: a path that
    /// begins behind any of those counts as well.
    fn rule_within(&self, path: &[&str]) -> Option<&str> {
        let begins = path.iter().enumerate().filter(|(_, name)| ROOTS.contains(name));
        let begins = begins.map(|(n, _)| n + 1).filter(|begin| *begin < path.len());
        self.rule(path).or_else(|| begins.into_iter().find_map(|begin| self.rule(&path[begin..])))
    }

    fn hide_below(&self, tree: &mut Tree, path: &mut Vec<String>) {
        match tree {
            Tree::List(items) => {
                for item in items {
                    self.hide_below(item, path);
                }
            }
            Tree::Map(fields) => {
                for (name, value) in fields {
                    path.push(name.clone());
                    let names: Vec<&str> = path.iter().map(|name| &**name).collect();
                    match self.rule_within(&names) {
                        // That there is nothing is no secret.
                        Some(rule) if *value != Tree::Null => {
                            *value = Tree::Hidden(rule.to_owned())
                        }
                        _ => self.hide_below(value, path),
                    }
                    path.pop();
                }
            }
            _ => {}
        }
    }
}

/// A name without what people write differently.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.'));
    kept.flat_map(char::to_lowercase).collect()
}

/// Whether a name has this word, as people part words: `api_key`, `api-key`, `apiKey`, `KEY2`.
fn has_word(name: &str, word: &str) -> bool {
    let mut words = vec![String::new()];
    let mut before = None::<char>;
    for letter in name.chars() {
        let begins = letter.is_uppercase() && before.is_some_and(char::is_lowercase);
        if begins || !letter.is_alphabetic() {
            words.push(String::new());
        }
        if letter.is_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        before = Some(letter);
    }
    words.iter().any(|each| each == word)
}

impl Default for Redaction {
    /// Hides what is named like a password, a token, a secret, a key, a cookie, a credential, a card
    /// or an account's number.
    fn default() -> Self {
        Self { names: NAMES.map(str::to_owned).to_vec(), words: &WORDS, hook: None }
    }
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, words, hook } = self;
        let mut debug = f.debug_struct("Redaction");
        debug.field("names", names).field("words", words).field("hook", &hook.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(redaction: &Redaction, text: &str) -> String {
        let mut tree = Tree::read(text).expect("JSON");
        redaction.hide(&mut tree);
        tree.to_json()
    }

    #[test]
    fn values_are_hidden_by_name_at_any_depth() {
        let text = r#"{"user":"ann","PassWord":"p","deep":[{"api-key":1,"x":2}],"token":null}"#;
        assert_eq!(
            hidden(&Redaction::default(), text),
            r#"{"user":"ann","PassWord":"•••• hidden by rule `password`","deep":[{"api-key":"•••• hidden by rule `apikey`","x":2}],"token":null}"#
        );
        assert_eq!(hidden(&Redaction::none(), text), text);
    }

    #[test]
    fn short_names_are_hidden_as_words() {
        for (name, word) in [
            ("key", "key"),
            ("api.key", "key"),
            ("signingKey", "key"),
            ("CARD_NO", "card"),
            ("key2", "key"),
        ] {
            assert!(has_word(name, word), "{name}");
            assert!(Redaction::default().rule(&[name]).is_some(), "{name}");
        }
        for name in ["monkey", "keyboard", "pinned", "discard", "keys"] {
            assert_eq!(Redaction::default().rule(&[name]), None, "{name}");
        }
    }

    #[test]
    fn a_hook_hides_by_path() {
        let redaction = Redaction::none().hook(|path| path == ["customer", "name"]);
        let text = r#"{"name":"a","customer":{"name":"b"}}"#;
        let hidden = hidden(&redaction, text);
        assert_eq!(hidden, r#"{"name":"a","customer":{"name":"•••• hidden by rule `hook`"}}"#);
    }

    #[test]
    fn a_hook_sees_paths_of_payloads_within_a_page() {
        let redaction = Redaction::none().hook(|path| path == ["customer"]);
        let text = r#"[{"record":{"payload":{"customer":1,"deep":{"customer":2}}}}]"#;
        let hidden = hidden(&redaction, text);
        assert!(!hidden.contains(":1,") && hidden.contains(":2}"), "{hidden}");
    }

    #[test]
    fn all_below_a_hidden_name_is_hidden() {
        let redaction = Redaction::none().name("Card Data");
        assert_eq!(redaction.rule(&["order", "card_data", "number"]), Some("carddata"));
        assert_eq!(redaction.rule(&["order", "number"]), None);
    }
}
