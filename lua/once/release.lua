--- release: give up a claim, since its effect failed.
--
-- KEYS  1 meta    HASH    {q}:meta
--       2… once   STRING  {q}:once:<key>
-- ARGV  1 token
-- REPLY 1, or 0 if this token no longer had the claim
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
