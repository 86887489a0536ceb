-- fetch: take jobs within pause, throttle, concurrency and rate.

-- Batches of this size and more take two short cuts.
local FETCH_LARGE = 16

-- The values in `running` for a large batch. Reading each job's score would cost more than all the
-- rest. If the first and the last job have one priority, all take the rank of the first: the jobs
-- between them were taken too, so each would still go back before all that wait.
local function fetch_marks_large(q, ids, started)
  local first = redis.call('ZSCORE', q.waiting, ids[1])
  local last = redis.call('ZSCORE', q.waiting, ids[#ids])
  if math.floor(first / q.step) ~= math.floor(last / q.step) then
    return nil
  end
  local marks, mark = {}, first .. ':' .. started
  for i = 1, #ids do
    marks[2 * i - 1], marks[2 * i] = ids[i], mark
  end
  -- One value is too long for Redis's compact hash encoding, which would be searched from end to
  -- end for each job.
  marks[2] = first .. ':' .. string.rep('0', 64) .. started
  return marks
end

-- How many of the next n jobs fit into the answer.
local function fetch_fit(q, n)
  local most = fit_first(q, redis.call('ZRANGE', q.waiting, 0, n - 1))
  q.cut = most < n
  return most
end

-- Takes up to n jobs out of `waiting`. Answers their ids, and their pairs for `running`.
local function fetch_pop(q, n, now)
  local ids, started = {}, q.started or string.format('%.0f', now)
  if q.sized then
    n = fetch_fit(q, n)
    if n == 0 then return ids, ids end
  end
  -- Where ids don't have the order of their jobs, each needs its own rank to go back to.
  if n >= FETCH_LARGE and not q.newest then
    ids = redis.call('ZRANGE', q.waiting, 0, n - 1)
    local marks = fetch_marks_large(q, ids, started)
    if marks then
      redis.call('ZREMRANGEBYRANK', q.waiting, 0, n - 1)
      return ids, marks
    end
  end
  local marks = redis.call('ZPOPMIN', q.waiting, n)
  for i = 1, #marks, 2 do
    ids[(i + 1) / 2], marks[i + 1] = marks[i], marks[i + 1] .. ':' .. started
  end
  return ids, marks
end

-- Moves up to n waiting jobs to `running`, and answers their ids.
local function fetch_take(q, n, waiting, now)
  local pop = q.lanes and rooms_pop or fetch_pop
  local ids, marks = pop(q, math.min(n, waiting), now)
  if #ids == 0 then
    return ids
  end
  redis.call('HSET', q.running, unpack(marks))
  q.taken = table.concat(ids, ' ')
  events_say(q.events, q.kept, 'active', q.taken)
  return ids
end

-- Takes up to `want` of the waiting jobs. Answers their ids; the limit that kept it from taking
-- more: 'paused', 'throttled', 'active', 'rate' or ''; and when to look again, if that is known.
local function fetch_within(q, want, waiting, now, exact)
  if waiting == 0 then
    return {}, ''
  elseif q.paused then
    return {}, 'paused'
  elseif want == 0 then
    return {}, ''
  end
  local throttle = throttle_until(q, now)
  if throttle then
    return {}, 'throttled', turn_next(q, throttle, exact)
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
    local ids = fetch_take(q, n, waiting, now)
    return ids, #ids == n and why or ''
  end
  local allowed, free, interval = limits_rate(q, exact)
  if allowed == 0 then
    return {}, 'rate', turn_next(q, free, exact)
  end
  local ids = fetch_take(q, math.min(n, allowed), waiting, now)
  if #ids > 0 then limits_spend(q, interval, #ids) end
  if #ids == allowed and waiting > allowed then
    free = free + #ids * interval
    if turn_pass(q, exact) then
      return ids, 'rate', free + TURN_BACKUP
    end
    return ids, 'rate', turn_next(q, free, exact)
  end
  return ids, #ids == n and why or ''
end

local function fetch_jobs(q, want, waiting, now, exact)
  local ids, why, look = fetch_within(q, want, waiting, now, exact)
  if q.turn and not look then turn_end(q, exact, why == '' and waiting > #ids) end
  return ids, why, look
end
