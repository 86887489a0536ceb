--- remove: forget a schedule. Its jobs stay.
--
-- KEYS  1 schedules HASH    {q}:schedules
--       2 ticks     ZSET    {q}:ticks
--       3 fired     HASH    {q}:fired
--       4 marks     HASH    {q}:marks
--       5 owners    HASH    {q}:owners
--       6 meta      HASH    {q}:meta
-- ARGV  1 id
-- REPLY 1, or 0 if there was none
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, ticks, numbered, call
local function remove(keys, args)
  local schedules, ticks, meta, id = keys[1], keys[2], keys[6], args[1]
  local refusal = layout_check(meta)
  if refusal then
    return refusal
  end
  local removed = redis.call('HDEL', schedules, id)
  redis.call('ZREM', ticks, id)
  for i = 3, 5 do
    redis.call('HDEL', keys[i], id)
  end
  if removed == 1 then ticks_note(meta, ticks) end
  return removed
end
