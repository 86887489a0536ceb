--- resume: let workers fetch again.
--
-- KEYS  1  meta       HASH    {q}:meta
--       2  events     STREAM  {q}:events
--       3  waiting    ZSET    {q}:waiting
--       4  wake       LIST    {q}:wake
-- ARGV  none
-- REPLY 1, or 0 if it was not paused
-- ERR   LAYOUT
-- USES  layout, events, wake
local function resume(keys)
  local meta, events, waiting, wake = keys[1], keys[2], keys[3], keys[4]
  local found = redis.call('HMGET', meta, 'layout', 'events', 'paused')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  if not found[3] then
    return 0
  end
  redis.call('HDEL', meta, 'paused')
  events_add(events, found[2], 'resumed', { '' })
  if redis.call('EXISTS', waiting) == 1 then
    wake_one(wake)
  end
  return 1
end
