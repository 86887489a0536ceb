--- edit: replace the record of a job that is not active.
--
-- KEYS  1 waiting    ZSET  {q}:waiting
--       2 delayed    ZSET  {q}:delayed
--       3 completed  ZSET  {q}:completed
--       4 failed     ZSET  {q}:failed
--       5 workers    ZSET  {q}:workers
--       6 jobs       HASH  {q}:jobs
--       7 meta       HASH  {q}:meta
--       8 events     STREAM  {q}:events
-- ARGV  1 base   2 id   3 its record as the caller knows it   4 its new record   5 '1' unless one that
--       has ended may be edited
-- REPLY 1, or 0 if the record has changed meanwhile
-- ERR   LAYOUT, NOTFOUND, WRONGSTATE
-- CALL  once: see lib/call.lua
-- USES  layout, events, key, group_of, state, size, numbered, call
local function edit(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4], workers = keys[5],
    base = args[1],
  }
  local jobs, id = keys[6], args[2]
  local meta = redis.call('HMGET', keys[7], 'layout', 'events', 'largest')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local state = state_of(q, id)
  local waits = state == 'waiting' or state == 'delayed'
  if not state or state == 'active' or (args[5] == '1' and not waits) then
    return state_refusal(q, id)
  end
  if redis.call('HGET', jobs, id) ~= args[3] then
    return 0
  end
  q.jobs, q.meta = jobs, keys[7]
  size_note(q.meta, meta[3], #args[4])
  if group_of_any(q) then
    local of, since = group_of_ids(q, { id })
    group_of_keep(q, id, of[1], since[1], args[4])
  end
  redis.call('HSET', jobs, id, args[4])
  events_add(keys[8], meta[2], 'replaced', { id })
  return 1
end
