-- deadline: until when a delayed job may wait.

-- A job's time begins when it is due: it moves along when that does.
local function deadline_move(base, id, from, to)
  local deadline = redis.call('ZSCORE', base .. 'expiring', id)
  -- Below 0 it was handed out as expired, which it stays.
  if deadline and tonumber(deadline) >= 0 then
    redis.call('ZADD', base .. 'expiring', string.format('%.0f', deadline - from + to), id)
  end
end
