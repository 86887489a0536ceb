//! Scripts: composed when the crate is compiled, called by their hash.

use std::sync::OnceLock;

/// One Lua entry with the helpers that it uses.
#[derive(Debug)]
pub(crate) struct Script {
    /// Its file under `lua/`, without the ending.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "for tests of the scripts"))]
    pub(crate) name: &'static str,
    pub(crate) source: &'static str,
    /// Whether each call has a number, and is carried out once.
    pub(crate) once: bool,
    sha: OnceLock<String>,
}

impl Script {
    pub(crate) const fn new(name: &'static str, source: &'static str, once: bool) -> Self {
        Self { name, source, once, sha: OnceLock::new() }
    }

    /// Its hash, by which EVALSHA calls it.
    pub(crate) fn sha(&self) -> &str {
        self.sha.get_or_init(|| sha1_smol::Sha1::from(self.source).digest().to_string())
    }
}

/// A script from its folder, its name, and the helpers it uses in the order in which they stand.
///
/// Each EVALSHA makes every `local function` anew, so a script includes only what it uses. Helpers in
/// parentheses are for few calls, and only these make them: they are the body of one function, named like
/// the last of them with `_part`, and that ends with what the function answers. The helper behind
/// `first` answers most calls by itself, before the others are made; to the rest it gives what it has
/// read. With `once`, each call is carried out once, by its number (`lua/lib/call.lua`).
macro_rules! script {
    ($folder:literal / $entry:ident, [$($lib:tt),*]) => {
        $crate::store::script::script!(@
            $folder, $entry, "", [$($lib),*],
            concat!("return ", stringify!($entry), "(KEYS, ARGV)\n"), false)
    };
    ($folder:literal / $entry:ident, [$($lib:tt),*], once) => {
        $crate::store::script::script!(@
            $folder, $entry, "", [$($lib),*],
            concat!("return call_once(", stringify!($entry), ", KEYS, ARGV)\n"), true)
    };
    ($folder:literal / $entry:ident, first $first:ident, [$($lib:tt),*]) => {
        $crate::store::script::script!(@
            $folder, $entry,
            concat!(
                $crate::store::script::script!(@lib $first),
                // Between these two lines stands what each call does first: see the embedded server.
                "--!first\n",
                "local plain_reply, known_1, known_2, known_3 = ", stringify!($first), "(KEYS, ARGV)\n",
                "if plain_reply then return plain_reply end\n",
                "--!rest\n",
            ),
            [$($lib),*],
            concat!("return ", stringify!($entry), "(KEYS, ARGV, known_1, known_2, known_3)\n"), false)
    };
    (@ $folder:literal, $entry:ident, $first:expr, [$($lib:tt),*], $call:expr, $once:literal) => {{
        static SCRIPT: $crate::store::script::Script = $crate::store::script::Script::new(
            concat!($folder, "/", stringify!($entry)),
            concat!(
                // For the embedded server: no script keeps anything from one call to the next.
                "--!pure\n",
                $first,
                $($crate::store::script::script!(@lib $lib),)*
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/lua/", $folder, "/", stringify!($entry), ".lua")),
                $call,
            ),
            $once,
        );
        &SCRIPT
    }};
    (@lib ($($first:ident)&+ in $last:ident)) => {
        concat!(
            "local function ", stringify!($last), "_part(...)\n",
            $($crate::store::script::script!(@lib $first),)+
            $crate::store::script::script!(@lib $last),
            "end\n",
        )
    };
    (@lib $lib:ident) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/lua/lib/", stringify!($lib), ".lua"))
    };
}
pub(crate) use script;
