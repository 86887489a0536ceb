--- clean: remove ended jobs that are older than an age.
--
-- KEYS  1  completed  ZSET    {q}:completed
--       2  failed     ZSET    {q}:failed
--       3  jobs       HASH    {q}:jobs
--       4  priority   HASH    {q}:priority
--       5  attempts   HASH    {q}:attempts
--       6  stalls     HASH    {q}:stalls
--       7  misses     HASH    {q}:misses
--       8  progress   HASH    {q}:progress
--       9  listed     SET     {q}:listed
--       10 uniques    HASH    {q}:uniques
--       11 outcomes   HASH    {q}:outcomes
--       12 meta       HASH    {q}:meta
--       13 events     STREAM  {q}:events
-- ARGV  1 base; 2 completed, failed or cancelled; 3 age ms; 4 how many at most, up to 1,000
-- REPLY how many were removed
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  clock, layout, events, wake, deadline, tries, unique, lanes, pools, tags, children,
--       columns, numbered, call
local function clean(keys, args)
  local q = {
    completed = keys[1], failed = keys[2], jobs = keys[3], priority = keys[4],
    attempts = keys[5], stalls = keys[6], misses = keys[7], progress = keys[8],
    listed = keys[9], uniques = keys[10], outcomes = keys[11], meta = keys[12],
    events = keys[13], base = args[1],
  }
  local set, age, most = args[1] .. args[2], tonumber(args[3]), tonumber(args[4])
  local meta = redis.call('HMGET', q.meta, 'layout', 'events')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local before = string.format('%.0f', clock_now() - age)
  local ids = redis.call('ZRANGEBYSCORE', set, '-inf', before, 'LIMIT', 0, most)
  if #ids > 0 then
    redis.call('ZREM', set, unpack(ids))
    columns_purge(q, ids)
    events_add(q.events, meta[2], 'removed', ids)
  end
  return #ids
end
