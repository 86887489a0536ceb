-- fetch: take jobs within pause, throttle, concurrency and rate.

-- Moves up to n waiting jobs to `running`, and answers their ids.
local function fetch_take(q, n, waiting, now, exact)
  local pop = q.grouped and rotation_part or q.lanes and rooms_pop or pop_jobs
  local ids, marks = pop(q, math.min(n, waiting), now, waiting, exact)
  if #ids == 0 then
    return ids
  end
  redis.call('HSET', q.running, unpack(marks))
  if q.turned then q.note(q, q.turned) end
  q.taken = table.concat(ids, ' ')
  events_say(q.events, q.kept, 'active', q.taken)
  return ids
end

-- When to look again, if groups are held until then that might have had more. As with turns, one worker
-- does, and the others a little later; but what is added meanwhile wakes one. meta.group_turn: when it looks,
-- and its name.
local function fetch_look(q, ids, n, exact)
  if q.grouped ~= '2' then
    return nil
  end
  local at, worker = string.match(redis.call('HGET', q.meta, 'group_turn') or '', '^(%S+) (%S+)$')
  at = tonumber(at or nil)
  if not q.group_look or #ids == n then
    if worker == q.worker then redis.call('HDEL', q.meta, 'group_turn') end
    return nil
  elseif at and worker ~= q.worker and at + TURN_LATE > exact and at <= q.group_look
    and lease_held(q.workers, worker) then
    return q.group_look + TURN_BACKUP
  end
  redis.call('HSET', q.meta, 'group_turn', string.format('%.3f ', q.group_look) .. q.worker)
  return q.group_look
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
    local ids = fetch_take(q, n, waiting, now, exact)
    return ids, #ids == n and why or '', fetch_look(q, ids, n, exact)
  end
  local allowed, free, interval = limits_rate(q, exact)
  if allowed == 0 then
    return {}, 'rate', turn_next(q, free, exact)
  end
  local ids = fetch_take(q, math.min(n, allowed), waiting, now, exact)
  if #ids > 0 then limits_spend(q, interval, #ids) end
  if #ids == allowed and waiting > allowed then
    free = free + #ids * interval
    if turn_pass(q, exact) then
      return ids, 'rate', free + TURN_BACKUP
    end
    return ids, 'rate', turn_next(q, free, exact)
  end
  return ids, #ids == n and why or '', fetch_look(q, ids, n, exact)
end

local function fetch_jobs(q, want, waiting, now, exact)
  local ids, why, look = fetch_within(q, want, waiting, now, exact)
  if q.turn and not look then turn_end(q, exact, why == '' and waiting > #ids) end
  return ids, why, look
end
