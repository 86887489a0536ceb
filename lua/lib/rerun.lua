-- rerun: ended jobs go back to `waiting`, as if they had never run.

-- Whether a dead letter of the job was written: then it comes back from there, and only a note of it
-- is left here. Outcomes begin with an array's length and their kind.
local function rerun_elsewhere(outcome)
  return outcome and string.byte(outcome, 2) == 2
end

-- Takes the keys of the jobs again. Answers the ids of those that may run, the ids of those whose
-- key another job holds, and the first such job.
local function rerun_claim(q, ids)
  if #ids == 0 or redis.call('EXISTS', q.uniques) == 0 then
    return ids, {}
  end
  local keys, free, kept, holder = redis.call('HMGET', q.uniques, unpack(ids)), {}, {}, nil
  for i, id in ipairs(ids) do
    local name = q.base .. 'unique:' .. (keys[i] or '')
    local other = keys[i] and not redis.call('SET', name, id, 'NX') and unique_holder(redis.call('GET', name))
    if other and other ~= id then
      kept[#kept + 1], holder = id, holder or other
    else
      free[#free + 1] = id
    end
  end
  return free, kept, holder
end

-- What was undone by compensations is done anew: nothing that was recorded before counts.
local function rerun_anew(q, ids)
  if redis.call('EXISTS', q.base .. 'listed') == 0 then
    return
  end
  for _, id in ipairs(ids) do
    if redis.call('HEXISTS', q.base .. 'steps:' .. id, 'x') == 1 then
      redis.call('UNLINK', q.base .. 'steps:' .. id)
      children_end(q.base, { id }, 1, 1, true)
    end
  end
end

-- They run in the order in which they are given, and are due since now.
local function rerun_all(q, set, ids, now)
  if #ids == 0 then
    return
  end
  local priorities = rank_priorities(q.priority, ids)
  local members, tries, order = {}, {}, order_read(q.newest, now)
  for i, id in ipairs(ids) do
    members[2 * i - 1] = rank_text(priorities[i] or 0, q.step, order_next(order, id))
    members[2 * i] = id
    tries[2 * i - 1], tries[2 * i] = id, '0@' .. string.format('%.0f', now)
  end
  order_note(q.meta, order)
  redis.call('ZREM', set, unpack(ids))
  pools_leave(q.base, ids)
  rerun_anew(q, ids)
  redis.call('HDEL', q.outcomes, unpack(ids))
  redis.call('HSET', q.attempts, unpack(tries))
  redis.call('HDEL', q.stalls, unpack(ids))
  redis.call('HDEL', q.misses, unpack(ids))
  groups_ready(q, members, priorities, now)
  events_add(q.events, q.kept, 'waiting', ids)
end
