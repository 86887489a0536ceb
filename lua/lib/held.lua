-- held: groups of which no job may start now: see lib/group_limits.lua.

-- Groups that are held, up to this score, are looked at again: 1,000 in each of so many steps.
local function held_again(base, last, steps)
  local groups = base .. 'groups'
  for _ = 1, steps do
    local held = redis.call('ZRANGEBYSCORE', groups, '(' .. LANES_HELD, last, 'LIMIT', 0, 1000)
    local members = {}
    for i, group in ipairs(held) do
      members[2 * i - 1], members[2 * i] = LANES_HELD, group
    end
    if #held > 0 then redis.call('ZADD', groups, unpack(members)) end
    if #held < 1000 then return end
  end
end
