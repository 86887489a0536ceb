-- recover: the runs of a worker whose lease ran out go back to where they were in the queue.

local RECOVER_STEP = 1000

-- When the newest of the runs was handed out, if the answer that did it may have been lost.
local function recover_newest(held, unheard)
  local newest = unheard and 0
  for i = 2, unheard and #held or 0, 2 do
    newest = math.max(newest, tonumber(string.match(held[i], ':(%d+)')))
  end
  return newest
end

-- Which of the runs certainly began, and which perhaps not.
local function recover_sort(held, newest)
  local began, perhaps = {}, {}
  for i = 1, #held, 2 do
    local list = began
    if newest and tonumber(string.match(held[i + 1], ':(%d+)')) == newest then list = perhaps end
    list[#list + 1] = held[i]
  end
  return began, perhaps
end

-- Counts in `stalls`, as "<stalls>" or "<stalls>+<lost>". The worker that fetches a job next decides
-- how many are too many.
local function recover_count(stalls, ids, stalled, lost)
  local counts, changes = redis.call('HMGET', stalls, unpack(ids)), {}
  for i, id in ipairs(ids) do
    local before, missed = string.match(counts[i] or '0', '^(%d+)%+?(%d*)$')
    -- What is no count is none: one odd job must not hold up the others.
    before, missed = (tonumber(before) or 0) + stalled, (tonumber(missed) or 0) + lost
    changes[2 * i - 1], changes[2 * i] = id, missed > 0 and before .. '+' .. missed or before
  end
  redis.call('HSET', stalls, unpack(changes))
end

-- Takes back up to 1,000 runs of the worker with the oldest deadline, if that has passed; of those
-- that are out by hand, the runs whose own time is over. Answers when to look again, and keeps the
-- deadline of the other worker in `q.other_lease`. leases: the two oldest before this worker moved
-- its own to `own`.
local function recover_oldest(q, leases, worker, own, now)
  local at = leases[1] == worker and 3 or 1
  local oldest, deadline = leases[at], tonumber(leases[at + 1] or own)
  local unheard = deadline % 1 > 0
  deadline = math.floor(deadline)
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
  -- Jobs that end as cancelled may be the newest.
  local found, newest = #held / 2, recover_newest(held, unheard)
  held = cancels_sift(q, held, 1, found, 2)
  local ids, members = running_members(held)
  if #ids > 0 then
    groups_back(q, members, now)
    redis.call('HDEL', running, unpack(ids))
    running_expired(q.base .. 'expiring', ids)
    local began, perhaps = recover_sort(held, newest)
    if #began > 0 then
      recover_count(q.stalls, began, 1, 0)
      events_add(q.events, q.kept, 'stalled', began)
    end
    if #perhaps > 0 then
      recover_count(q.stalls, perhaps, 0, 1)
      events_add(q.events, q.kept, 'released', perhaps)
    end
    q.plain = false
  end
  cancels_end(q, running, now)
  if due then
    hand_end(q.workers, q.base .. 'visibility', due)
  elseif found < RECOVER_STEP then
    redis.call('ZREM', q.workers, oldest)
    redis.call('HDEL', q.base .. 'identities', oldest)
  end
  return now
end
