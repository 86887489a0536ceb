--- finish: record the result of an effect. The first recorded result counts.
--
-- KEYS  1 meta    HASH    {q}:meta
--       2… once   STRING  {q}:once:<key>
-- ARGV  1 the bytes   2 their lifetime in ms
-- REPLY 1, or 0 if another result was recorded before
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, numbered, call
local function finish(keys, args)
  local meta, once = keys[1], keys[2]
  local refusal = layout_check(meta)
  if refusal then
    return refusal
  end
  local found = redis.call('GET', once)
  if found and string.sub(found, 1, 1) == '=' then
    return 0
  end
  -- The first write can't grow: then a full Redis lets the script go on.
  redis.call('DEL', once)
  redis.call('SET', once, '=' .. args[1], 'PX', args[2])
  return 1
end
