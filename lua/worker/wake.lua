--- wake: put the token back, for a worker that took it and has no free slot.
--
-- KEYS  1 waiting  ZSET  {q}:waiting
--       2 wake     LIST  {q}:wake
-- ARGV  none
-- REPLY 1 if a job waits and the token was put back, else 0
-- ERR   none
-- USES  wake
local function wake(keys)
  local waiting, token = keys[1], keys[2]
  if redis.call('EXISTS', waiting) == 0 then
    return 0
  end
  wake_one(token)
  return 1
end
