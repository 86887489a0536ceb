--- owned: the schedules of an owner.
--
-- KEYS  1 owners    HASH    {q}:owners
-- ARGV  1 owner
-- REPLY ids, in no order
-- ERR   none
-- USES  none
local function owned(keys, args)
  -- Only what code declares has an owner, so these are few.
  local all, ids = redis.call('HGETALL', keys[1]), {}
  for i = 1, #all, 2 do
    if all[i + 1] == args[1] then ids[#ids + 1] = all[i] end
  end
  return ids
end
