-- pop: the first jobs leave `waiting`.

-- Batches of this size and more take two short cuts.
local POP_LARGE = 16

-- The values in `running` for a large batch. Reading each job's score would cost more than all the
-- rest. If the first and the last job have one priority, all take the rank of the first: the jobs
-- between them were taken too, so each would still go back before all that wait.
local function pop_marks(q, ids, started)
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
  return marks, last
end

-- How many of the next n jobs fit into the answer.
local function pop_fit(q, n)
  local most = fit_first(q, redis.call('ZRANGE', q.waiting, 0, n - 1))
  q.cut = most < n
  return most
end

-- Takes up to n jobs out of `waiting`. Answers their ids, their pairs for `running`, and the score of the
-- last.
local function pop_jobs(q, n, now)
  local ids, started = {}, q.started or string.format('%.0f', now)
  if q.sized then
    n = pop_fit(q, n)
    if n == 0 then return ids, ids end
  end
  -- Where ids don't have the order of their jobs, each needs its own rank to go back to.
  if n >= POP_LARGE and not q.newest then
    ids = redis.call('ZRANGE', q.waiting, 0, n - 1)
    local marks, last = pop_marks(q, ids, started)
    if marks then
      redis.call('ZREMRANGEBYRANK', q.waiting, 0, n - 1)
      return ids, marks, last
    end
  end
  local marks = redis.call('ZPOPMIN', q.waiting, n)
  local last = marks[#marks]
  for i = 1, #marks, 2 do
    ids[(i + 1) / 2], marks[i + 1] = marks[i], marks[i + 1] .. ':' .. started
  end
  return ids, marks, last
end
