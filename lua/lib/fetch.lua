-- fetch: take jobs within pause, hold, concurrency and rate.

-- Moves up to n jobs from `waiting` to `running`, and answers their ids.
local function fetch_pop(q, n, now)
  local popped = redis.call('ZPOPMIN', q.waiting, n)
  local ids, count, suffix = {}, 0, ':' .. string.format('%.0f', now)
  for i = 1, #popped, 2 do
    -- Counted by hand: Lua finds a table's length by search, and this runs for every job.
    count = count + 1
    ids[count] = popped[i]
    popped[i + 1] = popped[i + 1] .. suffix
  end
  if count > 0 then
    redis.call('HSET', q.running, unpack(popped))
    events_add(q.events, q.kept, 'active', ids)
  end
  return ids
end

-- Up to `want` jobs. Answers their ids; why there are no more, if not for want of jobs: 'paused',
-- 'held', 'active' or 'rate'; and at what time to look again, where that is known.
local function fetch_jobs(q, want, now, exact)
  if redis.call('EXISTS', q.waiting) == 0 then
    return {}, ''
  elseif q.paused then
    return {}, 'paused'
  elseif q.hold and tonumber(q.hold) > now then
    return {}, 'held', tonumber(q.hold)
  elseif want == 0 then
    return {}, ''
  end
  local n, why = want, ''
  if q.active then
    local free = tonumber(q.active) - active_count(q)
    if free < n then
      n, why = free, 'active'
    end
    if n <= 0 then
      return {}, why
    end
  end
  if not q.rate then
    local ids = fetch_pop(q, n, now)
    return ids, #ids == n and why or ''
  end
  local allowed, turn, interval = limits_rate(q, exact)
  if allowed == 0 then
    return {}, 'rate', turn
  end
  local ids = fetch_pop(q, math.min(n, allowed), now)
  limits_spend(q, exact, interval, #ids)
  if allowed < n and #ids == allowed and redis.call('EXISTS', q.waiting) == 1 then
    local _
    _, turn = limits_rate(q, exact)
    return ids, 'rate', turn
  end
  return ids, #ids == n and why or ''
end
