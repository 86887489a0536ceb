--- settle: end some of the runs that are out by hand.
--
-- Unlike `advance`, which a worker calls in step, this may be called for each job at any time: the
-- fence is that the receive still has every job.
--
-- KEYS  1  jobs       HASH    {q}:jobs
--       2  waiting    ZSET    {q}:waiting
--       3  delayed    ZSET    {q}:delayed
--       4  workers    ZSET    {q}:workers
--       5  hand       HASH    {q}:running:by-hand
--       6  priority   HASH    {q}:priority
--       7  attempts   HASH    {q}:attempts
--       8  stalls     HASH    {q}:stalls
--       9  misses     HASH    {q}:misses
--       10 progress   HASH    {q}:progress
--       11 listed     SET     {q}:listed
--       12 uniques    HASH    {q}:uniques
--       13 outcomes   HASH    {q}:outcomes
--       14 completed  ZSET    {q}:completed
--       15 failed     ZSET    {q}:failed
--       16 meta       HASH    {q}:meta
--       17 events     STREAM  {q}:events
--       18 wake       LIST    {q}:wake
--       19 visibility ZSET    {q}:visibility
-- ARGV  1 base   2 the receive   3 throttle the queue for this many ms, 0 for not   4 n, then n ids
--       then how many blocks of ended jobs follow; the blocks; then retried, released, errors and
--       effects on other queues, as in `advance`
-- REPLY the number of entries in the outbox
-- ERR   LAYOUT, LEASELOST
-- USES  clock, layout, rank, events, wake, throttle, running, deadline, tries, unique, lanes,
--       pools, tags, children, columns, key, retention, outbox, callers, cancels, wish, suspend,
--       group_of, groups, groups_back, settle, hand
local function settle(keys, args)
  local q = {
    jobs = keys[1], waiting = keys[2], delayed = keys[3], workers = keys[4], running = keys[5],
    priority = keys[6], attempts = keys[7], stalls = keys[8], misses = keys[9],
    progress = keys[10], listed = keys[11], uniques = keys[12], outcomes = keys[13],
    completed = keys[14], failed = keys[15], meta = keys[16], events = keys[17], base = args[1],
    purges = {}, trims = {},
  }
  local wake, receive, throttle, n = keys[18], args[2], tonumber(args[3]), tonumber(args[4])
  local meta = redis.call('HMGET', q.meta, 'layout', 'events', 'aging', 'expiring',
    'throttled_until', 'throttled_from', 'active', 'completed_of', 'failed_of', 'cancelling',
    'ended')
  q.kept, q.step, q.expiring = meta[2], rank_step(meta[3]), meta[4]
  q.throttled_until, q.throttled_from = meta[5], meta[6]
  q.owners, q.cancelling = { completed = meta[8], failed = meta[9] }, meta[10]
  q.ended = meta[11]
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  for _, value in ipairs(redis.call('HMGET', q.running, unpack(args, 5, 4 + n))) do
    if not hand_holds(value, receive) then
      return redis.error_reply('LEASELOST the receive does not hold the job')
    end
  end

  q.held = redis.call('HLEN', q.running)
  local now, at = clock_now(), 6 + n
  for _ = 1, tonumber(args[at - 1]) do
    at = settle_ended(q, args, at, now)
  end
  local back = args[at] ~= '0'
  if back then at = settle_retried(q, args, at, now) else at = at + 1 end
  if args[at] ~= '0' then
    at, back = settle_released(q, args, at, now), true
  else
    at = at + 1
  end
  at = settle_errors(q, args, at)
  outbox_add(q.base, args, at, q.sifted)
  settle_clear(q, now)
  throttle_hold(q, throttle, now)
  local ids = {}
  for i = 1, n do
    ids[i] = args[4 + i]
  end
  hand_end(q.workers, keys[19], ids)
  -- A worker must wake for a job that is ready again, or due before all others; for the room that is
  -- left where the number of active jobs is limited; and to know until when the queue is throttled.
  if back or q.freed or ((meta[7] or throttle > 0) and redis.call('EXISTS', q.waiting) == 1) then
    wake_one(wake)
  end
  return redis.call('XLEN', q.base .. 'outbox')
end
