--- drain: remove jobs that wait, and if asked delayed ones, up to 1,000 a call.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
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
-- ARGV  1 base; 2 '1' to remove delayed jobs too
-- REPLY how many were removed; 0: done
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, events, wake, clock, deadline, tries, unique, lanes, key, group_of, groups, pools,
--       tags, children, columns, outbox, callers, removal, numbered, call
local function drain(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], jobs = keys[3], priority = keys[4],
    attempts = keys[5], stalls = keys[6], misses = keys[7], progress = keys[8],
    listed = keys[9], uniques = keys[10], outcomes = keys[11], meta = keys[12],
    events = keys[13], base = args[1],
  }
  local meta = redis.call('HMGET', q.meta, 'layout', 'events')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local set = q.waiting
  local ids = redis.call('ZRANGE', set, 0, 999)
  if #ids == 0 and args[2] == '1' then
    set = q.delayed
    ids = redis.call('ZRANGE', set, 0, 999)
  end
  if #ids > 0 then
    if set == q.waiting then groups_yield(q, ids) end
    redis.call('ZREM', set, unpack(ids))
    removal_finish(q, ids, meta[2], 'removed')
  end
  return #ids
end
