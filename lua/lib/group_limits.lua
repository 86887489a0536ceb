-- group_limits: how many jobs of a group may be active at once, and start per time. {q}:group_limits is
-- group → its limits, as words with a space between: 'p1' if it is paused, 'a<n>' for so many active jobs,
-- 'r<interval>,<burst>' for its rate, 'o1' for a group in order, and 'o2' for one that stops when a job
-- fails for good; '0' behind the letter for none. '' has what holds for groups that don't say so
-- themselves. meta.grouped is '2' while there are any.
--
-- Groups with limits stand apart: see lib/groups.lua. {q}:groups:active is a ZSET of members
-- '<group>\n<id>', all with score 0: jobs that are active; and in groups in order, those that wait to go
-- on, or have failed and stop their group. {q}:groups:tat is a ZSET group → the theoretical arrival time
-- of GCRA; {q}:groups:until a ZSET group → until when one is throttled by one of its jobs. A group that may
-- not go is held: no fetch looks at it before its time, or before it has room.

-- Until when one is held that is paused.
local GROUP_LIMITS_PAUSED = LANES_FULL - LANES_HELD + 1

local function group_limits_word(text, letter)
  local word = string.match(' ' .. text, ' ' .. letter .. '(%S+)')
  return word ~= '0' and word
end

-- How many jobs its rate lets start, and when the next may if none may. A start that is a little late for
-- its turn doesn't move those after it, as for a queue: see lib/limits.lua.
local function group_limits_rate(q, group, rate, exact)
  local interval, burst = string.match(rate, '^(%S+),(%S+)$')
  interval, burst = tonumber(interval), tonumber(burst)
  local tat = tonumber(redis.call('ZSCORE', q.base .. 'groups:tat', group) or 0)
  if tat < exact - math.max(0, LIMITS_LATE - (burst - 1) * interval)
    or tat > exact + burst * interval + 1 then
    tat = exact
  end
  q.tats = q.tats or {}
  q.tats[group] = { tat = tat, interval = interval }
  return math.max(0, math.floor((exact - tat) / interval + burst + 1e-6)), tat - (burst - 1) * interval
end

-- How many more jobs of a group may start now; and, if none may, until when it is to be held.
local function group_limits_room(q, group, exact)
  local text, room, throttle = q.limits[group] or '', math.huge, q.throttled[group]
  if group_limits_word(text, 'p') then
    return 0, GROUP_LIMITS_PAUSED
  elseif throttle and throttle > exact then
    return 0, throttle
  end
  local most = group_limits_word(text, 'o') and 1 or tonumber(group_limits_word(text, 'a') or nil)
  if most then
    room = most - redis.call('ZLEXCOUNT', q.base .. 'groups:active', '[' .. group .. '\n',
      '(' .. group .. '\11')
    if room <= 0 then return 0, LANES_FULL - LANES_HELD end
  end
  local rate = group_limits_word(text, 'r')
  if rate then
    local allowed, free = group_limits_rate(q, group, rate, exact)
    if allowed == 0 then return 0, math.ceil(free) end
    room = math.min(room, allowed)
  end
  return room
end

-- No fetch looks at a group before this time.
local function group_limits_hold(q, group, till)
  if q.passes[group] > tonumber(q.pass or 0) then
    redis.call('ZADD', q.base .. 'passes', string.format('%.0f', q.passes[group]), group)
  end
  redis.call('ZADD', q.base .. 'groups', string.format('%.0f', LANES_HELD + till), group)
end

-- Groups whose time has come take turns again. Up to so many.
local function group_limits_due(q, now, most)
  local over = redis.call('ZCOUNT', q.base .. 'groups:until', '-inf', now)
  if over > 0 then redis.call('ZREMRANGEBYRANK', q.base .. 'groups:until', 0, over - 1) end
  local due = redis.call('ZRANGEBYSCORE', q.base .. 'groups', LANES_HELD,
    string.format('%.0f', LANES_HELD + now), 'LIMIT', 0, most)
  if #due > 0 then
    groups_read(q, due)
    local members = {}
    for i, group in ipairs(due) do
      members[2 * i - 1], members[2 * i] = string.format('%.0f', q.passes[group]), group
    end
    redis.call('ZADD', q.base .. 'groups', unpack(members))
  end
end

-- When the first that is held for a time may go.
local function group_limits_next(q)
  local first = redis.call('ZRANGEBYSCORE', q.base .. 'groups', LANES_HELD,
    string.format('(%.0f', LANES_FULL), 'WITHSCORES', 'LIMIT', 0, 1)[2]
  return first and first - LANES_HELD
end

-- These jobs have begun: by group, their ids, and since when they are ready if {q}:group_of doesn't say it.
local function group_limits_take(q, jobs)
  local active, of, tats = {}, {}, {}
  for group, list in pairs(jobs) do
    for _, job in ipairs(list) do
      active[#active + 1], active[#active + 2] = 0, group .. '\n' .. job.id
      if job.since then
        of[#of + 1], of[#of + 2] = job.id, string.format('%.0f ', job.since) .. group
      end
    end
    local rate = q.tats and q.tats[group]
    if rate then
      rate.tat = rate.tat + #list * rate.interval
      tats[#tats + 1], tats[#tats + 2] = string.format('%.3f', rate.tat), group
    end
  end
  redis.call('ZADD', q.base .. 'groups:active', unpack(active))
  if #of > 0 then redis.call('HSET', q.base .. 'group_of', unpack(of)) end
  if #tats > 0 then redis.call('ZADD', q.base .. 'groups:tat', unpack(tats)) end
end

-- Times that have passed say nothing: as many go as came, about.
local function group_limits_trim(q, exact, taken)
  local tats = q.base .. 'groups:tat'
  local over = redis.call('ZCOUNT', tats, '-inf', string.format('%.3f', exact - LIMITS_LATE))
  if over > 0 then redis.call('ZREMRANGEBYRANK', tats, 0, math.min(over, 2 * taken + 10) - 1) end
end

-- No group has limits any more, and none is held.
local function group_limits_end(q)
  if redis.call('EXISTS', q.base .. 'group_limits', q.base .. 'groups:active', q.base .. 'groups:until',
    q.base .. 'keys_of', q.base .. 'keys:active', q.base .. 'keys:back') == 0
    and redis.call('ZCOUNT', q.base .. 'groups', LANES_HELD, '+inf') == 0 then
    redis.call('HSET', q.meta, 'grouped', '1')
    redis.call('UNLINK', q.base .. 'groups:tat')
  end
end
