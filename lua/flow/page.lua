--- page: some flows of a home, in no order.
--
-- KEYS  1 flows  HASH   {q}:flows
-- ARGV  1 base   2 cursor, '0' for the first page
-- REPLY the next cursor, '0' after the last page; then of each its key, and its fields as home_fields
--       answers them. One may come twice
-- ERR   none
-- USES  ticks, home
local function page(keys, args)
  local found = redis.call('HSCAN', keys[1], args[2], 'COUNT', 100)
  local reply = { found[1] }
  for i = 2, #found[2], 2 do
    local fields = home_fields(home_flow(args[1], found[2][i]))
    -- The time of others is up.
    if fields then reply[#reply + 1], reply[#reply + 2] = found[2][i], fields end
  end
  return reply
end
