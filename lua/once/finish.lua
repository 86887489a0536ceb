--- finish: record the result of an effect. The first recorded result counts.
--
-- KEYS  1 meta    HASH    {q}:meta
--       2… once   STRING  {q}:once:<key>
-- ARGV  1 the bytes   2 their lifetime in ms
-- REPLY the result that was recorded before, if there is one; else nil
-- ERR   LAYOUT
-- USES  layout
local function finish(keys, args)
  local meta, once = keys[1], keys[2]
  local refusal = layout_check(meta)
  if refusal then
    return refusal
  end
  local found = redis.call('GET', once)
  if found and string.sub(found, 1, 1) == '=' then
    return string.sub(found, 2)
  end
  -- The first write can't grow: then a full Redis lets the script go on.
  redis.call('DEL', once)
  redis.call('SET', once, '=' .. args[1], 'PX', args[2])
  return false
end
