//! Sorted sets.

use std::mem;

use bytes::Bytes;

use super::args::{Args, Span, float, integer, is};
use crate::{
    keyspace::Keyspace,
    number,
    refusal::Refusal,
    reply::{Answer, Reply},
    value::{Bound, SortedSet},
};

/// With `XX` or `NX`.
pub(super) fn add(keys: &mut Keyspace, args: &mut [Bytes]) -> Answer {
    let (key, rest) = args.split_first_mut().ok_or(Refusal::SYNTAX)?;
    let only = |word| rest.first().is_some_and(|first| is(first, word));
    let (only_known, only_new) = (only("XX"), only("NX"));
    let (pairs, odd) = rest[usize::from(only_known || only_new)..].as_chunks_mut::<2>();
    if !odd.is_empty() || pairs.is_empty() {
        return Err(Refusal::SYNTAX);
    }
    let scores: Vec<f64> = pairs.iter().map(|[score, _]| float(score)).collect::<Result<_, _>>()?;
    let members = pairs.iter_mut().map(|[_, member]| mem::take(member)).zip(scores);
    if only_known {
        keys.change_existing(key, |set: &mut SortedSet| {
            for (member, score) in members {
                if set.score(&member).is_some() {
                    set.insert(member, score);
                }
            }
        })?;
        return Ok(Reply::Integer(0));
    }
    Ok(Reply::count(keys.change(key, |set: &mut SortedSet| {
        let mut added = 0;
        for (member, score) in members {
            let stays = only_new && set.score(&member).is_some();
            added += usize::from(!stays && set.insert(member, score));
        }
        added
    })?))
}

pub(super) fn remove(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(keys.change_existing(&args[0], |set: &mut SortedSet| {
        args[1..].iter().filter(|member| set.remove(member)).count()
    })?))
}

pub(super) fn len(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(keys.get::<SortedSet>(&args[0])?.map_or(0, SortedSet::len)))
}

pub(super) fn score(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let set = keys.get::<SortedSet>(&args[0])?;
    Ok(score_or_nil(set.and_then(|set| set.score(&args[1]))))
}

pub(super) fn scores(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let set = keys.get::<SortedSet>(&args[0])?;
    let score = |member: &Bytes| score_or_nil(set.and_then(|set| set.score(member)));
    Ok(Reply::Array(args[1..].iter().map(score).collect()))
}

fn score_or_nil(score: Option<f64>) -> Reply {
    score.map_or(Reply::Nil, |score| Reply::text(number::print(score)))
}

pub(super) fn range(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (span, scores) = (Span::parse(&args[1], &args[2])?, with_scores(&args[3..])?);
    let Some(set) = keys.get::<SortedSet>(&args[0])? else { return Ok(Reply::empty()) };
    let span = span.of(set.len());
    Ok(members(set.iter().skip(span.start).take(span.len()), scores))
}

pub(super) fn range_from_end(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (span, scores) = (Span::parse(&args[1], &args[2])?, with_scores(&args[3..])?);
    let Some(set) = keys.get::<SortedSet>(&args[0])? else { return Ok(Reply::empty()) };
    let span = span.of(set.len());
    Ok(members(set.iter().rev().skip(span.start).take(span.len()), scores))
}

fn with_scores(options: Args<'_>) -> Result<bool, Refusal> {
    match options {
        [] => Ok(false),
        [word] if is(word, "WITHSCORES") => Ok(true),
        _ => Err(Refusal::SYNTAX),
    }
}

/// With `WITHSCORES` and `LIMIT`.
pub(super) fn range_by_score(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (from, to) = (bound(&args[1])?, bound(&args[2])?);
    let (mut scores, mut skip, mut most) = (false, 0, usize::MAX);
    let mut options = args[3..].iter();
    while let Some(option) = options.next() {
        if is(option, "WITHSCORES") {
            scores = true;
        } else if is(option, "LIMIT") {
            let mut number = || integer(options.next().ok_or(Refusal::SYNTAX)?);
            // Below zero, the one skips all and the other takes all.
            skip = usize::try_from(number()?).unwrap_or(usize::MAX);
            most = usize::try_from(number()?).unwrap_or(usize::MAX);
        } else {
            return Err(Refusal::SYNTAX);
        }
    }
    let Some(set) = keys.get::<SortedSet>(&args[0])? else { return Ok(Reply::empty()) };
    Ok(members(set.by_score(from, to).skip(skip).take(most), scores))
}

