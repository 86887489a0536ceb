//! Bugs put in on purpose: other text in the place of a script's, which the server runs instead. The
//! simulation must find each of them.

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Its name.
    pub name: &'static str,
    /// What is replaced by what, wherever it stands.
    changes: &'static [(&'static str, &'static str)],
}

/// All of them.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "no-fence",
        changes: &[
            ("if not own then", "own = own or 0\n  if false then"),
            ("if not by_hand and redis.call('HLEN', q.running) ~= q.held then", "if false then"),
        ],
    },
    Mutant {
        name: "no-wake",
        changes: &[
            (
                "groups_add(q, ready, {}, q.at, q.named, q.noted)\n  return true",
                "groups_add(q, ready, {}, q.at, q.named, q.noted)\n  return false",
            ),
            ("if not meta[4] and redis.call('EXISTS', keys[8]) == 0 then", "if false then"),
        ],
    },
    Mutant { name: "no-zrem", changes: &[("redis.call('ZREM', set, unpack(ids))", "")] },
    Mutant {
        name: "rate-off-by-one",
        changes: &[("/ interval + burst + 1e-6)", "/ interval + burst + 1 + 1e-6)")],
    },
    Mutant {
        name: "call-twice",
        changes: &[(
            "if made then\n    return call_read(made)",
            "if false then\n    return call_read(made)",
        )],
    },
    Mutant { name: "key-stays", changes: &[("redis.call('DEL', name)", "")] },
    Mutant {
        name: "cancel-forgotten",
        changes: &[("if not q.cancelling or n == 0 then", "if true then")],
    },
    Mutant {
        name: "ticks-overlap",
        changes: &[("return redis.call('HEXISTS', q.jobs, it.last) == 1", "return false")],
    },
    Mutant {
        name: "signal-stays",
        changes: &[("if taken then signals_drop(q.base, id, name) end", "")],
    },
    Mutant {
        name: "children-unheard",
        changes: &[("if job then post_any(w.base, job, signal, 'm\\192') end", "")],
    },
    Mutant {
        name: "step-forgotten",
        changes: &[("if not steps_put(q, id, args[3], head .. value) then", "if false then")],
    },
    Mutant {
        name: "node-counted-twice",
        changes: &[(
            "w.left = redis.call('HINCRBY', w.name, 'left', -n)",
            "w.left = redis.call('HINCRBY', w.name, 'left', -2 * n)",
        )],
    },
    Mutant {
        name: "no-extension",
        changes: &[("lease_extend(workers, worker, now + lease + unheard)", "")],
    },
];

impl Mutant {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        MUTANTS.iter().find(|mutant| mutant.name == name)
    }

    /// A script with the bug, if the bug is in this one.
    #[must_use]
    pub fn alter(&self, source: &str) -> Option<String> {
        let is_in = |(from, _): &&(&str, &str)| source.contains(from);
        let changes: Vec<_> = self.changes.iter().filter(is_in).collect();
        let mut text = source.to_owned();
        for (from, to) in &changes {
            text = text.replace(from, to);
        }
        (!changes.is_empty()).then_some(text)
    }

    /// What is replaced by what.
    #[must_use]
    pub fn changes(&self) -> &'static [(&'static str, &'static str)] {
        self.changes
    }
}
