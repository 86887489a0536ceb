--- over: which of some jobs have ended or are gone, without their details.
--
-- KEYS  1 jobs      HASH  {q}:jobs
--       2 completed ZSET  {q}:completed
--       3 failed    ZSET  {q}:failed
-- ARGV  1… ids, up to 1,000
-- REPLY the index of each that has ended or doesn't exist, counted from 1
-- ERR   none
-- USES  none
local function over(keys, args)
  local completed = redis.call('ZMSCORE', keys[2], unpack(args))
  local failed = redis.call('ZMSCORE', keys[3], unpack(args))
  local cancelled = redis.call('ZMSCORE', string.sub(keys[1], 1, -5) .. 'cancelled', unpack(args))
  local found = {}
  for i, id in ipairs(args) do
    if completed[i] or failed[i] or cancelled[i] or redis.call('HEXISTS', keys[1], id) == 0 then
      found[#found + 1] = i
    end
  end
  return found
end
