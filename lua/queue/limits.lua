--- limits: set or clear what a queue allows, at run time.
--
-- KEYS  1  meta       HASH    {q}:meta
--       2  waiting    ZSET    {q}:waiting
--       3  wake       LIST    {q}:wake
-- ARGV  pairs field, value: rate '<interval ms> <burst>', active, max_length, aging ms, events,
--       ttl ms, dead_letter, overflow; '' for none; '-' gives it back to the code
-- REPLY 1
-- ERR   LAYOUT, INVALID
-- USES  layout, wake, number
local function limits(keys, args)
  local meta, waiting, wake = keys[1], keys[2], keys[3]
  local found = redis.call('HGET', meta, 'layout')
  local refusal = layout_refusal(found)
  if refusal then
    return refusal
  end
  for i = 1, #args, 2 do
    refusal = number_refusal(args[i], args[i + 1])
    if refusal then
      return refusal
    end
  end
  -- A full Redis refuses a script whose first write may grow; and it is time for limits, then.
  redis.call('HDEL', meta, args[1])
  layout_mark(meta, found)
  for i = 1, #args, 2 do
    local field, value = args[i], args[i + 1]
    if value == '-' then
      redis.call('HDEL', meta, field, field .. '_by')
    elseif value == '' then
      -- None is a decision, too: workers don't bring back what their code says.
      redis.call('HDEL', meta, field)
      redis.call('HSET', meta, field .. '_by', 'operator')
    else
      redis.call('HSET', meta, field, value, field .. '_by', 'operator')
    end
    if field == 'rate' then
      redis.call('HDEL', meta, 'tat', 'turn')
    end
  end
  if redis.call('EXISTS', waiting) == 1 then
    wake_one(wake)
  end
  return 1
end
