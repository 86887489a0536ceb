--- register_source: tell a queue that effects of another queue will arrive.
--
-- Then its workers check that queue's outbox, even before the first effect arrives.
--
-- KEYS  1 sources  HASH  {q}:sources
--       2 meta     HASH  {q}:meta
-- ARGV  1 source
-- REPLY 1 if it was new, else 0
-- ERR   LAYOUT
-- USES  layout
local function register_source(keys, args)
  local sources, meta = keys[1], keys[2]
  local found = redis.call('HGET', meta, 'layout')
  local refusal = layout_refusal(found)
  if refusal then
    return refusal
  end
  -- No write if it is known already: then workers can start on a full Redis.
  if redis.call('HEXISTS', sources, args[1]) == 1 then
    return 0
  end
  layout_mark(meta, found)
  return redis.call('HSET', sources, args[1], '0-0')
end
