--- priority: change the priority of a job that has not ended.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  priority   HASH    {q}:priority
--       7  meta       HASH    {q}:meta
-- ARGV  1 base; 2 id; 3 priority
-- REPLY 1
-- ERR   LAYOUT, NOTFOUND, WRONGSTATE
-- CALL  once: see lib/call.lua
-- USES  clock, layout, rank, lanes, key, group_of, groups, reprioritize, state, numbered, call
local function priority(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], priority = keys[6], meta = keys[7], base = args[1],
  }
  local id = args[2]
  local meta = redis.call('HMGET', q.meta, 'layout', 'aging')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local state, rank = state_of(q, id)
  if not state or state == 'completed' or state == 'failed' or state == 'cancelled' then
    return state_refusal(q, id)
  end
  q.step = rank_step(meta[2])
  reprioritize(q, id, tonumber(args[3]), state == 'waiting' and rank, clock_now())
  return 1
end
