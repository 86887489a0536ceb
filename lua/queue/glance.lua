--- glance: what a list of many queues shows of one.
--
-- Six commands in an idle queue; if jobs wait, one for each priority in use and one more; one if
-- any is delayed, and one for each worker.
--
-- KEYS  1 waiting  ZSET  {q}:waiting
--       2 delayed  ZSET  {q}:delayed
--       3 failed   ZSET  {q}:failed
--       4 workers  ZSET  {q}:workers
--       5 meta     HASH  {q}:meta
-- ARGV  1 base
-- REPLY now ms; waiting; delayed; active; failed; workers; how many of them hold a lease; since when
--       the oldest waiting job is ready, ms, or false; when the next delayed job is due, ms, or
--       false; of meta or false: layout, paused, added,
--       completed, failed, cancelled, throttled_until
-- ERR   LAYOUT
-- USES  clock, layout, rank, lanes, key, group_of, group_since, oldest
local function glance(keys, args)
  local q = {
    waiting = keys[1], workers = keys[4], priority = args[1] .. 'priority', base = args[1],
  }
  local meta = redis.call('HMGET', keys[5], 'layout', 'paused', 'added', 'completed', 'failed',
    'cancelled', 'throttled_until', 'aging')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local now = clock_now()
  local waiting, delayed = redis.call('ZCARD', q.waiting), redis.call('ZCARD', keys[2])
  local oldest = waiting > 0 and oldest_ready(q, meta[8], now) or false
  local due = delayed > 0 and redis.call('ZRANGE', keys[2], 0, 0, 'WITHSCORES')[2] or false
  local workers, alive, active = redis.call('ZRANGE', q.workers, 0, -1, 'WITHSCORES'), 0, 0
  for i = 1, #workers, 2 do
    if tonumber(workers[i + 1]) > now then alive = alive + 1 end
    active = active + redis.call('HLEN', args[1] .. 'running:' .. workers[i])
  end
  meta[8] = nil
  return {
    now, waiting, delayed, active, redis.call('ZCARD', keys[3]), #workers / 2, alive, oldest, due,
    meta,
  }
end
