--- retry: run an ended job again, with its attempts reset.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  priority   HASH    {q}:priority
--       7  attempts   HASH    {q}:attempts
--       8  stalls     HASH    {q}:stalls
--       9  misses     HASH    {q}:misses
--       10 outcomes   HASH    {q}:outcomes
--       11 uniques    HASH    {q}:uniques
--       12 meta       HASH    {q}:meta
--       13 events     STREAM  {q}:events
--       14 wake       LIST    {q}:wake
-- ARGV  1 base; 2 id; 3 '1' to forget what its runs have recorded
-- REPLY 1
-- ERR   LAYOUT, NOTFOUND, WRONGSTATE, KEYHELD (another job has its unique key),
--       DEADLETTER
-- CALL  once: see lib/call.lua
-- USES  clock, layout, rank, order, events, wake, key, state, pools, deadline, tries, unique,
--       children, lanes, group_of, groups, rerun, numbered, call
local function retry(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], priority = keys[6], attempts = keys[7], stalls = keys[8],
    misses = keys[9], outcomes = keys[10], uniques = keys[11], meta = keys[12],
    events = keys[13], wake = keys[14], base = args[1],
  }
  local id = args[2]
  local meta = redis.call('HMGET', q.meta, 'layout', 'events', 'aging', 'newest')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  q.kept, q.step, q.newest = meta[2], rank_step(meta[3]), meta[4]
  local state = state_of(q, id)
  if not state or state == 'waiting' or state == 'delayed' or state == 'active' then
    return state_refusal(q, id)
  end
  if rerun_elsewhere(redis.call('HGET', q.outcomes, id)) then
    return redis.error_reply('DEADLETTER its dead letter waits elsewhere')
  end
  local _, kept, holder = rerun_claim(q, { id })
  if #kept > 0 then
    return redis.error_reply('KEYHELD ' .. holder)
  end
  rerun_all(q, key_of(q, state), { id }, clock_now())
  if args[3] == '1' then
    redis.call('DEL', q.base .. 'once:job:' .. id, q.base .. 'steps:' .. id)
    children_end(q.base, { id }, 1, 1, true)
  end
  wake_one(q.wake)
  return 1
end
