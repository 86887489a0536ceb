-- throttle: a time before which nothing may be fetched, set by a handler.

-- Until when the queue is throttled; nil if it isn't. If the clock was set back since, it is over.
local function throttle_until(q, now)
  local till = tonumber(q.throttled_until or 0)
  if till > now and tonumber(q.throttled_from or 0) <= now then return till end
end

-- Throttles the queue for so many ms, unless it is throttled for longer.
local function throttle_hold(q, hold, now)
  if hold > 0 and now + hold > (throttle_until(q, now) or 0) then
    q.throttled_from, q.throttled_until = now, string.format('%.0f', now + hold)
    redis.call('HSET', q.meta, 'throttled_until', q.throttled_until, 'throttled_from',
      string.format('%.0f', now))
  end
end
