-- flowing: what is to be done for flows, in pieces of bounded size, so that no call takes long
-- however large a flow is. The ZSET {q}:flowing has the keys of the flows that have any, by when they
-- had their last turn. As long as it has one, the outbox has an entry: so whoever relays that comes
-- back for the rest.
--
-- b <group>                 the groups from this one on that wait for nothing are sent
-- h <group>                 flows that are groups from this one on lapse no more
-- s <group>                 its next members are sent
-- a <member>                it is sent again
-- d <group> <place>         its dependents wait for it no more
-- f <group> <place> <cause> its dependents fail
-- r <group> <place>         its dependents run at once
-- n <group> <place> <cause> its needs are dropped, if nobody else needs them
-- k <group> <how> <cause>   all groups from this one on are dropped
-- o <member> <kind>         the flow that it is has ended
-- q <place> <ms or ->       flows within this one, which has ended, expire; '-': it runs again
-- x <group> <number> <how>  its jobs from this member on are cancelled, if they have been sent
-- l 0                       the job that waits for it has ended
-- v <group> <place> <from>  the flow is to run again: see lib/revival.lua

-- How much of it one call does: entries that it writes, and groups that it looks at.
local FLOWING_MOST = 500

-- Puts a piece of work back whose place is `place`, if there is more of it.
local function flowing_more(w, kind, name, place, rest)
  if place then flow_work(w, kind .. ' ' .. name .. ' ' .. place .. rest) end
end

-- A staged flow that is a node of a started one doesn't lapse any more, nor do the flows within it.
local function flowing_keep(w, key)
  redis.call('RPUSH', w.name .. ':inner', key)
  flow_expire(w.base, key, '-', w.now)
  local inner = flow_open(w.base, key, w.now)
  if inner then flow_work(inner, 'h 0') end
end

