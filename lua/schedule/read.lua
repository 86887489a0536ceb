--- read: all that is known of schedules.
--
-- KEYS  1 schedules HASH    {q}:schedules
--       2 ticks     ZSET    {q}:ticks
--       3 fired     HASH    {q}:fired
--       4 marks     HASH    {q}:marks
--       5 owners    HASH    {q}:owners
-- ARGV  1… ids
-- REPLY now ms; then for each of the first ids, as many as fit: its rule, next tick in ms, `fired`,
--       marks and owner, each or false
-- ERR   none
-- USES  clock
local function read(keys, args)
  local now, ticks = clock_now(), redis.call('ZMSCORE', keys[2], unpack(args))
  local columns, reply, bytes = {}, { now }, 0
  for i = 3, 5 do
    columns[i] = redis.call('HMGET', keys[i], unpack(args))
  end
  for i, id in ipairs(args) do
    if bytes > 1048576 then break end
    local at, rule = #reply, redis.call('HGET', keys[1], id)
    reply[at + 1], reply[at + 2] = rule, ticks[i]
    reply[at + 3], reply[at + 4], reply[at + 5] = columns[3][i], columns[4][i], columns[5][i]
    bytes = bytes + #(rule or '')
  end
  return reply
end
