--- scan: the next jobs of a set, in its order, and their records.
--
-- A place is a score and an id, so a walk goes on where it was, whatever has left meanwhile.
--
-- KEYS  1 jobs  HASH  {q}:jobs
--       2 meta  HASH  {q}:meta
-- ARGV  1 base   2 the set, as its key goes on behind base   3 how many at most, up to 1,000
--       4 score and 5 id behind which to begin; '' for the first
--       6 score and 7 id with which to end; '' for the last one that is there now
--       8 '1' for the records too
-- REPLY ids; their records, false for one that is gone: as many as go into one answer, and one at
--       least; score and id of the last of them, '' if that is the end; score and id of the end
-- ERR   none
-- USES  order, fit, walk
local function scan(keys, args)
  local q = { jobs = keys[1], meta = keys[2] }
  local set, most, score, id = args[1] .. args[2], tonumber(args[3]), args[6], args[7]
  if score == '' then
    local last = redis.call('ZRANGE', set, -1, -1, 'WITHSCORES')
    if not last[1] then
      return { {}, {}, '', '', '', '' }
    end
    id, score = last[1], last[2]
  end
  local from = args[4] == '' and 0 or walk_behind(set, args[4], args[5])
  local behind = walk_behind(set, score, id)
  local to = math.min(from + most, behind)
  if to <= from then
    return { {}, {}, '', '', score, id }
  end
  local ids = redis.call('ZRANGE', set, from, to - 1)
  local records = walk_records(q, ids, args[8])
  if from + #ids >= behind then
    return { ids, records, '', '', score, id }
  end
  return { ids, records, redis.call('ZSCORE', set, ids[#ids]), ids[#ids], score, id }
end
