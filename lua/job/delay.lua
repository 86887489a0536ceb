--- delay: change when a delayed job is due.
--
-- One that runs after another of its unique key runs after that in any case. What a suspended one
-- waits for is over then.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  meta       HASH    {q}:meta
--       7  events     STREAM  {q}:events
--       8  wake       LIST    {q}:wake
-- ARGV  1 base; 2 id; 3 due: '+<ms>' from now or '<ms>' since epoch
-- REPLY 1
-- ERR   LAYOUT, NOTFOUND, WRONGSTATE
-- CALL  once: see lib/call.lua
-- USES  clock, layout, events, wake, deadline, tries, unique, key, state, wish, numbered, call,
--       parked
local function delay(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], meta = keys[6], events = keys[7], wake = keys[8], base = args[1],
  }
  local id, due = args[2], tonumber(args[3])
  local meta = redis.call('HMGET', q.meta, 'layout', 'events')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local old = redis.call('ZSCORE', q.delayed, id)
  if not old then
    return state_refusal(q, id)
  end
  local now, names = clock_now(), wish_of(q.base, id, old)
  if names and wish_is_for_children(names) then
    return redis.error_reply('WRONGSTATE waiting-children')
  end
  if string.sub(args[3], 1, 1) == '+' then
    due = now + due
  end
  if not parked_delay(q.base, id, old, due) then
    redis.call('ZADD', q.delayed, due, id)
    if names then
      wish_move(q.base, id, names, old, due)
    else
      deadline_move(q.base, id, old, due)
      tries_due(q.base, id, due)
    end
  end
  events_add(q.events, meta[2], 'delayed', { id })
  -- It may be the first to be due now.
  wake_at(q.wake, due, now)
  return 1
end
