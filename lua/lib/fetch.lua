-- fetch: take jobs within pause, hold, concurrency and rate.

-- From so many jobs on, a batch takes two short cuts.
local FETCH_LARGE = 16

-- What `running` says of a large batch. To ask for each job's score costs more than all the rest: where
-- first and last have the same priority, all go by the first's rank. Whatever stood between them was
-- taken too, so each would still go back to before all that wait.
local function fetch_marks_large(q, ids, started)
  local first = redis.call('ZSCORE', q.waiting, ids[1])
  local last = redis.call('ZSCORE', q.waiting, ids[#ids])
  if math.floor(first / q.step) ~= math.floor(last / q.step) then
    return nil
  end
  local marks, mark = {}, first .. ':' .. started
  for i, id in ipairs(ids) do
    marks[2 * i - 1], marks[2 * i] = id, mark
  end
  -- One value that is too long for Redis's compact kind of hash, which would be searched from end to
  -- end for each job that is added or removed.
  marks[2] = first .. ':' .. string.rep('0', 64) .. started
  return marks
end

-- What `running` says of jobs that are about to be taken, as a list of pairs.
local function fetch_marks(q, ids, now)
  local started = string.format('%.0f', now)
  local marks = #ids >= FETCH_LARGE and fetch_marks_large(q, ids, started)
  if not marks then
    marks = redis.call('ZRANGE', q.waiting, 0, #ids - 1, 'WITHSCORES')
    for i = 2, #marks, 2 do
      marks[i] = marks[i] .. ':' .. started
    end
  end
  return marks
end

-- Moves up to n jobs from `waiting` to `running`, and answers their ids.
local function fetch_take(q, n, now)
  local ids = redis.call('ZRANGE', q.waiting, 0, n - 1)
  if #ids > 0 then
    local marks = fetch_marks(q, ids, now)
    redis.call('ZREMRANGEBYRANK', q.waiting, 0, #ids - 1)
    redis.call('HSET', q.running, unpack(marks))
    events_add(q.events, q.kept, 'active', ids)
  end
  return ids
end

-- Up to `want` jobs of the so many that wait. Answers their ids; why there are no more, if not for want
-- of jobs: 'paused', 'held', 'active' or 'rate'; and at what time to look again, where that is known.
local function fetch_jobs(q, want, waiting, now, exact)
  if waiting == 0 then
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
    local ids = fetch_take(q, n, now)
    return ids, #ids == n and why or ''
  end
  local allowed, turn, interval = limits_rate(q, exact)
  if allowed == 0 then
    return {}, 'rate', turn
  end
  local ids = fetch_take(q, math.min(n, allowed), now)
  limits_spend(q, exact, interval, #ids)
  if allowed < n and #ids == allowed and waiting > allowed then
    local _
    _, turn = limits_rate(q, exact)
    return ids, 'rate', turn
  end
  return ids, #ids == n and why or ''
end
