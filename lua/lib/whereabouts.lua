-- whereabouts: where many jobs are, in a constant number of commands and one for each worker.

-- A worker's messages of jobs to cancel: so many, and for so long in ms. Its heartbeats tell it of
-- those that it hasn't heard.
local WHEREABOUTS_KEPT, WHEREABOUTS_LIFE = 100, 10000

-- For each id its state; '=' and its worker, of one that runs; '-' if there is no such job.
local function whereabouts_of(q, ids)
  local places, left = {}, {}
  for _, state in ipairs({ 'waiting', 'delayed', 'completed', 'failed', 'cancelled' }) do
    local scores = redis.call('ZMSCORE', key_of(q, state), unpack(ids))
    for i, score in ipairs(scores) do
      if score then places[i] = state end
    end
  end
  for i = 1, #ids do
    if not places[i] then
      places[i], left[#left + 1] = '-', i
    end
  end
  if #left == 0 then
    return places
  end
  local asked = {}
  for i, at in ipairs(left) do
    asked[i] = ids[at]
  end
  for _, worker in ipairs(redis.call('ZRANGE', q.workers, 0, -1)) do
    for i, value in ipairs(redis.call('HMGET', q.base .. 'running:' .. worker, unpack(asked))) do
      if value then places[left[i]] = '=' .. worker end
    end
  end
  return places
end

-- Tells workers that these of their jobs are marked: ids as one text, a line feed, and the mark.
local function whereabouts_tell(base, places, ids, mark)
  local of = {}
  for i, place in ipairs(places) do
    if string.byte(place) == 61 then
      local worker = string.sub(place, 2)
      of[worker] = of[worker] or {}
      table.insert(of[worker], ids[i])
    end
  end
  for worker, list in pairs(of) do
    -- What is out by hand has no worker that listens.
    if worker ~= 'by-hand' then
      local key = base .. 'cancel:' .. worker
      redis.call('RPUSH', key, table.concat(list, ' ') .. '\n' .. mark)
      redis.call('LTRIM', key, -WHEREABOUTS_KEPT, -1)
      redis.call('PEXPIRE', key, WHEREABOUTS_LIFE)
    end
  end
end
