-- deadline: until when a delayed job may wait.

-- A job's time to live starts when it is due, so it moves with the due time. That of a job which is
-- parked is beyond all times as well.
local function deadline_move(base, id, from, to)
  local deadline = redis.call('ZSCORE', base .. 'expiring', id)
  -- A score below 0 means that it was handed out as expired. It stays so.
  if deadline and tonumber(deadline) >= 0 then
    redis.call('ZADD', base .. 'expiring', string.format('%.0f', deadline - from + to), id)
  end
end