/// With `LIMIT`. All members have one score.
pub(super) fn range_by_bytes(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (from, to) = (Edge::parse(&args[1])?, Edge::parse(&args[2])?);
    let (mut skip, mut most) = (0, usize::MAX);
    match &args[3..] {
        [] => {}
        [word, offset, count] if is(word, "LIMIT") => {
            skip = usize::try_from(integer(offset)?).unwrap_or(usize::MAX);
            most = usize::try_from(integer(count)?).unwrap_or(usize::MAX);
        }
        _ => return Err(Refusal::SYNTAX),
    }
    let Some(set) = keys.get::<SortedSet>(&args[0])? else { return Ok(Reply::empty()) };
    Ok(members(between(set, &from, &to).skip(skip).take(most), false))
}

/// All members have one score.
pub(super) fn count_by_bytes(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (from, to) = (Edge::parse(&args[1])?, Edge::parse(&args[2])?);
    let Some(set) = keys.get::<SortedSet>(&args[0])? else { return Ok(Reply::Integer(0)) };
    let count = between(set, &from, &to).count();
    Ok(Reply::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn between<'a>(
    set: &'a SortedSet,
    from: &'a Edge<'_>,
    to: &'a Edge<'_>,
) -> impl Iterator<Item = (&'a Bytes, f64)> {
    set.iter().filter(|(member, _)| from.is_before(member) && to.is_behind(member))
}

/// One end of a range of members.
enum Edge<'a> {
    Lowest,
    Highest,
    With(&'a [u8]),
    Without(&'a [u8]),
}

impl<'a> Edge<'a> {
    fn parse(text: &'a [u8]) -> Result<Self, Refusal> {
        match text {
            b"-" => Ok(Self::Lowest),
            b"+" => Ok(Self::Highest),
            [b'[', rest @ ..] => Ok(Self::With(rest)),
            [b'(', rest @ ..] => Ok(Self::Without(rest)),
            _ => Err(Refusal::new("ERR min or max not valid string range item")),
        }
    }

    fn is_before(&self, member: &[u8]) -> bool {
        match self {
            Self::Lowest => true,
            Self::Highest => false,
            Self::With(edge) => *edge <= member,
            Self::Without(edge) => *edge < member,
        }
    }

    fn is_behind(&self, member: &[u8]) -> bool {
        match self {
            Self::Lowest => false,
            Self::Highest => true,
            Self::With(edge) => *edge >= member,
            Self::Without(edge) => *edge > member,
        }
    }
}

pub(super) fn count(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (from, to) = (bound(&args[1])?, bound(&args[2])?);
    let set = keys.get::<SortedSet>(&args[0])?;
    Ok(Reply::count(set.map_or(0, |set| set.by_score(from, to).count())))
}

fn bound(text: &[u8]) -> Result<Bound, Refusal> {
    let (text, excluded) = text.strip_prefix(b"(").map_or((text, false), |rest| (rest, true));
    let score = number::float(text).ok_or(Refusal::new("ERR min or max is not a float"))?;
    Ok(Bound { score, excluded })
}

pub(super) fn remove_range(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let span = Span::parse(&args[1], &args[2])?;
    let gone = keys.change_existing(&args[0], |set: &mut SortedSet| {
        let span = span.of(set.len());
        let gone = span.len();
        if span.start == 0 {
            (0..gone).for_each(|_| drop(set.pop_first()));
            return gone;
        }
        let members = set.iter().skip(span.start).take(gone).map(|(member, _)| member.clone());
        for member in members.collect::<Vec<_>>() {
            set.remove(&member);
        }
        gone
    })?;
    Ok(Reply::count(gone))
}

pub(super) fn pop_lowest(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    const NEGATIVE: Refusal = Refusal::new("ERR value is out of range, must be positive");
    let most = args.get(1).map_or(Ok(1), |most| {
        usize::try_from(number::integer(most).ok_or(NEGATIVE)?).map_err(|_| NEGATIVE)
    })?;
    let popped = keys.change_existing(&args[0], |set: &mut SortedSet| {
        std::iter::from_fn(|| set.pop_first()).take(most).collect::<Vec<_>>()
    })?;
    Ok(members(popped.iter().map(|(member, score)| (member, *score)), true))
}

fn members<'a>(found: impl Iterator<Item = (&'a Bytes, f64)>, scores: bool) -> Reply {
    let mut replies = Vec::with_capacity(found.size_hint().0 * if scores { 2 } else { 1 });
    for (member, score) in found {
        replies.push(Reply::Bulk(member.clone()));
        if scores {
            replies.push(Reply::text(number::print(score)));
        }
    }
    Reply::Array(replies)
}
