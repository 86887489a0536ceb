--- promote: make a delayed job ready now.
--
-- One that runs after another of its unique key is ready as soon as that has ended. What a suspended
-- one waits for is over.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  priority   HASH    {q}:priority
--       7  meta       HASH    {q}:meta
--       8  events     STREAM  {q}:events
--       9  wake       LIST    {q}:wake
-- ARGV  1 base; 2 id
-- REPLY 1
-- ERR   LAYOUT, NOTFOUND, WRONGSTATE
-- CALL  once: see lib/call.lua
-- USES  clock, layout, rank, events, wake, deadline, tries, unique, key, state, wish, numbered,
--       call, parked, lanes, group_of, groups
local function promote(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], priority = keys[6], meta = keys[7], events = keys[8], wake = keys[9],
    base = args[1],
  }
  local id = args[2]
  local meta = redis.call('HMGET', q.meta, 'layout', 'events', 'aging')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local due = redis.call('ZSCORE', q.delayed, id)
  if not due then
    return state_refusal(q, id)
  end
  local now, names = clock_now(), wish_of(q.base, id, due)
  if names and wish_is_for_children(names) then
    return redis.error_reply('WRONGSTATE waiting-children')
  end
  if parked_delay(q.base, id, due, now) then
    return 1
  end
  redis.call('ZREM', q.delayed, id)
  local priority = redis.call('HGET', q.priority, id) or 0
  groups_ready(q, { rank_text(priority, rank_step(meta[3]), now), id }, { priority }, now)
  if names then
    wish_move(q.base, id, names, due, now)
  else
    deadline_move(q.base, id, due, now)
    tries_due(q.base, id, now)
  end
  events_add(q.events, meta[2], 'waiting', { id })
  wake_one(q.wake)
  return 1
end
