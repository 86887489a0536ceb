--- retry_failed: run failed jobs again, oldest first, with their attempts reset.
--
-- KEYS  1  failed     ZSET    {q}:failed
--       2  waiting    ZSET    {q}:waiting
--       3  priority   HASH    {q}:priority
--       4  attempts   HASH    {q}:attempts
--       5  stalls     HASH    {q}:stalls
--       6  misses     HASH    {q}:misses
--       7  outcomes   HASH    {q}:outcomes
--       8  meta       HASH    {q}:meta
--       9  events     STREAM  {q}:events
--       10 wake       LIST    {q}:wake
-- ARGV  1 how many at most, up to 1,000
-- REPLY how many
-- ERR   LAYOUT
-- USES  clock, layout, rank, events, wake, rerun
local function retry_failed(keys, args)
  local q = {
    failed = keys[1], waiting = keys[2], priority = keys[3], attempts = keys[4],
    stalls = keys[5], misses = keys[6], outcomes = keys[7], meta = keys[8], events = keys[9],
    wake = keys[10],
  }
  local meta = redis.call('HMGET', q.meta, 'layout', 'events', 'aging')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  q.kept, q.step = meta[2], rank_step(meta[3])
  local ids = redis.call('ZRANGE', q.failed, 0, args[1] - 1)
  if #ids > 0 then
    rerun_all(q, q.failed, ids, clock_now())
    wake_one(q.wake)
  end
  return #ids
end
