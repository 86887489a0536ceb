--- begin: claim a key for one run of an effect, keep the claim, or learn what came of it before.
--
-- A claim is '?' and its token, what was recorded '=' and the bytes. Both lapse by themselves.
--
-- KEYS  1 meta    HASH    {q}:meta
--       2… once   STRING  {q}:once:<key>
-- ARGV  1 token   2 how long the claim holds, ms
-- REPLY {0} if the claim is this token's now; {1, ms} if it is another's for so long yet;
--       {2, bytes} if the effect is recorded
-- ERR   LAYOUT
-- USES  layout
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
  return { 1, redis.call('PTTL', once) }
end
