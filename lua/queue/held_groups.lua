--- held_groups: the groups of which no job may start now, though some wait; see lib/group_limits.lua.
--
-- KEYS  1 meta  HASH  {q}:meta
-- ARGV  1 base; 2 how many at most, up to 1,000
-- REPLY for each: its name, until when in ms since the epoch, how many of its jobs wait in its set, and
--       the first of its jobs that hold its room, or false. Until when is -1 for a group that has no room,
--       and -2 for one that is paused.
-- ERR   LAYOUT
-- USES  clock, layout, lanes
local function held_groups(keys, args)
  local base, refusal = args[1], layout_check(keys[1])
  if refusal then
    return refusal
  end
  local now, reply = clock_now(), {}
  local held = redis.call('ZRANGEBYSCORE', base .. 'groups', string.format('(%.0f', LANES_HELD + now),
    '+inf', 'WITHSCORES', 'LIMIT', 0, args[2])
  for i = 1, #held, 2 do
    local group, till = held[i], held[i + 1] - LANES_HELD
    local by = redis.call('ZRANGEBYLEX', base .. 'groups:active', '[' .. group .. '\n',
      '(' .. group .. '\11', 'LIMIT', 0, 1)[1]
    if held[i + 1] + 0 >= LANES_FULL then till = held[i + 1] + 0 == LANES_FULL and -1 or -2 end
    reply[#reply + 1], reply[#reply + 2] = group, till
    reply[#reply + 1] = redis.call('ZCARD', base .. 'waiting:' .. group)
    reply[#reply + 1] = by and string.sub(by, #group + 2) or false
  end
  return reply
end
