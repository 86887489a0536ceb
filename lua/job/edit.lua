--- edit: replace the record of a job that is not active.
--
-- KEYS  1 waiting    ZSET  {q}:waiting
--       2 delayed    ZSET  {q}:delayed
--       3 completed  ZSET  {q}:completed
--       4 failed     ZSET  {q}:failed
--       5 workers    ZSET  {q}:workers
--       6 jobs       HASH  {q}:jobs
--       7 meta       HASH  {q}:meta
-- ARGV  1 base   2 id   3 its record as the caller knows it   4 its new record
-- REPLY 1, or 0 if the record has changed meanwhile
-- ERR   LAYOUT, NOTFOUND, WRONGSTATE
-- CALL  once: see lib/call.lua
-- USES  layout, state, size, numbered, call
local function edit(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4], workers = keys[5],
    base = args[1],
  }
  local jobs, id = keys[6], args[2]
  local refusal = layout_check(keys[7])
  if refusal then
    return refusal
  end
  local state = state_of(q, id)
  if not state or state == 'active' then
    return state_refusal(q, id)
  end
  if redis.call('HGET', jobs, id) ~= args[3] then
    return 0
  end
  size_note(keys[7], redis.call('HGET', keys[7], 'largest'), #args[4])
  redis.call('HSET', jobs, id, args[4])
  return 1
end
