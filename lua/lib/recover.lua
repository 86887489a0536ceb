-- recover: the runs of a worker whose lease ran out go back to where they were in the queue.

local RECOVER_STEP = 1000

-- Counts a stall for each id. The worker that fetches the job next decides how many are too many.
local function recover_count(stalls, ids)
  local counts = redis.call('HMGET', stalls, unpack(ids))
  local pairs_ = {}
  for i, id in ipairs(ids) do
    pairs_[2 * i - 1] = id
    pairs_[2 * i] = (counts[i] or 0) + 1
  end
  redis.call('HSET', stalls, unpack(pairs_))
end

-- Takes back up to 1,000 runs of the worker with the oldest deadline, if that has passed; of those
-- that are out by hand, the runs whose own time is over. Answers when to look again, and keeps the
-- deadline of the other worker in `q.other_lease`. leases: the two oldest before this worker moved
-- its own to `own`.
local function recover_oldest(q, leases, worker, own, now)
  local at = leases[1] == worker and 3 or 1
  local oldest, deadline = leases[at], tonumber(leases[at + 1] or own)
  q.other_lease = oldest and deadline
  if deadline >= now then
    return math.min(deadline, own) + 1
  end
  local running = q.base .. 'running:' .. oldest
  local held, due
  if oldest == HAND then
    held, due = hand_overdue(q.base, now, RECOVER_STEP)
  else
    held = redis.call('HRANDFIELD', running, RECOVER_STEP, 'WITHVALUES')
  end
  local ids, members = running_members(held)
  if #ids > 0 then
    redis.call('ZADD', q.waiting, unpack(members))
    redis.call('HDEL', running, unpack(ids))
    running_expired(q.base .. 'expiring', ids)
    recover_count(q.stalls, ids)
    q.plain = false
    events_add(q.events, q.kept, 'stalled', ids)
  end
  if due then
    hand_end(q.workers, q.base .. 'visibility', due)
  elseif #ids < RECOVER_STEP then
    redis.call('ZREM', q.workers, oldest)
  end
  return now
end
