--- counts: how many jobs are in each state, and the limits in force.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  meta       HASH    {q}:meta
-- ARGV  1 base
-- REPLY waiting; delayed; active; completed; failed; workers; then of meta or false: paused,
--       added, completed, failed, rate, active, max_length, aging, events, layout; and, if the
--       outbox isn't empty or more is set, how many entries it has; and, if more is set, ttl,
--       dead_letter, overflow, cancelled, how many jobs are cancelled, and how many of the delayed
--       ones wait for their children
-- ERR   none
-- USES  active
local function counts(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], meta = keys[6], base = args[1],
  }
  local reply = {
    redis.call('ZCARD', q.waiting),
    redis.call('ZCARD', q.delayed),
    active_count(q),
    redis.call('ZCARD', q.completed),
    redis.call('ZCARD', q.failed),
    redis.call('ZCARD', q.workers),
    redis.call('HMGET', q.meta, 'paused', 'added', 'completed', 'failed', 'rate', 'active',
      'max_length', 'aging', 'events', 'layout'),
  }
  local effects = redis.call('XLEN', q.base .. 'outbox')
  local more = redis.call('HMGET', q.meta, 'ttl', 'dead_letter', 'overflow', 'cancelled')
  local parents = redis.call('ZCARD', q.base .. 'waiting-children')
  local set = more[1] or more[2] or more[3] or more[4] or parents > 0
  if effects > 0 or set then reply[8] = effects end
  if set then
    more[5], more[6] = redis.call('ZCARD', q.base .. 'cancelled'), parents
    reply[9] = more
  end
  return reply
end