-- Calls `each` for some groups from one on, with what a hash of the flow has of them. The rest is work of
-- this kind.
local function flowing_groups(w, kind, name, part, each)
  local names, groups = {}, tonumber(redis.call('HGET', w.name, 'groups'))
  local last = math.min(tonumber(name) + GRAPH_STEP, groups) - 1
  for i = tonumber(name), last do
    names[#names + 1] = i
  end
  if #names == 0 then
    return
  end
  for i, value in ipairs(redis.call('HMGET', w.name .. part, unpack(names))) do
    each(names[i], value)
  end
  if last + 1 < groups then flow_work(w, kind .. ' ' .. last + 1) end
  return #names
end

local function flowing_hold(w, name)
  return flowing_groups(w, 'h', name, ':groups', function(_, text)
    local inner = string.match(text, ' =(%w+) ')
    if inner then flowing_keep(w, inner) end
  end)
end

local function flowing_begin(w, name)
  return flowing_groups(w, 'b', name, ':waits', function(group, waits)
    if not waits then flow_work(w, 's ' .. group) end
  end)
end

local function flowing_send(w, name, _, _, most)
  local group = graph_group(w, name)
  if group.members == 0 then
    nodes_none(w, group)
    return
  end
  local sent, more = nodes_send(w, group, most)
  if more then flow_work(w, 's ' .. name) end
  return sent
end

local function flowing_free(w, name, place)
  local looked, next_place = graph_free(w, graph_group(w, name), tonumber(place))
  flowing_more(w, 'd', name, next_place, '')
  return looked
end

-- Calls `each` for some dependents of a group.
local function flowing_dependents(w, kind, name, place, rest, each)
  local group = graph_group(w, name)
  local looked, next_place = graph_some(group.dependents, tonumber(place), each)
  flowing_more(w, kind, name, next_place, rest)
  return looked
end

local function flowing_let_go(w, name, place)
  return flowing_dependents(w, 'r', name, place, '', function(other)
    if not graph_is_settled(w, other) then
      -- Never 0 by counting down any more.
      redis.call('HSET', w.name .. ':waits', other, -1)
      flow_work(w, 's ' .. other)
    end
  end)
end

local function flowing_needs(w, name, place, cause)
  local needs = graph_group(w, name).needs
  local looked, next_place = graph_some(needs, tonumber(place), function(other)
    local group = graph_group(w, other)
    if not graph_is_needed(w, group) then graph_drop(w, group, cause, '-') end
  end)
  flowing_more(w, 'n', name, next_place, ' ' .. cause)
  return looked
end

local function flowing_drop(w, name, how, cause)
  local groups = tonumber(redis.call('HGET', w.name, 'groups'))
  local last = math.min(tonumber(name) + GRAPH_STEP, groups) - 1
  for i = tonumber(name), last do
    graph_drop(w, graph_group(w, tostring(i)), cause, how)
  end
  if last + 1 < groups then flow_work(w, 'k ' .. last + 1 .. ' ' .. how .. ' ' .. cause) end
  return GRAPH_STEP
end

-- The flow that is a member has ended.
local function flowing_inner(w, member, kind)
  local again = redis.call('HGET', w.name .. ':again', member)
  nodes_end(w, { member .. (again and '.' .. again or ''), '.' .. string.char(tonumber(kind)) })
  return 1
end

-- Flows within this one expire, or don't any more.
local function flowing_expire(w, place, time)
  local first = tonumber(place)
  local keys = redis.call('LRANGE', w.name .. ':inner', first, first + 9)
  for _, key in ipairs(keys) do
    flow_expire(w.base, key, time, w.now)
    local inner = flow_open(w.base, key, w.now)
    if inner and redis.call('EXISTS', inner.name .. ':inner') == 1 then
      flow_work(inner, 'q 0 ' .. time)
    end
  end
  if #keys == 10 then flow_work(w, 'q ' .. first + 10 .. ' ' .. time) end
  return GRAPH_STEP
end

-- The job that waits for it has ended: what runs is cancelled. If that is gone as well, so does what has
-- ended, after its time.
local function flowing_orphan(w)
  if w.state == 'running' then
    flow_cancel(w)
  elseif w.state ~= 'cancelling' and not flow_job(w) then
    flow_keep(w)
  end
  return 1
end

local FLOWING_DO = {
  b = flowing_begin,
  h = flowing_hold,
  l = flowing_orphan,
  s = flowing_send,
  a = function(w, member)
    nodes_send_again(w, member)
    return 1
  end,
  d = flowing_free,
  f = function(w, name, place, cause)
    return flowing_dependents(w, 'f', name, place, ' ' .. cause, function(other)
      graph_fail(w, other, cause)
    end)
  end,
  o = flowing_inner,
  q = flowing_expire,
  r = flowing_let_go,
  n = flowing_needs,
  k = flowing_drop,
  x = function(w, name, first, how)
    local place = nodes_cancel(w, graph_group(w, name), tonumber(first), how)
    flowing_more(w, 'x', name, place, ' ' .. how)
    return GRAPH_STEP
  end,
  v = revival_piece,
}

-- Does some work of one flow. Answers how much.
local function flowing_some(w, most)
  local done = 0
  while done < most do
    local item = redis.call('LPOP', w.name .. ':work')
    if not item then break end
    local kind, first, second, rest = string.match(item, '^(%a) (%S+) ?(%S*) ?(.*)$')
    done = done + 1 + (FLOWING_DO[kind](w, first, second, rest, most - done) or 0)
  end
  flow_end(w)
  return done
end

-- Does what there is to do for flows, as much as goes into a call.
local function flowing_go(base, now)
  local flowing, outbox, left = base .. 'flowing', base .. 'outbox', FLOWING_MOST
  for _ = 1, FLOWING_MOST do
    local key = left > 0 and redis.call('ZRANGE', flowing, 0, 0)[1]
    if not key then break end
    local w = flow_open(base, key, now)
    -- Each has a tenth of a call before the next has its turn, if there is a next.
    local turn = redis.call('ZCARD', flowing) > 1 and math.min(left, FLOWING_MOST / 10) or left
    left = left - (w and flowing_some(w, turn) or 0) - 1
    if not w or redis.call('EXISTS', w.name .. ':work') == 0 then
      redis.call('ZREM', flowing, key)
    else
      redis.call('ZADD', flowing, string.format('%.3f', now + (FLOWING_MOST - left) / 1000), key)
    end
  end
  if redis.call('EXISTS', flowing) == 1 and redis.call('XLEN', outbox) == 0 then
    outbox_put(base, '', '-', 0, '')
  end
end
