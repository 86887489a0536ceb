--- leave: give up the lease, and release the jobs that are still held.
--
-- KEYS  1 workers  ZSET    {q}:workers
--       2 running  HASH    {q}:running:<worker>
--       3 waiting  ZSET    {q}:waiting
--       4 meta     HASH    {q}:meta
--       5 events   STREAM  {q}:events
--       6 wake     LIST    {q}:wake
-- ARGV  1 worker
-- REPLY how many jobs were released; at most 1,000 a call, and the lease ends with the last
-- ERR   LAYOUT
-- USES  layout, events, wake, running
local function leave(keys, args)
  local workers, running, waiting = keys[1], keys[2], keys[3]
  local meta, events, wake = keys[4], keys[5], keys[6]
  local worker, step = args[1], 1000
  local found = redis.call('HMGET', meta, 'layout', 'events')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  local held = redis.call('HRANDFIELD', running, step, 'WITHVALUES')
  local ids, members = {}, {}
  for i = 1, #held, 2 do
    ids[#ids + 1] = held[i]
    members[i], members[i + 1] = running_rank(held[i + 1]), held[i]
  end
  if #ids > 0 then
    redis.call('HDEL', running, unpack(ids))
    redis.call('ZADD', waiting, unpack(members))
    running_expired(string.sub(meta, 1, -5) .. 'expiring', ids)
    events_add(events, found[2], 'released', ids)
  end
  if #ids < step then
    redis.call('ZREM', workers, worker)
  end
  if redis.call('EXISTS', waiting) == 1 then
    wake_one(wake)
  end
  return #ids
end
