--- extend: set anew until when a job is out by hand.
--
-- The other jobs of its receive keep theirs. Nothing else changes, so it may be called twice.
--
-- KEYS  1 workers     ZSET  {q}:workers
--       2 hand        HASH  {q}:running:by-hand
--       3 visibility  ZSET  {q}:visibility
--       4 meta        HASH  {q}:meta
--       5 wake        LIST  {q}:wake
-- ARGV  1 the receive that has the job   2 id   3 for how many ms from now
-- REPLY 1
-- ERR   LAYOUT, LEASELOST, CANCELLED (the job is to end as cancelled)
-- CALL  once: see lib/call.lua
-- USES  clock, layout, wake, hand, numbered, call
local function extend(keys, args)
  local workers, hand, visibility, meta, wake = keys[1], keys[2], keys[3], keys[4], keys[5]
  local receive, id, ms = args[1], args[2], tonumber(args[3])
  local found = redis.call('HMGET', meta, 'layout', 'cancelling')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  if not hand_holds(redis.call('HGET', hand, id), receive) then
    return redis.error_reply('LEASELOST the receive does not hold the job')
  end
  if found[2] and redis.call('HEXISTS', string.sub(meta, 1, -5) .. 'cancels', id) == 1 then
    return redis.error_reply('CANCELLED the job is cancelled')
  end
  -- The first write can't grow: then a full Redis lets the script go on.
  redis.call('HDEL', hand, '')
  local now, head = clock_now(), redis.call('ZRANGE', workers, 0, 0, 'WITHSCORES')
  hand_out(workers, visibility, { id }, now + ms)
  -- Sooner than any other: a worker must know when to take the job back.
  if not head[2] or now + ms < math.floor(head[2]) then wake_at(wake, now + ms, now) end
  return 1
end
