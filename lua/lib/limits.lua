-- limits: how many jobs a fetch may take now, over all workers of the queue.

-- How late a start may be without delaying those after it, in ms. Timers are late, and otherwise
-- each late start would move all that follow. A burst gives more than this already.
local LIMITS_LATE = 20

-- Whether one more job may be active.
local function limits_leave_room(q)
  return not q.active or active_count(q) < tonumber(q.active)
end

-- GCRA: how many jobs may start now, when the next may if none may, and the interval.
local function limits_rate(q, exact)
  local interval, burst = string.match(q.rate, '^(%S+) (%S+)$')
  interval, burst = tonumber(interval), tonumber(burst)
  local tat, earliest = tonumber(q.tat or 0), exact
  -- While jobs are held back, a start that is late for its turn doesn't move the later ones.
  if q.turn then earliest = exact - math.max(0, LIMITS_LATE - (burst - 1) * interval) end
  -- Further ahead than a burst explains: the clock was set back.
  if tat > exact + burst * interval + 1 then tat = exact end
  q.tat = math.max(tat, earliest)
  local allowed = math.floor((exact - q.tat) / interval + burst + 1e-6)
  return math.max(0, allowed), q.tat - (burst - 1) * interval, interval
end

-- Moves the theoretical arrival time by the jobs that were taken.
local function limits_spend(q, interval, taken)
  q.tat = q.tat + taken * interval
  redis.call('HSET', q.meta, 'tat', string.format('%.3f', q.tat))
end
