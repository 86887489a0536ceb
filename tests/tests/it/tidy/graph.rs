//! Which file of the library uses which: from the paths in its code, through every re-export.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Item, UseTree, Visibility, visit::Visit};

use super::files;

/// A module's path, without `crate`.
pub(super) type ModulePath = Vec<String>;

/// The modules of the library, each in a file of its own.
#[derive(Default)]
pub(super) struct Library {
    modules: BTreeMap<ModulePath, Module>,
}

#[derive(Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    /// Names that come from elsewhere, and from where.
    names: BTreeMap<String, Vec<String>>,
    /// All paths in the code, as written; a `pub use` of a `mod.rs` is a signpost and no use.
    paths: Vec<Vec<String>>,
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// A module's file.
    Module(ModulePath),
    /// Another crate, a local name, or what a macro makes.
    Elsewhere,
}

impl Library {
    /// Reads `jobqueue/src`, without its tests.
    pub(super) fn read() -> Self {
        let mut library = Self::default();
        for (path, text) in files("jobqueue/src", "rs") {
            library.add(&path, &text);
        }
        library
    }

    fn add(&mut self, path: &str, text: &str) {
        let inside = path.trim_start_matches("jobqueue/src/").trim_end_matches(".rs");
        let mut name: ModulePath = inside.split('/').map(str::to_owned).collect();
        if matches!(name.last().map(String::as_str), Some("mod" | "lib")) {
            name.pop();
        }
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut module = Module { file: path.to_owned(), ..Module::default() };
        let is_map = path.ends_with("/mod.rs") || path.ends_with("/lib.rs");
        file.items.iter().for_each(|item| module.read(item, is_map));
        self.modules.insert(name, module);
    }

    /// Each file and those that it uses.
    pub(super) fn uses(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, module) in self.modules.iter().filter(|(name, _)| !name.is_empty()) {
            let used = uses.entry(&module.file).or_default();
            for path in &module.paths {
                if let Target::Module(other) = self.target(name, path)
                    && other != *name
                    && !other.is_empty()
                {
                    used.insert(&self.modules[&other].file);
                }
            }
        }
        uses
    }

    /// Where a path in a module leads: to the file that has the item itself.
    fn target(&self, from: &[String], path: &[String]) -> Target {
        let Some(path) = absolute(from, path, &self.modules) else { return Target::Elsewhere };
        self.resolve(&path, 0)
    }

    fn resolve(&self, path: &[String], depth: usize) -> Target {
        if depth > 16 {
            return Target::Elsewhere;
        }
        if self.modules.contains_key(path) {
            return Target::Module(path.to_vec());
        }
        // The longest part of the path that is a module; then its item, or what it has from
        // elsewhere.
        for length in (0..path.len()).rev() {
            let Some(module) = self.modules.get(&path[..length]) else { continue };
            let name = &path[length];
            if module.items.contains(name) {
                return Target::Module(path[..length].to_vec());
            }
            let Some(found) = module.names.get(name) else { return Target::Elsewhere };
            let Some(mut found) = absolute(&path[..length], found, &self.modules) else {
                return Target::Elsewhere;
            };
            found.extend_from_slice(&path[length + 1..]);
            return self.resolve(&found, depth + 1);
        }
        Target::Elsewhere
    }
}

/// A path from the crate's root; none if it leads out of the crate.
fn absolute(
    from: &[String],
    path: &[String],
    modules: &BTreeMap<ModulePath, Module>,
) -> Option<ModulePath> {
    let mut base = from.to_vec();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            while rest.first().is_some_and(|part| part == "super") {
                base.pop()?;
                rest = &rest[1..];
            }
            base.extend_from_slice(rest);
            return Some(base);
        }
        child => {
            base.push(child.to_owned());
            let inside = modules.contains_key(&base);
            return inside.then(|| from.iter().chain(path).cloned().collect());
        }
    }
    base.extend_from_slice(&rest[1..]);
    Some(base)
}

impl Module {
    fn read(&mut self, item: &Item, is_map: bool) {
        if is_test(item) {
            return;
        }
        match item {
            Item::Use(item) => {
                let is_signpost = is_map && !matches!(item.vis, Visibility::Inherited);
                let mut leaves = Vec::new();
                collect(&item.tree, &mut Vec::new(), &mut leaves);
                for (path, name) in leaves {
                    if !is_signpost {
                        self.paths.push(path.clone());
                    }
                    self.names.insert(name, path);
                }
            }
            // A public module of `lib.rs` that re-exports is a signpost, too.
            Item::Mod(module) => {
                let inside = module.content.iter().flat_map(|(_, items)| items);
                inside.for_each(|item| self.read(item, is_map));
            }
            other => {
                self.items.extend(name_of(other));
                Paths(&mut self.paths).visit_item(other);
            }
        }
    }
}

fn is_test(item: &Item) -> bool {
    let attrs = match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        _ => return false,
    };
    attrs.iter().any(|attr| match &attr.meta {
        syn::Meta::List(list) => attr.path().is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}

/// The leaves of a `use`: the path, and the name that it has here.
fn collect(tree: &UseTree, prefix: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, String)>) {
    let leaf = |ident: &syn::Ident, prefix: &[String]| {
        let mut path = prefix.to_vec();
        if ident != "self" {
            path.push(ident.to_string());
        }
        path
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            collect(&path.tree, prefix, leaves);
            prefix.pop();
        }
        UseTree::Name(name) => {
            let path = leaf(&name.ident, prefix);
            let last = path.last().cloned().unwrap_or_default();
            leaves.push((path, last));
        }
        UseTree::Rename(rename) => {
            leaves.push((leaf(&rename.ident, prefix), rename.rename.to_string()));
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| collect(tree, prefix, leaves));
        }
        UseTree::Glob(_) => {}
    }
}

/// Gathers the paths of code that lead somewhere by themselves.
struct Paths<'a>(&'a mut Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if matches!(parts[0].as_str(), "crate" | "super" | "self") && parts.len() > 1 {
            self.0.push(parts);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}
}

#[test]
fn paths_lead_through_signposts_to_the_file_with_the_item() {
    let mut library = Library::default();
    library.add("jobqueue/src/lib.rs", "mod a; mod b;");
    library.add("jobqueue/src/a/mod.rs", "mod c; pub(crate) use c::{Thing, other as renamed};");
    library.add("jobqueue/src/a/c.rs", "pub(crate) struct Thing; pub(crate) fn other() {}");
    library.add("jobqueue/src/b.rs", "use crate::a::{Thing, renamed}; use std::fmt;");
    library.add(
        "jobqueue/src/d.rs",
        "fn f() { crate::a::renamed(); } #[cfg(test)] mod tests { use super::b::x; }",
    );
    let uses = library.uses();
    assert_eq!(uses["jobqueue/src/b.rs"], ["jobqueue/src/a/c.rs"].into());
    assert_eq!(uses["jobqueue/src/d.rs"], ["jobqueue/src/a/c.rs"].into());
    assert!(uses["jobqueue/src/a/mod.rs"].is_empty(), "a signpost uses nobody");
}
