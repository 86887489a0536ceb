-- lanes: waiting jobs that some workers can't start now, by what limits them (a handler's name).
-- {q}:lane_of is id → lane, {q}:lane:<lane> orders a lane's jobs by rank, {q}:lanes is lane → the
-- rank of its first job. In `waiting` such a job has its rank less 2^53: so all of them stand below
-- 0, before the others and in order, and a fetch can step over them.

local LANES_BELOW = 9007199254740992

-- What scores of {q}:groups have from here on, of groups that are held: see lib/group_limits.lua. And
-- the score of one that has no room for more jobs.
local LANES_HELD, LANES_FULL = '2251799813685248', 3377699720527872

-- The rank of a job in a lane, as `waiting` has it.
local function lanes_below(rank)
  return string.format('%.0f', rank - LANES_BELOW)
end

-- A job's rank, from its score in `waiting`.
local function lanes_rank(score)
  return score < 0 and score + LANES_BELOW or score
end

-- Notes which job of a lane is the first now. No fetch looks into the lane of a key, '\1<key>': see
-- lib/keyed.lua.
local function lanes_head(base, lane)
  local head = redis.call('ZRANGE', base .. 'lane:' .. lane, 0, 0, 'WITHSCORES')
  local heads = base .. 'lanes'
  if string.byte(lane) == 1 then heads, lane = base .. 'keys:blocked', string.sub(lane, 2) end
  if head[1] then
    redis.call('ZADD', heads, head[2], lane)
  else
    redis.call('ZREM', heads, lane)
  end
end

-- Puts jobs into lanes. members: lane → a flat list of ranks and ids.
local function lanes_put(q, members)
  for lane, list in pairs(members) do
    local below, of = {}, {}
    for i = 1, #list, 2 do
      below[i], below[i + 1] = lanes_below(list[i]), list[i + 1]
      of[i], of[i + 1] = list[i + 1], lane
    end
    redis.call('ZADD', q.base .. 'lane:' .. lane, unpack(list))
    redis.call('HSET', q.base .. 'lane_of', unpack(of))
    lanes_head(q.base, lane)
    redis.call('ZADD', q.waiting, unpack(below))
  end
end

-- Takes jobs out of the sets of their groups, as they leave `waiting`: see lib/groups.lua. All jobs that
-- are in one have their group in {q}:group_of.
local function lanes_leave_groups(base, ids, first, last)
  local members = {}
  for i, text in ipairs(redis.call('HMGET', base .. 'group_of', unpack(ids, first, last))) do
    local group = text and string.match(text, ' (.*)$')
    if group then
      members[group] = members[group] or {}
      table.insert(members[group], ids[first + i - 1])
    end
  end
  for group, list in pairs(members) do
    local set = base .. 'waiting:' .. group
    if redis.call('ZREM', set, unpack(list)) > 0 and redis.call('EXISTS', set) == 0 then
      -- Its next turn is no sooner, should it come back.
      local pass = redis.call('ZSCORE', base .. 'groups', group)
      if tonumber(pass) < tonumber(LANES_HELD) then
        redis.call('ZADD', base .. 'passes', pass, group)
      end
      redis.call('ZREM', base .. 'groups', group)
    end
  end
end

-- Takes jobs out of their lanes.
local function lanes_leave_lanes(base, ids, first, last)
  local members = {}
  for i, lane in ipairs(redis.call('HMGET', base .. 'lane_of', unpack(ids, first, last))) do
    if lane then
      members[lane] = members[lane] or {}
      table.insert(members[lane], ids[first + i - 1])
    end
  end
  for lane, list in pairs(members) do
    redis.call('ZREM', base .. 'lane:' .. lane, unpack(list))
    redis.call('HDEL', base .. 'lane_of', unpack(list))
    lanes_head(base, lane)
  end
end

-- Takes jobs out of the sets in which they stand apart, as they leave `waiting`.
local function lanes_leave(base, ids, first, last)
  first = first or 1
  local found = redis.call('EXISTS', base .. 'lane_of', base .. 'groups')
  if found > 0 and redis.call('EXISTS', base .. 'groups') == 1 then
    lanes_leave_groups(base, ids, first, last)
    found = found - 1
  end
  if found > 0 then lanes_leave_lanes(base, ids, first, last) end
end

-- Jobs hold no room of their keys any more. Answers whether others wait for that.
local function lanes_free_keys(base, ids, first, last)
  local freed, set = false, base .. 'keys:'
  for i, text in ipairs(redis.call('HMGET', base .. 'keys_of', unpack(ids, first, last))) do
    for key in string.gmatch(text or '', '%d+ ([^\n]*)') do
      local member = key .. '\n' .. ids[(first or 1) + i - 1]
      if redis.call('ZREM', set .. 'active', member) + redis.call('ZREM', set .. 'back', member) > 0
        and redis.call('ZSCORE', set .. 'blocked', key) then
        lanes_head(base, '\1' .. key)
        freed = true
      end
    end
  end
  return freed
end

-- Jobs hold no room of their groups and keys any more. Those of groups in order do if they only wait
-- (keeps: 1), or fail for good and stop their group (keeps: 2); see lib/group_limits.lua. Answers whether
-- a group or a key has room that it lacked.
local function lanes_free(base, ids, first, last, keeps)
  local freed, groups, active = false, base .. 'groups', base .. 'groups:active'
  if redis.call('EXISTS', base .. 'keys:active', base .. 'keys:back') > 0 then
    freed = lanes_free_keys(base, ids, first, last)
  end
  if redis.call('EXISTS', active) == 0 then
    return freed
  end
  for i, text in ipairs(redis.call('HMGET', base .. 'group_of', unpack(ids, first, last))) do
    local group, order = text and string.match(text, ' (.*)$'), 0
    if group and keeps then
      local own, all = unpack(redis.call('HMGET', base .. 'group_limits', group, ''))
      order = string.match(own or '', 'o(%d)') or string.match(all or '', 'o(%d)') or 0
    end
    if group and (not keeps or tonumber(order) < keeps)
      and redis.call('ZREM', active, group .. '\n' .. ids[(first or 1) + i - 1]) == 1
      and tonumber(redis.call('ZSCORE', groups, group) or 0) == LANES_FULL then
      redis.call('ZADD', groups, LANES_HELD, group)
      freed = true
    end
  end
  return freed
end
