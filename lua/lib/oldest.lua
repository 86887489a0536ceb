-- oldest: since when the longest waiting job is ready, without reading them all.

-- How many priorities to look at, and with aging how many jobs.
local OLDEST_BANDS = 64
local OLDEST_HEADS = 100

-- The jobs of the next turns, and since when each is ready. Such jobs stand below all ranks: see
-- lib/groups.lua.
local function oldest_turns(q, most)
  local below = string.format('(%.0f', -LANES_BELOW)
  local ids = redis.call('ZRANGEBYSCORE', q.waiting, '-inf', below, 'LIMIT', 0, most)
  return ids, group_since(q, ids)
end

-- Strict priorities: each has its own band of ranks, and the first job of a band is its oldest.
local function oldest_strict(q, step)
  local from, oldest = '-inf', nil
  for _ = 1, OLDEST_BANDS do
    local head = redis.call('ZRANGEBYSCORE', q.waiting, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if not head[1] then
      break
    end
    local band = math.floor(head[2] / step)
    if tonumber(head[2]) < -LANES_BELOW then
      local _, times = oldest_turns(q, OLDEST_HEADS)
      oldest, band = math.min(unpack(times)), math.floor(-LANES_BELOW / step) - 1
    else
      oldest = math.min(oldest or math.huge, head[2] - band * step)
    end
    from = string.format('%.0f', (band + 1) * step)
  end
  return oldest
end

-- Aging: the bands overlap, so this looks at the next jobs alone: up to `most` of them. Answers
-- their ids, and since when each is ready. A job that was ranked before aging was set has a rank
-- beyond all times, and its time follows from the step of strict priorities.
local function oldest_heads(q, step, now, most)
  local heads = redis.call('ZRANGE', q.waiting, 0, most - 1, 'WITHSCORES')
  local ids, times, turns = {}, {}, {}
  for i = 1, #heads, 2 do
    ids[#ids + 1] = heads[i]
    if tonumber(heads[i + 1]) < -LANES_BELOW then turns[#turns + 1] = heads[i] end
  end
  -- They come first.
  if #turns > 0 then times = group_since(q, turns) end
  local priorities = #ids > 0 and rank_priorities(q.priority, ids) or {}
  for i = #turns + 1, #ids do
    local rank = lanes_rank(tonumber(heads[2 * i]))
    local since = rank - ((priorities[i] or 0) + 1024) * step
    if since > now then
      since = rank % rank_step()
    end
    -- With another priority or aging, the rank doesn't say when the job became ready.
    times[i] = since < 0 and now or since
  end
  return ids, times
end

local function oldest_aged(q, step, now)
  local _, times = oldest_heads(q, step, now, OLDEST_HEADS)
  return times[1] and math.min(unpack(times))
end

-- In ms since the epoch; nil if no job waits. A job that was ranked under another aging may seem
-- newer.
local function oldest_ready(q, aging, now)
  local step = rank_step(aging)
  return aging and oldest_aged(q, step, now) or oldest_strict(q, step)
end
