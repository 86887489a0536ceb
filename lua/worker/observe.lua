--- observe: add a worker's observations of its runs to the queue's histograms and its history.
--
-- If the queue was obliterated meanwhile, nothing is kept.
--
-- KEYS  1 histograms      HASH  {q}:histograms
--       2 meta            HASH  {q}:meta
--       3 waiting         ZSET  {q}:waiting
--       4 delayed         ZSET  {q}:delayed
--       5 priority        HASH  {q}:priority
--       6 history         HASH  {q}:history
--       7 historyMinutes  HASH  {q}:history:1m
--       8 historyTens     HASH  {q}:history:10m
--       9 historyHours    HASH  {q}:history:1h
-- ARGV  1 how many fields of histograms; pairs of field and increment; pairs of a job's name and a
--       packed point (lib/points.lua), with ' ' for names that this worker doesn't tell apart
-- REPLY 1 if it was added, else 0
-- ERR   LAYOUT
-- USES  clock, layout, rank, lanes, key, group_of, group_since, oldest, points, resolutions,
--       history
local function observe(keys, args)
  local q = {
    histograms = keys[1], waiting = keys[3], delayed = keys[4], priority = keys[5],
    history = keys[6], resolutions = { keys[7], keys[8], keys[9] },
    base = string.sub(keys[2], 1, -5),
  }
  local found = redis.call('HMGET', keys[2], 'layout', 'aging', 'added', 'completed', 'failed',
    'cancelled')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  if not found[1] then
    return 0
  end
  local last = 1 + 2 * tonumber(args[1])
  local meta = {
    aging = found[2], added = found[3], completed = found[4], failed = found[5],
    cancelled = found[6],
  }
  history_fold(q, meta, args, last + 1)
  for i = 2, last, 2 do
    redis.call('HINCRBY', q.histograms, args[i], args[i + 1])
  end
  return 1
end
