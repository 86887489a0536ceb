-- limits: how many jobs a fetch may take now, over all workers of the queue.

-- Whether one more job may be active.
local function limits_leave_room(q)
  return not q.active or active_count(q) < tonumber(q.active)
end

-- GCRA: how many jobs may start now; if none, when this worker should look again. Each worker that
-- comes too early gets a turn of its own, so that one token doesn't wake all of them.
local function limits_rate(q, exact)
  local interval, burst = string.match(q.rate, '^(%S+) (%S+)$')
  interval, burst = tonumber(interval), tonumber(burst)
  local tat = math.max(tonumber(q.tat or 0), exact)
  local allowed = math.floor((exact - tat) / interval + burst + 1e-6)
  if allowed > 0 then
    return allowed, nil, interval
  end
  local free = tat - (burst - 1) * interval
  local turn = math.max(free, tonumber(q.turn or 0) + interval)
  turn = math.min(turn, free + redis.call('ZCARD', q.workers) * interval)
  redis.call('HSET', q.meta, 'turn', string.format('%.3f', turn))
  return 0, turn, interval
end

-- Moves the theoretical arrival time by the jobs that were taken.
local function limits_spend(q, exact, interval, taken)
  local tat = math.max(tonumber(q.tat or 0), exact) + taken * interval
  q.tat = string.format('%.3f', tat)
  redis.call('HSET', q.meta, 'tat', q.tat)
end
