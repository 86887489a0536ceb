--- extend: give one held job a lease of its own.
--
-- The other jobs of the worker keep their lease. A second call does no harm.
--
-- KEYS  1 workers  ZSET  {q}:workers
--       2 running  HASH  {q}:running:<worker>
--       3 former   HASH  {q}:running:<old worker>
--       4 meta     HASH  {q}:meta
--       5 wake     LIST  {q}:wake
-- ARGV  1 worker   2 old worker   3 id   4 lease ms from now
-- REPLY 1
-- ERR   LAYOUT, LEASELOST
-- USES  clock, layout, lease, wake
local function extend(keys, args)
  local workers, running, former, meta, wake = keys[1], keys[2], keys[3], keys[4], keys[5]
  local worker, old, id, lease = args[1], args[2], args[3], tonumber(args[4])
  local refusal = layout_check(meta)
  if refusal then
    return refusal
  end
  local value = redis.call('HGET', former, id)
  if not value and redis.call('HEXISTS', running, id) == 0 then
    return redis.error_reply('LEASELOST the worker does not hold the job')
  end
  -- The first write can't grow: then a full Redis lets the script go on.
  redis.call('HDEL', former, id)
  if value then
    redis.call('HSET', running, id, value)
  end
  local now, head = clock_now(), redis.call('ZRANGE', workers, 0, 0, 'WITHSCORES')
  lease_extend(workers, worker, now + lease)
  -- Sooner than any other: a worker must know when to take the job back.
  if not head[2] or now + lease < tonumber(head[2]) then wake_at(wake, now + lease, now) end
  if redis.call('EXISTS', former) == 0 then
    redis.call('ZREM', workers, old)
  end
  return 1
end
