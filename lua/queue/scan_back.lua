--- scan_back: the jobs of a set before a place, backwards, and their records.
--
-- A place is a score and an id, so a walk goes on where it was, whatever has left meanwhile.
--
-- KEYS  1 jobs  HASH  {q}:jobs
--       2 meta  HASH  {q}:meta
-- ARGV  1 base   2 the set, as its key goes on behind base   3 how many at most, up to 1,000
--       4 score and 5 id before which to begin; '' for the last
--       6 score and 7 id with which to end, no part of it; '' for the first
--       8 '1' for the records too
-- REPLY ids; their scores; their records, false for one that is gone: as many as go into one answer,
--       and one at least; '1' if there are more
-- ERR   none
-- USES  order, fit, walk
local function scan_back(keys, args)
  local q = { jobs = keys[1], meta = keys[2] }
  local set, most = args[1] .. args[2], tonumber(args[3])
  local to
  if args[4] == '' then
    to = redis.call('ZCARD', set)
  else
    to = walk_behind(set, args[4], args[5])
    -- One that still stands there has been seen.
    if redis.call('ZSCORE', set, args[5]) == args[4] then to = to - 1 end
  end
  local first = args[6] == '' and 0 or walk_behind(set, args[6], args[7])
  local from = math.max(first, to - most)
  if to <= from then
    return { {}, {}, {}, '0' }
  end
  local found, ids, scores = redis.call('ZRANGE', set, from, to - 1, 'WITHSCORES'), {}, {}
  for i = #found, 2, -2 do
    ids[#ids + 1], scores[#scores + 1] = found[i - 1], found[i]
  end
  local records = walk_records(q, ids, args[8])
  for i = #scores, #ids + 1, -1 do
    scores[i] = nil
  end
  return { ids, scores, records, to - #ids > first and '1' or '0' }
end
