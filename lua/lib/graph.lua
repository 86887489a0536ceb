-- graph: the groups of a flow, and which of them wait for which. The text of a group: `<members>
-- <policy> <priority> <delay ms or -> <ttl ms or -> <tags or -> <queue> <dependents> <needs>`, the
-- last two lists of groups with commas, or '-'; behind a need stands what of it is an input, which
-- scripts don't read. The policy says what becomes of the dependents if a member fails: 'f'
-- they fail, 'i' it counts for nothing, 'c' they run and see it, 'd' they run at once and decide.

-- The queue of a group that is a flow is '=' and its key; that of copies of a message is '*' and the
-- queue of each member, with commas.

-- How many dependents or needs one piece of work looks at.
local GRAPH_STEP = 50

local function graph_group(w, name)
  local text = redis.call('HGET', w.name .. ':groups', name)
  if not text then
    return nil
  end
  local members, policy, priority, delay, wait, queue, dependents, needs =
    string.match(text, '^(%d+) (%a) (%S+) (%S+) (%S+ %S+) (%S+) (%S+) (%S+)$')
  local group = {
    name = name, members = tonumber(members), policy = policy, priority = priority,
    delay = tonumber(delay), wait = wait, queue = queue, dependents = dependents, needs = needs,
    flow = string.match(queue, '^=(.*)$'),
  }
  if string.byte(queue) == 42 then
    group.queues = {}
    for each in string.gmatch(string.sub(queue, 2), '[^,]+') do
      table.insert(group.queues, each)
    end
  end
  return group
end

-- The queue of a group's member.
local function graph_queue(group, member)
  if group.queues then return group.queues[tonumber(string.match(member, '%d+$')) + 1] end
  return group.queue
end

-- Calls `each` for some groups of a list, from a place in its text on. Answers for how many, and where
-- to go on; nil at its end.
local function graph_some(list, place, each)
  for i = 1, GRAPH_STEP do
    local first, last = string.find(list, '%d+', place)
    if not first then return i, nil end
    each(string.sub(list, first, last))
    place = last + 1
  end
  return GRAPH_STEP, (string.find(list, '%d', place))
end

-- Whether a group runs, has run or never will: nothing moves it any more.
local function graph_is_settled(w, name)
  return redis.call('HEXISTS', w.name .. ':sent', name) == 1
    or redis.call('HEXISTS', w.name .. ':over', name) == 1
end

-- Dependents of a group whose members have all ended wait for it no more.
local function graph_free(w, group, place)
  return graph_some(group.dependents, place, function(name)
    if redis.call('HINCRBY', w.name .. ':waits', name, -1) == 0 and not graph_is_settled(w, name) then
      flow_work(w, 's ' .. name)
    end
  end)
end

-- All members of a group have ended, this one as the last.
local function graph_done(w, group, member)
  redis.call('HSET', w.name .. ':done', group.name, string.format('%.0f', w.now) .. ' ' .. (member or '-'))
  if group.dependents ~= '-' then flow_work(w, 'd ' .. group.name .. ' 1') end
end

-- A member of the group, or all of it, has failed or was cancelled, by `cause`: what its policy says
-- follows.
local function graph_blame(w, group, cause, n)
  if group.policy == 'i' then
    redis.call('HINCRBY', w.name, 'ignored', n)
    return
  end
  flow_note(w, 'cause', cause)
  if group.dependents == '-' then
    return
  elseif group.policy == 'f' then
    flow_work(w, 'f ' .. group.name .. ' 1 ' .. cause)
  elseif group.policy == 'd' then
    flow_work(w, 'r ' .. group.name .. ' 1')
  end
end

-- A member of the group has failed for good.
local function graph_death(w, group)
  if group.policy ~= 'i' then flow_follow(w, 'death') end
end

-- Members from `first` on end without a job: kind 4, a need has failed; 5, nobody needs them. A group
-- without members ends with that too: what waits for it goes on. Answers how many.
local function graph_over(w, group, first, kind, cause)
  local kept = tonumber(redis.call('HGET', w.name .. ':kept', group.name) or 0)
  local n = group.members - first - kept
  redis.call('HSET', w.name .. ':over', group.name, table.concat({ first, kind, cause, n }, ' '))
  if n > 0 then
    flow_count(w, kind == 4 and 'failed' or 'cancelled', n)
    flow_event(w, 'node_skipped', w.key .. '.' .. group.name .. '.' .. first .. '@')
    if kind == 4 then graph_death(w, group) end
  end
  if group.name == w.root then
    flow_fail(w, cause, group.policy)
    flow_say(w)
  end
  -- Lua would write a negative nothing as '-0'.
  if n == 0 or redis.call('HINCRBY', w.name .. ':left', group.name, -n) == 0 then
    graph_done(w, group)
  end
  return n
end

-- A group whose need has failed fails too, and so on. What only it needed isn't begun any more.
local function graph_fail(w, name, cause)
  local group = graph_group(w, name)
  if not group or graph_is_settled(w, name) then
    return
  end
  graph_blame(w, group, cause, graph_over(w, group, 0, 4, cause))
  if group.needs ~= '-' then flow_work(w, 'n ' .. name .. ' 1 ' .. cause) end
end

-- Whether anybody still waits for a group.
local function graph_is_needed(w, group)
  local needed = group.name == w.root
  local _, place = graph_some(group.dependents, 1, function(name)
    needed = needed or redis.call('HEXISTS', w.name .. ':over', name) == 0
  end)
  -- Of those with more dependents it isn't known, and they run.
  return needed or place ~= nil
end

-- What of a group hasn't begun is dropped. `how` is '-', or '+' if what runs is to end as well.
local function graph_drop(w, group, cause, how)
  local over = redis.call('HEXISTS', w.name .. ':over', group.name) == 1
  if over and how == '-' then
    return
  end
  local sent = tonumber(redis.call('HGET', w.name .. ':sent', group.name) or -1)
  if sent < group.members and not over then graph_over(w, group, math.max(0, sent), 5, cause) end
  if sent >= 0 then
    flow_work(w, 'x ' .. group.name .. ' 0 ' .. how)
  elseif group.needs ~= '-' then
    flow_work(w, 'n ' .. group.name .. ' 1 ' .. cause)
  end
end
