-- rooms: a worker takes jobs out of `waiting` and of lanes by what it has room for.

-- How many lanes a fetch looks into, those with the first jobs.
local ROOMS_STEP = 100

-- How many times idle workers are woken for a job that went into a lane, for each other worker:
-- more than once, since one that can't take it may take the token again before a busy one waits.
local ROOMS_WAKES = 2

-- Jobs went into lanes: other workers may have room for them.
local function rooms_tell(q)
  local wakes = ROOMS_WAKES * (redis.call('ZCARD', q.workers) - 1)
  if wakes > 0 then
    redis.call('HSET', q.meta, 'lane_wakes', wakes)
    wake_one(q.wake)
  end
end

-- A worker had no room for jobs in lanes: another may, so the token goes on, for a while.
local function rooms_pass(q)
  if q.lane_wakes == '1' then
    redis.call('HDEL', q.meta, 'lane_wakes')
  else
    redis.call('HINCRBY', q.meta, 'lane_wakes', -1)
  end
  wake_one(q.wake)
end

-- Wakes others for jobs in lanes that this call has put there, or has no room for.
local function rooms_wake(q)
  if q.parked then
    rooms_tell(q)
  elseif q.skipped and q.lane_wakes then
    rooms_pass(q)
  end
end

-- Appends what ZRANGE WITHSCORES has answered.
local function rooms_gather(found, heads, lane)
  for i = 1, #heads, 2 do
    found[#found + 1] = { id = heads[i], rank = heads[i + 1], lane = lane }
  end
end

-- Jobs in the order in which they go.
local function rooms_sort(found)
  table.sort(found, function(a, b)
    local left, right = tonumber(a.rank), tonumber(b.rank)
    if left == right then return a.id < b.id end
    return left < right
  end)
  return found
end

-- The first n jobs that are in no lane, and have no turn of a group: those stand below 0.
local function rooms_plain(q, n)
  local found = {}
  rooms_gather(found, redis.call('ZRANGEBYSCORE', q.waiting, 0, '+inf', 'WITHSCORES', 'LIMIT', 0, n))
  return found
end

-- The first n jobs of each lane for which this worker has room, at most: id, rank and lane of each, in
-- no order.
local function rooms_parked(q, n)
  local rooms, found = {}, {}
  for room, lane in string.gmatch(q.rooms, '(%d+) ([^\n]*)\n') do
    rooms[lane] = tonumber(room)
  end
  local lanes = q.lanes and redis.call('ZRANGE', q.base .. 'lanes', 0, ROOMS_STEP - 1) or {}
  for _, lane in ipairs(lanes) do
    local room = math.min(rooms[lane] or n, n)
    local heads = room == 0 and {}
      or redis.call('ZRANGE', q.base .. 'lane:' .. lane, 0, room - 1, 'WITHSCORES')
    rooms_gather(found, heads, lane)
    q.skipped = q.skipped or rooms[lane] == #heads / 2
  end
  return found
end

-- The first jobs that this worker can take.
local function rooms_first(q, n)
  local found = rooms_parked(q, n)
  for _, job in ipairs(rooms_plain(q, n)) do
    found[#found + 1] = job
  end
  return rooms_sort(found)
end

-- As `pop_jobs`, for a queue that has lanes.
local function rooms_pop(q, n, now)
  local found, ids, marks = rooms_first(q, n), {}, {}
  local started = ':' .. (q.started or string.format('%.0f', now))
  for i = 1, math.min(n, #found) do
    ids[i] = found[i].id
  end
  q.cut = fit_drop(q, ids)
  for i = 1, #ids do
    marks[2 * i - 1], marks[2 * i] = ids[i], found[i].rank .. started
  end
  if #ids > 0 then
    redis.call('ZREM', q.waiting, unpack(ids))
    lanes_leave(q.base, ids)
  end
  return ids, marks
end
