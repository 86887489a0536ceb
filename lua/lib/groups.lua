-- groups: jobs of several groups take turns, by stride scheduling (Waldspurger and Weihl, 1995). A
-- group's *pass* says when its next turn is, and grows by its *stride* with each; the queue's own is that
-- of the last turn. {q}:passes is group → pass, of the groups whose pass is ahead of the queue's.
--
-- Most jobs of groups have their turn as their score in `waiting`: below -2^53, so before all others,
-- in the order of their passes. Where priorities or settings decide which job of a group is next, its
-- jobs stand *apart*: in a ZSET of its own, {q}:waiting:<group>, by rank, and in `waiting` by their rank
-- less 2^53. Then {q}:groups is group → pass. Turns that jobs of the group have, from before, go to the
-- first of its set.
--
-- Groups with limits stand apart as well, and always: see lib/group_limits.lua. One that may not go now is
-- *held*: its score in {q}:groups is LANES_HELD and until when, in ms.

-- The stride of weight 1, and what stands between a pass and a score.
local GROUPS_STRIDE, GROUPS_BELOW = 80640, 18014398509481984

-- How far ahead of time a rank may be, in ms: see lib/order.lua.
local GROUPS_AHEAD = 3600000

-- What is known of these groups, with false among them: q.passes and q.strides by group; q.apart: the
-- passes of those that stand apart; q.known: those that are in {q}:groups; q.until_when: until when they are
-- held, those that are; and q.pass, the queue's own. Answers each group once.
local function groups_read(q, groups)
  local names, n, passes, base = {}, 0, {}, q.base
  for i = 1, #groups do
    local group = groups[i]
    if group and not passes[group] then
      n, passes[group] = n + 1, 0
      names[n] = group
    end
  end
  if q.pass == nil then q.pass = redis.call('HGET', key_of(q, 'meta'), 'pass') end
  local now = tonumber(q.pass or 0)
  local strides, sets, weights, apart, limits, all, throttled = {}, {}, nil, nil, nil, nil, nil
  q.until_when, q.known, q.limits, q.throttled = {}, {}, {}, {}
  if group_of_any(q) == '2' then
    limits = redis.call('HMGET', base .. 'group_limits', unpack(names))
    all = redis.call('HGET', base .. 'group_limits', '')
    throttled = redis.call('ZMSCORE', base .. 'groups:until', unpack(names))
  end
  if limits or redis.call('EXISTS', base .. 'weights', base .. 'groups') > 0 then
    weights = redis.call('HMGET', base .. 'weights', unpack(names))
    apart = redis.call('ZMSCORE', base .. 'groups', unpack(names))
  end
  local found = redis.call('ZMSCORE', base .. 'passes', unpack(names))
  for i = 1, n do
    local group, pass = names[i], found[i] and tonumber(found[i]) or 0
    strides[group] = GROUPS_STRIDE
    if apart then
      local score = tonumber(apart[i] or 0)
      local ahead = score - LANES_HELD
      if ahead >= 0 then q.until_when[group] = ahead else pass = math.max(pass, score) end
      strides[group] = math.floor(GROUPS_STRIDE / (weights[i] or 1))
      q.known[group], sets[group] = apart[i], apart[i] and ahead < 0 and score
    end
    passes[group] = pass > now and pass or now
    if limits and (limits[i] or all) then q.limits[group] = (limits[i] or '') .. ' ' .. (all or '') end
    q.throttled[group] = throttled and tonumber(throttled[i] or nil)
    if q.until_when[group] or q.limits[group] or q.throttled[group] then
      sets[group] = sets[group] or passes[group]
    end
  end
  q.passes, q.strides, q.apart = passes, strides, sets
  return names
end

-- Jobs are in the set of their group. list: ranks and ids; since: since when they are ready, if
-- {q}:group_of doesn't say it.
local function groups_join(q, group, list, since)
  if since then
    local column, text = {}, string.format('%.0f ', since) .. group
    for i = 1, #list, 2 do
      column[i], column[i + 1] = list[i + 1], text
    end
    redis.call('HSET', q.base .. 'group_of', unpack(column))
  end
  redis.call('ZADD', q.base .. 'waiting:' .. group, unpack(list))
  redis.call('ZADD', q.base .. 'groups', 'NX', string.format('%.0f', q.passes[group]), group)
end

