-- due: times at which something falls due, perhaps sooner than the workers know. q: delayed, meta, base.

-- Delays jobs. Answers whether one of them is due before all other delayed jobs, and before idle
-- workers look by themselves: then one must wake, to know when.
local function due_delay(q, delayed, soonest, now)
  local head = redis.call('ZRANGE', q.delayed, 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', q.delayed, unpack(delayed))
  return soonest <= now + WAKE_SLEEP and (not head or soonest < tonumber(head))
end

-- Notes when jobs expire. Answers whether one does before all others, and before idle workers look
-- by themselves.
local function due_expire(q, members, soonest, now)
  local expiring = q.base .. 'expiring'
  local sooner = soonest <= now + WAKE_SLEEP
    and redis.call('ZCOUNT', expiring, 0, string.format('%.0f', soonest)) == 0
  redis.call('ZADD', expiring, unpack(members))
  redis.call('HSET', q.meta, 'expiring', 1)
  return sooner
end
