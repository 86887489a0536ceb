-- rank: the score in `waiting`. rank = (priority + 1024) * step + ms; the lowest goes first.

-- The step between two priorities: 2^42 ms, 139 years, unless the queue ages its jobs.
local function rank_step(aging)
  return tonumber(aging or 4398046511104)
end

-- As text, since Lua's own tostring loses digits above 2^46.
local function rank_text(priority, step, ms)
  return string.format('%.0f', (priority + 1024) * step + ms)
end

-- When a job became ready, by its rank. A rank of another priority, or of another step, gives a time
-- at which it can't have done so; then it counts from now.
local function rank_ready(rank, priority, step, now)
  local ms = rank - (priority + 1024) * step
  if ms < 0 or ms > now then
    return now
  end
  return ms
end

-- The priorities of ids; 0 for a job without a value in the sparse column.
local function rank_priorities(column, ids)
  if redis.call('EXISTS', column) == 0 then
    return {}
  end
  return redis.call('HMGET', column, unpack(ids))
end
