--- throttles: what holds back the jobs of a queue, and until when.
--
-- KEYS  1 waiting  ZSET  {q}:waiting
--       2 workers  ZSET  {q}:workers
--       3 meta     HASH  {q}:meta
-- ARGV  1 base
-- REPLY now ms; of meta or false: paused, rate, tat, active; until when the queue is throttled, in
--       ms, and since when, or false for both; how many jobs are active; how many wait; a list of
--       pairs: a lane and how many jobs wait in it, at most 100; and a list of keys for which jobs
--       wait, how many do, and how many of them are active, at most 100
-- ERR   LAYOUT
-- USES  clock, layout, active, throttle
local function throttles(keys, args)
  local q = { waiting = keys[1], workers = keys[2], meta = keys[3], base = args[1] }
  local found = redis.call('HMGET', q.meta, 'layout', 'paused', 'rate', 'tat', 'active',
    'throttled_until', 'throttled_from')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  q.throttled_until, q.throttled_from = found[6], found[7]
  local now, lanes, keyed = clock_now(), {}, {}
  local till = throttle_until(q, now)
  for _, lane in ipairs(redis.call('ZRANGE', q.base .. 'lanes', 0, 99)) do
    lanes[#lanes + 1] = { lane, redis.call('ZCARD', q.base .. 'lane:' .. lane) }
  end
  for i, key in ipairs(redis.call('ZRANGE', q.base .. 'keys:blocked', 0, 99)) do
    keyed[i] = { key, redis.call('ZCARD', q.base .. 'lane:\1' .. key), redis.call('ZLEXCOUNT',
      q.base .. 'keys:active', '[' .. key .. '\n', '(' .. key .. '\11') }
  end
  return {
    now, found[2], found[3], found[4], found[5],
    till and string.format('%.0f', till) or false, till and found[7] or false,
    active_count(q), redis.call('ZCARD', q.waiting), lanes, keyed,
  }
end
