--- signal: send a job a value that it waits for, or will.
--
-- It is kept until a wait takes it. A job that waits for it is ready at once.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  priority   HASH    {q}:priority
--       7  listed     SET     {q}:listed
--       8  meta       HASH    {q}:meta
--       9  events     STREAM  {q}:events
--       10 wake       LIST    {q}:wake
-- ARGV  1 base; 2 id; 3 the signal's name; 4 its value; 5 how many a job keeps
-- REPLY 1 if it has ended a wait, 0 if it is kept
-- ERR   LAYOUT, NOTFOUND, WRONGSTATE, SIGNALSFULL
-- CALL  once: see lib/call.lua
-- USES  clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post,
--       numbered, call
local function signal(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], priority = keys[6], listed = keys[7], meta = keys[8], events = keys[9],
    wake = keys[10], base = args[1],
  }
  local id, name, steps = args[2], args[3], args[1] .. 'steps:' .. args[2]
  local refusal = layout_check(q.meta)
  if refusal then
    return refusal
  end
  local state, score = state_of(q, id)
  if state ~= 'waiting' and state ~= 'delayed' and state ~= 'active' then
    return state_refusal(q, id)
  end
  if tonumber(redis.call('HGET', steps, '?') or 0) >= tonumber(args[5]) then
    return redis.error_reply('SIGNALSFULL ' .. args[5])
  end
  return post_signal(q, id, name, args[4], state, score)
end
