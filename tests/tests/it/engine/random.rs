//! Random commands: mostly right, sometimes with a key of another type or a wrong number.

use fastrand::Rng;

/// A command: its words; and by how many items its answer may be in another order.
pub(super) struct Command {
    pub(super) words: Vec<String>,
    /// 0: the order counts.
    pub(super) unordered_by: usize,
}

/// A random command on a few keys.
pub(super) fn command(rng: &mut Rng) -> Command {
    let draw = Draw(rng);
    match draw.0.u8(..7) {
        0 => draw.hash(),
        1 => draw.sorted_set(),
        2 => draw.list_or_set(),
        3 => draw.stream(),
        4 => draw.set_by_bytes(),
        5 => draw.text_or_key(),
        _ => draw.sorted_set(),
    }
}

struct Draw<'a>(&'a mut Rng);

impl Draw<'_> {
    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.0.usize(..all.len())]
    }

    /// A key whose first letter says its type; sometimes one of another type.
    fn key(&mut self, kind: char) -> String {
        let kind =
            if self.0.u8(..) < 8 { self.one_of(&['h', 'z', 'l', 's', 'x', 't']) } else { kind };
        format!("{kind}{}", self.0.u8(..2))
    }

    fn word(&mut self) -> String {
        format!("m{}", self.0.u8(..12))
    }

    fn index(&mut self) -> String {
        match self.0.u8(..40) {
            0 => "9223372036854775808".to_owned(),
            1 => "x".to_owned(),
            2 => "-9223372036854775808".to_owned(),
            _ => self.0.i32(-6..8).to_string(),
        }
    }

    fn score(&mut self) -> String {
        match self.0.u8(..14) {
            0 => "-inf".to_owned(),
            1 => "+inf".to_owned(),
            2 => self.0.u64(..1 << 53).to_string(),
            3 => (self.0.f64() * 100.0).to_string(),
            4 => format!("{}.5", self.0.i32(-5..20)),
            5 if self.0.u8(..4) == 0 => "nan".to_owned(),
            6 => format!("{}e{}", self.0.i32(-9..9), self.0.i32(-20..20)),
            _ => self.0.i32(-5..20).to_string(),
        }
    }

    fn end_of_scores(&mut self) -> String {
        let score = self.score();
        if self.0.u8(..5) == 0 { format!("({score}") } else { score }
    }

    fn id(&mut self) -> String {
        format!("{}-{}", self.0.u8(..30), self.0.u8(..4))
    }

    fn end_of_ids(&mut self) -> String {
        match self.0.u8(..7) {
            0 => "-".to_owned(),
            1 => "+".to_owned(),
            2 => format!("({}", self.id()),
            3 => self.0.u8(..30).to_string(),
            4 if self.0.u8(..4) == 0 => "x".to_owned(),
            _ => self.id(),
        }
    }

    /// One to five times what is drawn.
    fn many<const N: usize>(&mut self, draw: impl Fn(&mut Self) -> [String; N]) -> Vec<String> {
        (0..self.0.usize(1..6)).flat_map(|_| draw(self)).collect()
    }

    fn words(&mut self) -> Vec<String> {
        self.many(|draw| [draw.word()])
    }

    fn hash(mut self) -> Command {
        let key = self.key('h');
        let (name, rest) = match self.0.u8(..15) {
            0..=2 => ("HSET", self.many(|draw| [draw.word(), draw.score()])),
            13 => ("HSETNX", vec![self.word(), self.score()]),
            14 => ("HSTRLEN", vec![self.word()]),
            3 => ("HDEL", self.words()),
            4 => ("HGET", vec![self.word()]),
            5 => ("HMGET", self.words()),
            6 => ("HLEN", Vec::new()),
            7 => ("HEXISTS", vec![self.word()]),
            8 => ("HINCRBY", vec![self.word(), self.index()]),
            9 => return unordered("HKEYS", key, [], 1),
            10 => return unordered("HGETALL", key, [], 2),
            11 => return unordered("HRANDFIELD", key, ["100", "WITHVALUES"], 2),
            _ => return unordered("HRANDFIELD", key, ["100"], 1),
        };
        ordered(name, key, rest)
    }

    fn sorted_set(mut self) -> Command {
        let key = self.key('z');
        let (name, mut rest) = match self.0.u8(..13) {
            0..=2 => ("ZADD", self.many(|draw| [draw.score(), draw.word()])),
            3 => {
                let mut pairs = self.many(|draw| [draw.score(), draw.word()]);
                pairs.insert(0, self.one_of(&["NX", "XX"]).to_owned());
                ("ZADD", pairs)
            }
            4 => ("ZREM", self.words()),
            5 => ("ZCARD", Vec::new()),
            6 => ("ZSCORE", vec![self.word()]),
            7 => ("ZMSCORE", self.words()),
            8 => ("ZREMRANGEBYRANK", vec![self.index(), self.index()]),
            9 => ("ZPOPMIN", vec![self.index()]),
            10 => ("ZCOUNT", vec![self.end_of_scores(), self.end_of_scores()]),
            11 => ("ZRANGEBYSCORE", vec![self.end_of_scores(), self.end_of_scores()]),
            _ => (self.one_of(&["ZRANGE", "ZREVRANGE"]), vec![self.index(), self.index()]),
        };
        if name.contains("RANGE") && name != "ZREMRANGEBYRANK" && self.0.bool() {
            rest.push("WITHSCORES".to_owned());
        }
        if name == "ZRANGEBYSCORE" && self.0.bool() {
            rest.extend(["LIMIT".to_owned(), self.0.u8(..3).to_string(), self.index()]);
        }
        ordered(name, key, rest)
    }

    /// One whose members have one score.
    fn set_by_bytes(mut self) -> Command {
        let key = format!("b{}", self.0.u8(..2));
        let edge = |draw: &mut Self| match draw.0.u8(..8) {
            0 => "-".to_owned(),
            1 => "+".to_owned(),
            2 => draw.word(),
            3..=5 => format!("[{}", draw.word()),
            _ => format!("({}", draw.word()),
        };
        let (name, rest) = match self.0.u8(..5) {
            0..=1 => ("ZADD", self.many(|draw| ["0".to_owned(), draw.word()])),
            2 => ("ZREM", self.words()),
            3 => ("ZLEXCOUNT", vec![edge(&mut self), edge(&mut self)]),
            _ => ("ZRANGEBYLEX", vec![edge(&mut self), edge(&mut self)]),
        };
        ordered(name, key, rest)
    }

    fn list_or_set(mut self) -> Command {
        let (list, set) = (self.key('l'), self.key('s'));
        let (name, key, rest) = match self.0.u8(..12) {
            0..=1 => ("LPUSH", list, self.words()),
            2 => ("RPUSH", list, self.words()),
            3 => ("LTRIM", list, vec![self.index(), self.index()]),
            4 => ("LRANGE", list, vec![self.index(), self.index()]),
            5 => ("LLEN", list, Vec::new()),
            6 => ("LPOP", list, Vec::new()),
            7..=8 => ("SADD", set, self.words()),
            9 => ("SREM", set, self.words()),
            10 => ("SISMEMBER", set, vec![self.word()]),
            _ => return unordered("SRANDMEMBER", set, ["100"], 1),
        };
        ordered(name, key, rest)
    }

    fn stream(mut self) -> Command {
        let key = self.key('x');
        let (name, rest) = match self.0.u8(..10) {
            0..=1 => {
                let fields = self.many(|draw| [draw.word(), draw.score()]);
                ("XADD", [vec![self.id()], fields].concat())
            }
            2 => {
                let most = self.0.u8(..5).to_string();
                let words = ["MAXLEN".to_owned(), most, self.id(), "k".to_owned(), "v".to_owned()];
                ("XADD", words.to_vec())
            }
            3 => {
                let count = self.0.u8(1..4).to_string();
                ("XRANGE", vec![self.end_of_ids(), self.end_of_ids(), "COUNT".to_owned(), count])
            }
            4 => ("XREVRANGE", vec![self.end_of_ids(), self.end_of_ids()]),
            5 => ("XDEL", self.many(|draw| [draw.id()])),
            6 => ("XLEN", Vec::new()),
            7 => ("XTRIM", vec!["MAXLEN".to_owned(), self.0.u8(..5).to_string()]),
            8 => ("XTRIM", vec!["MINID".to_owned(), self.id()]),
            _ => {
                let words = ["XREAD", "COUNT", "2", "STREAMS"].map(str::to_owned);
                let words = [words.to_vec(), vec![key, self.id()]].concat();
                return Command { words, unordered_by: 0 };
            }
        };
        ordered(name, key, rest)
    }

    fn text_or_key(mut self) -> Command {
        let kind = self.one_of(&['h', 'z', 'l', 's', 'x', 't']);
        let (text, any) = (self.key('t'), self.key(kind));
        let (name, key, rest) = match self.0.u8(..9) {
            0..=1 => {
                let mut rest = vec![self.word()];
                if self.0.bool() {
                    rest.extend(["PX".to_owned(), self.one_of(&["100000", "0", "x"]).to_owned()]);
                }
                if self.0.bool() {
                    rest.push("NX".to_owned());
                }
                if self.0.bool() {
                    rest.push("GET".to_owned());
                }
                ("SET", text, rest)
            }
            2 => ("GET", text, Vec::new()),
            3 => ("DEL", any, Vec::new()),
            4 => ("UNLINK", any, vec![self.key('t')]),
            5 => ("EXISTS", any, vec![self.key('h')]),
            6 => ("TYPE", any, Vec::new()),
            7 => (self.one_of(&["PERSIST", "GET"]), any, Vec::new()),
            _ => ("RENAME", any, vec![self.key(kind)]),
        };
        ordered(name, key, rest)
    }
}

fn ordered(name: &str, key: String, rest: Vec<String>) -> Command {
    Command { words: [vec![name.to_owned(), key], rest].concat(), unordered_by: 0 }
}

fn unordered<const N: usize>(name: &str, key: String, rest: [&str; N], by: usize) -> Command {
    let rest = rest.map(str::to_owned).to_vec();
    Command { words: [vec![name.to_owned(), key], rest].concat(), unordered_by: by }
}
