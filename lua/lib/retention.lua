-- retention: what is kept of jobs that have ended. At most 1,000 go per call; the next call goes
-- on.

local RETENTION_STEP = 1000

-- Removes these jobs, which are the first of their set.
local function retention_remove(c, set, ids)
  redis.call('ZREMRANGEBYRANK', set, 0, #ids - 1)
  if c.plain then redis.call('HDEL', c.outcomes, unpack(ids)) end
  columns_purge(c, ids)
end

-- Trims a set of ended jobs to the newest `count` and to those younger than `age` ms; -1: no bound.
local function retention_trim(c, set, count, age, now)
  if age >= 0 then
    local old = redis.call('ZRANGEBYSCORE', set, '-inf', string.format('%.0f', now - age),
      'LIMIT', 0, RETENTION_STEP)
    if #old > 0 then
      retention_remove(c, set, old)
    end
  end
  if count >= 0 then
    local excess = redis.call('ZCARD', set) - count
    if excess > 0 then
      retention_remove(c, set, redis.call('ZRANGE', set, 0, math.min(excess, RETENTION_STEP) - 1))
    end
  end
end
