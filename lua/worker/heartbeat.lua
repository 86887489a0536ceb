--- heartbeat: move the lease, and answer how many jobs the worker holds.
--
-- KEYS  1 workers  ZSET  {q}:workers
--       2 running  HASH  {q}:running:<worker>
--       3 meta     HASH  {q}:meta
-- ARGV  1 worker   2 lease ms   3 '1' if the worker has heard all answers to its calls
-- REPLY how many jobs the worker holds; or, if jobs are marked, a list: that, then for each mark of
--       such a job that it holds, ids and the mark. Of more than 1,000 marks it looks at as many,
--       others each time.
-- ERR   LAYOUT, LEASELOST
-- USES  clock, layout, lease, lanes, held, setback, marks
local function heartbeat(keys, args)
  local workers, running, meta = keys[1], keys[2], keys[3]
  local worker, lease = args[1], tonumber(args[2])
  local found = redis.call('HMGET', meta, 'layout', 'cancelling')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  local before = redis.call('ZSCORE', workers, worker)
  if not before then
    return redis.error_reply('LEASELOST the worker is not known, or its lease ran out')
  end
  -- The first write can't grow: then a full Redis lets the script go on.
  redis.call('HDEL', running, '')
  local unheard = args[3] == '0' and tonumber(before) % 1 or 0
  local now, base = clock_now(), string.sub(meta, 1, -5)
  setback_look({ workers = workers, meta = meta, base = base }, before, lease, now)
  lease_extend(workers, worker, now + lease + unheard)
  local held = redis.call('HLEN', running)
  return found[2] and marks_of(base .. 'cancels', running, held) or held
end
