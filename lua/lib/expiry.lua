-- expiry: jobs that may wait only for so long, in the ZSET {q}:expiring by when their time is up.
-- Those that were handed out stay there below 0 until they are settled. At -1 they were handed out as
-- expired: if their worker dies, they are still expired for the next. Otherwise it is their time
-- with a minus: they can't expire any more, unless they go back before they could start.

-- How many jobs expire in one call.
local EXPIRY_STEP = 100

-- Moves expired jobs from `waiting` to `running`, as many as fit into the answer. Neither a pause nor
-- a limit applies to them.
local function expiry_take(q, now)
  local due = redis.call('ZRANGEBYSCORE', q.base .. 'expiring', 0, now, 'LIMIT', 0, EXPIRY_STEP)
  local started, ids, marks = q.started or string.format('%.0f', now), {}, {}
  fit_drop(q, due)
  local priorities = #due > 0 and rank_priorities(q.priority, due)
  for i, id in ipairs(due) do
    if redis.call('ZREM', q.waiting, id) + redis.call('ZREM', q.delayed, id) > 0 then
      ids[#ids + 1], marks[#marks + 1] = id, id
      marks[#marks + 1] = rank_text(priorities[i] or 0, q.step, now) .. ':' .. started
    else
      redis.call('ZREM', q.base .. 'expiring', id)
    end
  end
  if #ids > 0 then
    lanes_leave(q.base, ids)
    -- One that waited for a key may hold room of its group.
    if q.grouped == '2' then lanes_free(q.base, ids) end
    redis.call('HSET', q.running, unpack(marks))
    events_add(q.events, q.kept, 'active', ids)
  end
  return ids
end

-- Sorts the fetched jobs: the ids of the expired ones, which stay marked. The others can't expire
-- any more.
local function expiry_sort(q, ids, now)
  local expired, others = {}, {}
  local scores = #ids > 0 and redis.call('ZMSCORE', q.base .. 'expiring', unpack(ids)) or {}
  for i, id in ipairs(ids) do
    local at = tonumber(scores[i] or -2)
    if at == -1 or (at >= 0 and at <= now) then
      expired[#expired + 1] = id
    elseif at > now then
      others[#others + 1], others[#others + 2] = string.format('%.0f', -at), id
    end
  end
  if #others > 0 then redis.call('ZADD', q.base .. 'expiring', unpack(others)) end
  return expired
end

-- Marks the jobs that are handed out as expired, and appends those in `late` to `ids`. Answers
-- their ids as one text, and in how many ms the next job expires; -1 if none will.
local function expiry_hand_out(q, ids, late, now)
  local expired, marks = expiry_sort(q, ids, now), {}
  for _, id in ipairs(late) do
    ids[#ids + 1], expired[#expired + 1] = id, id
  end
  for i, id in ipairs(expired) do
    marks[2 * i - 1], marks[2 * i] = -1, id
  end
  if #marks > 0 then redis.call('ZADD', q.base .. 'expiring', unpack(marks)) end
  local head = redis.call('ZRANGEBYSCORE', q.base .. 'expiring', 0, '+inf', 'WITHSCORES', 'LIMIT',
    0, 1)
  local wait = head[2] and math.max(0, math.ceil(tonumber(head[2]) - now)) or -1
  return table.concat(expired, ' '), wait
end
