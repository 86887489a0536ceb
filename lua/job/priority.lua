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
-- USES  clock, layout, rank, lanes, state
local function priority(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], priority = keys[6], meta = keys[7], base = args[1],
  }
  local id, wanted = args[2], tonumber(args[3])
  local meta = redis.call('HMGET', q.meta, 'layout', 'aging')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local state, rank = state_of(q, id)
  if not state or state == 'completed' or state == 'failed' then
    return state_refusal(q, id)
  end
  if state == 'waiting' then
    local lane = redis.call('HGET', q.base .. 'lane_of', id)
    local former, step = redis.call('HGET', q.priority, id) or 0, rank_step(meta[2])
    -- The rank may belong to another priority, if that changed while the job was active.
    local ms = rank_ready(lanes_rank(tonumber(rank)), former, step, clock_now())
    if lane then
      lanes_put(q, { [lane] = { rank_text(wanted, step, ms), id } })
    else
      redis.call('ZADD', q.waiting, rank_text(wanted, step, ms), id)
    end
  end
  if wanted == 0 then
    redis.call('HDEL', q.priority, id)
  else
    redis.call('HSET', q.priority, id, wanted)
  end
  return 1
end
