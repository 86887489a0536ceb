--- retry_failed: run failed jobs again, with their attempts reset: in the order in which they failed.
--
-- KEYS  1  failed     ZSET    {q}:failed
--       2  waiting    ZSET    {q}:waiting
--       3  priority   HASH    {q}:priority
--       4  attempts   HASH    {q}:attempts
--       5  stalls     HASH    {q}:stalls
--       6  misses     HASH    {q}:misses
--       7  outcomes   HASH    {q}:outcomes
--       8  uniques    HASH    {q}:uniques
--       9  meta       HASH    {q}:meta
--       10 events     STREAM  {q}:events
--       11 wake       LIST    {q}:wake
-- ARGV  1 base   2 how many at most, up to 1,000   3 how many of the oldest to leave out
-- REPLY how many run again; how many stay failed, since another job has their unique
--       key, or their dead letter waits elsewhere
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  clock, layout, rank, order, events, wake, pools, deadline, tries, unique, children, key,
--       lanes, group_of, groups, rerun, numbered, call
local function retry_failed(keys, args)
  local q = {
    failed = keys[1], waiting = keys[2], priority = keys[3], attempts = keys[4],
    stalls = keys[5], misses = keys[6], outcomes = keys[7], uniques = keys[8], meta = keys[9],
    events = keys[10], wake = keys[11], base = args[1],
  }
  local meta = redis.call('HMGET', q.meta, 'layout', 'events', 'aging', 'newest')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  q.kept, q.step, q.newest = meta[2], rank_step(meta[3]), meta[4]
  local ids = redis.call('ZRANGE', q.failed, args[3], args[3] + args[2] - 1)
  if #ids == 0 then
    return { 0, 0 }
  end
  local outcomes, here = redis.call('HMGET', q.outcomes, unpack(ids)), {}
  for i, id in ipairs(ids) do
    if not rerun_elsewhere(outcomes[i]) then here[#here + 1] = id end
  end
  local free = rerun_claim(q, here)
  rerun_all(q, q.failed, free, clock_now())
  if #free > 0 then wake_one(q.wake) end
  return { #free, #ids - #free }
end
