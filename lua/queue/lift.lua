--- lift: end a throttle before its time.
--
-- KEYS  1 meta     HASH  {q}:meta
--       2 waiting  ZSET  {q}:waiting
--       3 wake     LIST  {q}:wake
-- ARGV  none
-- REPLY 1, or 0 if the queue was not throttled
-- ERR   LAYOUT, NOQUEUE
-- CALL  once: see lib/call.lua
-- USES  clock, layout, known, throttle, wake, soon, numbered, call
local function lift(keys)
  local meta, waiting, wake = keys[1], keys[2], keys[3]
  local found = redis.call('HMGET', meta, 'layout', 'throttled_until', 'throttled_from')
  local refusal = known_refusal(found[1])
  if refusal then
    return refusal
  end
  local now = clock_now()
  local till = throttle_until({ throttled_until = found[2], throttled_from = found[3] }, now)
  -- Nobody has the turn any more: a worker that would have looked at the end of the throttle.
  redis.call('HDEL', meta, 'throttled_until', 'throttled_from', 'turn')
  if till and soon_any(waiting, string.sub(meta, 1, -5), now) then wake_one(wake) end
  return till and 1 or 0
end
