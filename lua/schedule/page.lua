--- page: the ids of some schedules, in no order.
--
-- KEYS  1 schedules HASH    {q}:schedules
-- ARGV  1 cursor, '0' for the first page
-- REPLY the next cursor, '0' after the last page; ids. One may come twice
-- ERR   none
-- USES  none
local function page(keys, args)
  local found = redis.call('HSCAN', keys[1], args[1], 'COUNT', 100)
  local ids = {}
  for i = 1, #found[2], 2 do
    ids[#ids + 1] = found[2][i]
  end
  return { found[1], ids }
end
