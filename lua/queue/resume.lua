--- resume: let workers fetch again.
--
-- KEYS  1  meta       HASH    {q}:meta
--       2  events     STREAM  {q}:events
--       3  waiting    ZSET    {q}:waiting
--       4  delayed    ZSET    {q}:delayed
--       5  wake       LIST    {q}:wake
-- ARGV  none
-- REPLY 1, or 0 if it was not paused
-- ERR   LAYOUT, NOQUEUE
-- CALL  once: see lib/call.lua
-- USES  layout, known, events, wake, numbered, call
local function resume(keys)
  local meta, events, waiting, delayed, wake = keys[1], keys[2], keys[3], keys[4], keys[5]
  local found = redis.call('HMGET', meta, 'layout', 'events', 'paused')
  local refusal = known_refusal(found[1])
  if refusal then
    return refusal
  end
  if not found[3] then
    return 0
  end
  redis.call('HDEL', meta, 'paused')
  events_add(events, found[2], 'resumed', { '' })
  -- Jobs that were added meanwhile woke nobody, nor does any worker know when they are due.
  if redis.call('EXISTS', waiting, delayed) > 0 then
    wake_one(wake)
  end
  return 1
end
