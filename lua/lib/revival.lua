-- revival: a flow that has ended runs again. Its groups are looked at in their order, so each after
-- those that it needs, in pieces of work that stand before all other: nothing is sent and nothing ends
-- meanwhile. Until they are done the flow counts one node more, so that it doesn't end.
--
-- v <group> n<place> <from>   its needs from this place in their list on are looked at
-- v <group> m<number> <from>  its members from this one on
--
-- What didn't complete runs again. `from` is a member that does as well, or a group and '*' for all of
-- its members; '-' for none, and '*' for all there are. With a `from`, so does all that comes after
-- something that runs again.

-- How many members one piece looks at, if their outcomes are small.
local REVIVAL_STEP = 200

local function revival_next(w, name, place, from)
  redis.call('LPUSH', w.name .. ':work', 'v ' .. name .. ' ' .. place .. ' ' .. from)
end

-- Whether those that need a group have to wait for it.
local function revival_is_open(w, name)
  return redis.call('HGET', w.name .. ':left', name) ~= '0' or not graph_is_settled(w, name)
end

-- Counts for which of its needs a group has to wait. Answers the place to go on at.
local function revival_needs(w, group, place)
  local open = 0
  if place == 1 then redis.call('HDEL', w.name .. ':waits', group.name) end
  local _, next_place = graph_some(group.needs, place, function(name)
    if revival_is_open(w, name) then open = open + 1 end
  end)
  if open > 0 then redis.call('HINCRBY', w.name .. ':waits', group.name, open) end
  return next_place
end

-- Members that had a job get another.
local function revival_again(w, members, numbers)
  if #members == 0 then
    return
  end
  local again = {}
  for i, member in ipairs(members) do
    again[2 * i - 1], again[2 * i] = member, (tonumber(numbers[i]) or 0) + 1
  end
  redis.call('HDEL', w.name .. ':outcomes', unpack(members))
  redis.call('HSET', w.name .. ':again', unpack(again))
end

-- Some members of a group are to run again: all that didn't complete, or all.
local function revival_members(w, group, first, from)
  local step = math.max(1, math.floor(REVIVAL_STEP / w.read_cost))
  local asked, members, last = {}, {}, math.min(first + step, group.members) - 1
  for i = first, last do
    asked[#asked + 1] = group.name .. '.' .. i
  end
  if #asked == 0 then
    return
  end
  local whole = from == '*' or from == group.name .. '*'
    or (from ~= '-' and redis.call('HEXISTS', w.name .. ':waits', group.name) == 1)
  local over = string.match(redis.call('HGET', w.name .. ':over', group.name) or '', '^%d+ (%d)')
  local numbers, known, kept = {}, redis.call('HMGET', w.name .. ':again', unpack(asked)), 0
  local counts, blamed = { completed = 0, failed = 0, cancelled = 0 }, 0
  for i, outcome in ipairs(redis.call('HMGET', w.name .. ':outcomes', unpack(asked))) do
    local kind = outcome and nodes_kind(outcome) or (over == '4' and 'failed' or 'cancelled')
    if kind == 'completed' and not whole and asked[i] ~= from then
      kept = kept + 1
    else
      counts[kind] = counts[kind] + 1
      if kind ~= 'completed' and (outcome or over == '4') then blamed = blamed + 1 end
      if outcome then members[#members + 1], numbers[#numbers + 1] = asked[i], known[i] end
    end
  end
  revival_again(w, members, numbers)
  for kind, n in pairs(counts) do
    if n > 0 then
      flow_count(w, kind, -n)
      redis.call('HINCRBY', w.name .. ':left', group.name, n)
    end
  end
  if group.policy == 'i' and blamed > 0 then redis.call('HINCRBY', w.name, 'ignored', -blamed) end
  if kept > 0 then redis.call('HINCRBY', w.name .. ':kept', group.name, kept) end
  return last + 1 < group.members and last + 1 or nil
end

-- All of a group has been looked at.
local function revival_finish(w, group)
  local name, waits = group.name, redis.call('HGET', w.name .. ':waits', group.name)
  local again = redis.call('HGET', w.name .. ':left', name) ~= '0'
  redis.call('HDEL', w.name .. ':bad', name)
  if group.members == 0 then
    again = waits or redis.call('HEXISTS', w.name .. ':over', name) == 1
  end
  if again then
    redis.call('HDEL', w.name .. ':sent', name)
    redis.call('HDEL', w.name .. ':over', name)
    redis.call('HDEL', w.name .. ':done', name)
    if not waits then flow_work(w, 's ' .. name) end
  else
    redis.call('HDEL', w.name .. ':waits', name)
    redis.call('HDEL', w.name .. ':kept', name)
  end
end

-- On to the next group, if there is one.
local function revival_step(w, name, from)
  if tonumber(name) + 1 < tonumber(redis.call('HGET', w.name, 'groups')) then
    revival_next(w, string.format('%d', name + 1), 'n1', from)
  else
    w.left = redis.call('HINCRBY', w.name, 'left', -1)
    redis.call('HDEL', w.name, 'revival')
    flow_say(w)
  end
  return 10
end

-- One piece. Answers how much it was.
local function revival_piece(w, name, place, from)
  local group, kind, at = graph_group(w, name), string.match(place, '^(%a)(%d+)$')
  local next_place
  if place == 'n1' and redis.call('HGET', w.name .. ':left', name) ~= '0' then
    -- It was added since.
    return revival_step(w, name, from)
  end
  if kind == 'n' then
    next_place = revival_needs(w, group, tonumber(at))
    revival_next(w, name, next_place and 'n' .. next_place or 'm0', from)
    return 10
  end
  if at == '0' then redis.call('HDEL', w.name .. ':kept', name) end
  next_place = revival_members(w, group, tonumber(at), from)
  if next_place then
    revival_next(w, name, 'm' .. next_place, from)
    return REVIVAL_STEP / 2
  end
  revival_finish(w, group)
  return revival_step(w, name, from)
end
