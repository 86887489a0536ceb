--- release: give a claim back, since its effect came to nothing.
--
-- KEYS  1 meta    HASH    {q}:meta
--       2… once   STRING  {q}:once:<key>
-- ARGV  1 token
-- REPLY 1, or 0 if the claim was not this token's any more
-- ERR   LAYOUT
-- USES  layout
local function release(keys, args)
  local meta, once = keys[1], keys[2]
  local refusal = layout_check(meta)
  if refusal then
    return refusal
  end
  if redis.call('GET', once) ~= '?' .. args[1] then
    return 0
  end
  return redis.call('DEL', once)
end
