--- obliterate: remove a queue and all that belongs to it, in steps.
--
-- The queue is paused first. Unique keys with a lifetime and recorded effects expire by themselves.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  jobs       HASH    {q}:jobs
--       7  priority   HASH    {q}:priority
--       8  attempts   HASH    {q}:attempts
--       9  stalls     HASH    {q}:stalls
--       10 misses     HASH    {q}:misses
--       11 progress   HASH    {q}:progress
--       12 listed     SET     {q}:listed
--       13 uniques    HASH    {q}:uniques
--       14 outcomes   HASH    {q}:outcomes
--       15 meta       HASH    {q}:meta
--       16 events     STREAM  {q}:events
--       17 wake       LIST    {q}:wake
--       18 histograms HASH    {q}:histograms
-- ARGV  1 base; 2 '1' to do so even while jobs are active
-- REPLY 0 if it is done, 1 if it must be called again
--       The outbox stays, and the last applied entry of each source.
-- ERR   LAYOUT, HASACTIVE
-- CALL  once: see lib/call.lua
-- USES  layout, active, wake, clock, deadline, tries, unique, lanes, pools, tags, children,
--       columns, ticks, outbox, callers, home, numbered, call
local function obliterate(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], jobs = keys[6], priority = keys[7], attempts = keys[8],
    stalls = keys[9], misses = keys[10], progress = keys[11], listed = keys[12],
    uniques = keys[13], outcomes = keys[14], meta = keys[15], events = keys[16],
    wake = keys[17], base = args[1],
  }
  local step = 1000
  local refusal = layout_check(q.meta)
  if refusal then
    return refusal
  end
  local active = active_count(q)
  if active > 0 and args[2] ~= '1' then
    return redis.error_reply('HASACTIVE ' .. active)
  end
  local traced = redis.call('SRANDMEMBER', q.listed, step)
  if #traced > 0 then
    columns_purge_lists(q.listed, q.base, traced, 1, #traced)
  end
  local claimed = redis.call('HRANDFIELD', q.uniques, step)
  if #claimed > 0 then
    unique_free(q.uniques, q.base, claimed, 1, #claimed, true)
  end
  local parked = redis.call('HRANDFIELD', q.base .. 'lane_of', step)
  if #parked > 0 then
    callers_tell(q, parked, 'removed')
    lanes_leave(q.base, parked)
    redis.call('ZREM', q.waiting, unpack(parked))
  end
  local groups = redis.call('ZRANGE', q.base .. 'groups', 0, step - 1)
  for _, group in ipairs(groups) do
    redis.call('UNLINK', q.base .. 'waiting:' .. group)
  end
  if #groups > 0 then redis.call('ZREM', q.base .. 'groups', unpack(groups)) end
  local tagged = redis.call('HRANDFIELD', q.base .. 'tags', step)
  if #tagged > 0 then tags_leave(q.base, tagged, 1, #tagged) end
  local flows = redis.call('HRANDFIELD', q.base .. 'flow:ids', step / 10)
  for _, key in ipairs(flows) do
    home_remove(q.base, key)
  end
  if #traced == step or #claimed == step or #parked == step or #groups == step
    or #tagged == step or #flows == step / 10 then
    redis.call('HSET', q.meta, 'paused', '1')
    return 1
  end
  -- All who wait for an answer hear of it.
  for _, set in ipairs({ q.waiting, q.delayed }) do
    local ids = redis.call('ZRANGE', set, 0, step - 1)
    callers_tell(q, ids, 'removed')
    redis.call('ZREMRANGEBYRANK', set, 0, step - 1)
    if #ids == step then
      redis.call('HSET', q.meta, 'paused', '1')
      return 1
    end
  end
  for _, worker in ipairs(redis.call('ZRANGE', q.workers, 0, -1)) do
    local running = q.base .. 'running:' .. worker
    if args[2] == '1' then callers_tell(q, redis.call('HKEYS', running), 'removed') end
    redis.call('UNLINK', running, q.base .. 'cancel:' .. worker)
  end
  for _, pool in ipairs(redis.call('SMEMBERS', q.base .. 'pools')) do
    redis.call('UNLINK', q.base .. 'pool:' .. pool)
  end
  for _, name in ipairs({ 'schedules', 'ticks', 'fired', 'marks', 'owners', 'ticking', 'flows',
    'flow:ids', 'flows:ended', 'flows:kept', 'flowing', 'children', 'waiting-children', 'history',
    'history:1m', 'history:10m', 'history:1h', 'deploys', 'group_of', 'passes', 'weights', 'group_limits',
    'groups:active', 'groups:tat', 'groups:until', 'keys_of', 'keys:active', 'keys:back', 'keys:blocked' }) do
    redis.call('UNLINK', q.base .. name)
  end
  redis.call('UNLINK', q.base .. 'expiring', q.base .. 'visibility', q.base .. 'pools',
    q.base .. 'cancelled', q.base .. 'cancels', q.base .. 'identities', unpack(keys))
  return 0
end
