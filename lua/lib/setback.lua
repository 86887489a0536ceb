-- setback: the clock was set back. What was written by the old time lies ahead by what was lost: the
-- leases of workers that have died meanwhile, the times at which jobs ended, and until when groups are held.

-- The longest time for which a job is out by hand, in ms. No lease is longer.
local SETBACK_LONGEST = 43200000

-- Moves the members of a set back, 10,000 at most.
local function setback_move(set, ms)
  for from = 0, 9000, 1000 do
    local found, members = redis.call('ZRANGE', set, from, from + 999, 'WITHSCORES'), {}
    for i = 1, #found, 2 do
      members[i], members[i + 1] = string.format('%.1f', found[i + 1] - ms), found[i]
    end
    if #members > 0 then redis.call('ZADD', set, unpack(members)) end
    if #members < 2000 then return end
  end
end

local function setback_newest(set)
  return tonumber(redis.call('ZRANGE', set, -1, -1, 'WITHSCORES')[2] or 0)
end

-- When jobs ended last.
local function setback_ended(base)
  return math.max(setback_newest(base .. 'completed'), setback_newest(base .. 'failed'),
    setback_newest(base .. 'cancelled'))
end

-- Moves all leases back by so many ms, and notes from when on jobs end: see lib/retention.lua. q:
-- workers, meta, base; and ended, if the caller has jobs to end.
local function setback_mend(q, now, ms)
  setback_move(q.workers, ms)
  setback_move(q.base .. 'visibility', ms)
  setback_move(q.base .. 'groups:until', ms)
  -- Those that are held for a time, and not those that have no room.
  held_again(q.base, string.format('(%.0f', LANES_FULL), 10)
  local ended = math.max(tonumber(redis.call('HGET', q.meta, 'ended') or 0), setback_ended(q.base))
  if ended > now then
    q.ended = string.format('%.0f', ended)
    redis.call('HSET', q.meta, 'ended', q.ended)
  end
end

-- Looks whether a worker's lease, before it moves it, is further ahead than it can be. Less than half
-- a lease makes no difference to anybody. If leases were moved, answers the two oldest.
local function setback_look(q, own, lease, now)
  local ms = math.floor(own) - now - lease
  if ms > lease / 2 then
    setback_mend(q, now, ms)
    return redis.call('ZRANGE', q.workers, 0, 1, 'WITHSCORES')
  end
end

-- The same for one who has no lease yet: whether any job ended, or any lease ends, later than it can.
local function setback_look_around(q, now)
  if q.ended then
    return
  end
  local ms = math.max(setback_ended(q.base) - now,
    setback_newest(q.workers) - now - SETBACK_LONGEST)
  if ms > 0 then setback_mend(q, now, math.floor(ms)) end
end
