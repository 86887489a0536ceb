--- leave: give up the lease, and release the jobs that are still held.
--
-- KEYS  1 workers   ZSET    {q}:workers
--       2 running   HASH    {q}:running:<worker>
--       3 waiting   ZSET    {q}:waiting
--       4 delayed   ZSET    {q}:delayed
--       5 expiring  ZSET    {q}:expiring
--       6 meta      HASH    {q}:meta
--       7 events    STREAM  {q}:events
--       8 wake      LIST    {q}:wake
-- ARGV  1 worker
-- REPLY how many jobs were released; at most 1,000 a call, and the lease ends with the last
-- ERR   LAYOUT
-- USES  clock, layout, events, wake, running
local function leave(keys, args)
  local q = {
    workers = keys[1], waiting = keys[3], delayed = keys[4], expiring = keys[5], wake = keys[8],
  }
  local running, meta, events, worker, step = keys[2], keys[6], keys[7], args[1], 1000
  local found = redis.call('HMGET', meta, 'layout', 'events')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  local held = redis.call('HRANDFIELD', running, step, 'WITHVALUES')
  local ids, members = running_members(held)
  if #ids > 0 then
    -- The first write can't grow, so that a full Redis lets the script go on. A job leaves
    -- `running` last: if a key has a wrong type, it is still held.
    redis.call('HDEL', running, '')
    redis.call('ZADD', q.waiting, unpack(members))
    running_expired(q.expiring, ids)
    redis.call('HDEL', running, unpack(ids))
    events_add(events, found[2], 'released', ids)
  end
  if #ids < step then
    redis.call('ZREM', q.workers, worker)
  end
  wake_successor(q, clock_now())
  return #ids
end
