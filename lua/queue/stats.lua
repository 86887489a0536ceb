--- stats: a snapshot of a queue in one call.
--
-- It takes one command for each worker and each priority in use (at most 64), and about a dozen
-- more, whatever the number of jobs.
--
-- KEYS  1 waiting     ZSET    {q}:waiting
--       2 delayed     ZSET    {q}:delayed
--       3 completed   ZSET    {q}:completed
--       4 failed      ZSET    {q}:failed
--       5 workers     ZSET    {q}:workers
--       6 priority    HASH    {q}:priority
--       7 outbox      STREAM  {q}:outbox
--       8 histograms  HASH    {q}:histograms
--       9 meta        HASH    {q}:meta
-- ARGV  1 base
-- REPLY now ms; waiting; delayed; completed; failed; for each worker: its name, its deadline ms,
--       how many jobs it holds; since when the oldest waiting job is ready, ms, or false; when the
--       next delayed job is due, ms, or false; effects in the outbox; the id of the oldest, or
--       false; of meta or false: paused, added, completed, failed, rate, active, max_length, aging,
--       events, throttled_until, ttl, dead_letter, overflow; the observations of workers, field by
--       field; cancelled, now and of meta, and how many of the delayed ones wait for their children
-- ERR   LAYOUT
-- USES  clock, layout, rank, lanes, key, group_of, group_since, oldest
local function stats(keys, args)
  local completed, failed, outbox, histograms, base = keys[3], keys[4], keys[7], keys[8], args[1]
  local q = {
    waiting = keys[1], delayed = keys[2], workers = keys[5], priority = keys[6], base = base,
  }
  local refusal = layout_check(keys[9])
  if refusal then
    return refusal
  end
  local meta = redis.call('HMGET', keys[9], 'paused', 'added', 'completed', 'failed', 'rate',
    'active', 'max_length', 'aging', 'events', 'throttled_until', 'ttl', 'dead_letter', 'overflow')
  local now, workers = clock_now(), {}
  local leases = redis.call('ZRANGE', q.workers, 0, -1, 'WITHSCORES')
  for i = 1, #leases, 2 do
    local held = redis.call('HLEN', base .. 'running:' .. leases[i])
    workers[#workers + 1] = { leases[i], string.format('%.0f', math.floor(leases[i + 1])), held }
  end
  local due = redis.call('ZRANGE', q.delayed, 0, 0, 'WITHSCORES')
  local effect = redis.call('XRANGE', outbox, '-', '+', 'COUNT', 1)[1]
  return {
    now, redis.call('ZCARD', q.waiting),
    redis.call('ZCARD', q.delayed),
    redis.call('ZCARD', completed),
    redis.call('ZCARD', failed),
    workers, oldest_ready(q, meta[8], now) or false,
    due[2] or false,
    redis.call('XLEN', outbox),
    effect and effect[1] or false,
    meta, redis.call('HGETALL', histograms),
    {
      redis.call('ZCARD', base .. 'cancelled'), redis.call('HGET', keys[9], 'cancelled'),
      redis.call('ZCARD', base .. 'waiting-children'),
    },
  }
end
