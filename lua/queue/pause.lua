--- pause: stop fetching for all workers.
--
-- KEYS  1  meta       HASH    {q}:meta
--       2  events     STREAM  {q}:events
-- ARGV  none
-- REPLY 1, or 0 if it was paused already
-- ERR   LAYOUT, NOQUEUE
-- CALL  once: see lib/call.lua
-- USES  layout, known, events, numbered, call
local function pause(keys)
  local meta, events = keys[1], keys[2]
  local found = redis.call('HMGET', meta, 'layout', 'events', 'paused')
  local refusal = known_refusal(found[1])
  if refusal then
    return refusal
  end
  if found[3] then
    return 0
  end
  -- A full Redis refuses a script whose first write may grow.
  redis.call('HDEL', meta, 'paused')
  redis.call('HSET', meta, 'paused', '1')
  events_add(events, found[2], 'paused', { '' })
  return 1
end
