--- begin: claim a key for one run of an effect, keep the claim, or read the recorded result.
--
-- A claim is '?' and its token; a recorded result is '=' and the bytes. Both expire.
--
-- KEYS  1 meta    HASH    {q}:meta
--       2… once   STRING  {q}:once:<key>
-- ARGV  1 token   2 the lifetime of the claim in ms
-- REPLY {0} if this token has the claim; {1, ms} if another has it, for that time yet; {2, bytes}
--       if a result is recorded
-- ERR   LAYOUT
-- USES  layout, hold
local function begin(keys, args)
  local meta, once = keys[1], keys[2]
  local claim, hold = '?' .. args[1], args[2]
  local refusal = layout_check(meta)
  if refusal then
    return refusal
  end
  local found = redis.call('GET', once)
  if not found then
    redis.call('SET', once, claim, 'PX', hold)
    return { 0 }
  end
  if found == claim then
    redis.call('PEXPIRE', once, hold)
    return { 0 }
  end
  if string.sub(found, 1, 1) == '=' then
    return { 2, string.sub(found, 2) }
  end
  return { 1, hold_left(once, hold) }
end