-- Jobs that are about to leave `waiting` without a run give their turns back: their groups have as many
-- sooner, and stand apart until they have had them. of: their groups, if these are known.
local function groups_yield(q, ids, of)
  if #ids == 0 or not group_of_any(q) then
    return
  end
  local counts, known = {}, {}
  of = of or group_of_ids(q, ids)
  for i, score in ipairs(redis.call('ZMSCORE', key_of(q, 'waiting'), unpack(ids))) do
    local group = of[i]
    if group and score and tonumber(score) < -LANES_BELOW then
      known[#known + 1], counts[group] = group, (counts[group] or 0) + 1
    end
  end
  if #known == 0 then
    return
  end
  groups_read(q, known)
  local now, sooner, over = tonumber(q.pass or 0), {}, {}
  for group, count in pairs(counts) do
    local pass = (q.apart[group] or q.passes[group]) - count * q.strides[group]
    if pass <= now and not q.apart[group] then
      -- It has none left.
      over[#over + 1] = group
    else
      sooner[#sooner + 1], sooner[#sooner + 2] = string.format('%.0f', math.max(now, pass)), group
    end
  end
  if #over > 0 then redis.call('ZREM', q.base .. 'passes', unpack(over)) end
  if #sooner > 0 then redis.call('ZADD', q.base .. 'groups', unpack(sooner)) end
end

-- Jobs that held room of their groups while they didn't wait: those of groups in order, which go before
-- all others now. As keys of a table, their groups and ids.
local function groups_return(q, members, of)
  local back, pairs_of = {}, {}
  for i, group in ipairs(of) do
    if group then pairs_of[#pairs_of + 1] = group .. '\n' .. members[2 * i] end
  end
  local active = q.base .. 'groups:active'
  if #pairs_of == 0 or redis.call('EXISTS', active) == 0 then
    return back
  end
  for i, score in ipairs(redis.call('ZMSCORE', active, unpack(pairs_of))) do
    local group = score and string.match(pairs_of[i], '^[^\n]*')
    if group then
      back[pairs_of[i]] = true
      redis.call('ZREM', active, pairs_of[i])
      if q.until_when[group] then redis.call('ZADD', q.base .. 'groups', LANES_HELD, group) end
    end
  end
  return back
end

-- Jobs are ready, and take their places. members: a flat list of ranks and ids; of: in the same order
-- their groups, false for none; priorities: those that aren't 0; noted: whether {q}:group_of has them;
-- by_rank: whether they stand apart in any case.
local function groups_seat(q, members, of, priorities, now, noted, by_rank)
  local names, since, column, apart, n = groups_read(q, of), string.format('%.0f ', now), {}, {}, 0
  local passes, strides, sets, texts = q.passes, q.strides, q.apart, {}
  local places, k, back = {}, 0, group_of_any(q) == '2' and groups_return(q, members, of) or {}
  for i = 1, #of do
    local group, score, id = of[i], members[2 * i - 1], members[2 * i]
    if group then
      local first = back[group .. '\n' .. id]
      if noted and not first then
        -- Ids that are chosen have another order than the ranks of their jobs.
        local ms = q.step and score - ((priorities[i] or 0) + 1024) * q.step or now
        -- A rank of before a change of the priority says nothing of the time.
        if ms < 0 or ms > now + GROUPS_AHEAD then ms = now end
        column[n + 1], column[n + 2] = id, (ms == now and since or string.format('%.0f ', ms)) .. group
        n = n + 2
      end
      if first then score, sets[group] = '0', sets[group] or true end
      if sets[group] or by_rank or (priorities[i] or 0) ~= 0 then
        local list = apart[group] or {}
        list[#list + 1], list[#list + 2] = score, id
        sets[group], apart[group], score = true, list, lanes_below(score)
      else
        local pass = passes[group]
        score = texts[pass]
        if not score then
          score = string.format('%.0f', 2 * pass - GROUPS_BELOW)
          texts[pass] = score
        end
        passes[group] = pass + strides[group]
      end
    end
    places[k + 1], places[k + 2] = score, id
    k = k + 2
  end
  if n > 0 then redis.call('HSET', q.base .. 'group_of', unpack(column)) end
  redis.call('ZADD', key_of(q, 'waiting'), unpack(places))
  local ahead, written = {}, {}
  for i, group in ipairs(names) do
    local pass = passes[group]
    written[pass] = written[pass] or string.format('%.0f', pass)
    ahead[2 * i - 1], ahead[2 * i] = written[pass], group
  end
  redis.call('ZADD', q.base .. 'passes', unpack(ahead))
  for group, list in pairs(apart) do
    groups_join(q, group, list, not noted and now or nil)
  end
end

-- The same for jobs of which it isn't known whether they have groups.
local function groups_ready(q, members, priorities, now, by_rank)
  if group_of_any(q) then
    local ids, any = {}, false
    for i = 2, #members, 2 do
      ids[i / 2] = members[i]
    end
    local of = group_of_ids(q, ids)
    for i = 1, #of do
      any, priorities[i] = any or of[i], tonumber(priorities[i] or 0)
    end
    if any then return groups_seat(q, members, of, priorities, now, true, by_rank) end
  end
  redis.call('ZADD', key_of(q, 'waiting'), unpack(members))
end

-- The same for new jobs. named: their groups by id; nil if none has any.
local function groups_add(q, members, priorities, now, named, noted)
  local of, any = {}, false
  for i = 1, named and #members / 2 or 0 do
    of[i] = named[members[2 * i]] or false
    any = any or of[i]
  end
  if any then
    group_of_note(q, named)
    groups_seat(q, members, of, priorities, now, noted)
  else
    redis.call('ZADD', q.waiting, unpack(members))
  end
end
