-- deadline: until when a delayed job may wait.

-- A job's time begins when it is due: it moves along when that does.
local function deadline_move(base, id, from, to)
  local deadline = redis.call('ZSCORE', base .. 'expiring', id)
  if deadline then
    redis.call('ZADD', base .. 'expiring', string.format('%.0f', deadline - from + to), id)
  end
end
