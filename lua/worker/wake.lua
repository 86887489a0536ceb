--- wake: a worker looks no more, so another one must if there is a reason.
--
-- For a worker that took the token and has no free slot, that is paused, or that stops. If it names
-- its own wait for the token, that ends: so it can't take what is meant for another.
--
-- KEYS  1 waiting   ZSET  {q}:waiting
--       2 delayed   ZSET  {q}:delayed
--       3 expiring  ZSET  {q}:expiring
--       4 workers   ZSET  {q}:workers
--       5 meta      HASH  {q}:meta
--       6 wake      LIST  {q}:wake
-- ARGV  1 worker, whose turn is over; '' for none   2 the name of its wait, '' for none
-- REPLY 1 if there was a reason, else 0
-- ERR   LAYOUT
-- USES  clock, layout, wake, lease, turn
local function wake(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], expiring = keys[3], workers = keys[4], meta = keys[5],
    wake = keys[6], worker = args[1],
  }
  local meta = redis.call('HMGET', q.meta, 'layout', 'turn')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local now = clock_now()
  q.turn = meta[2]
  if q.turn then turn_end(q, now, true) end
  if args[2] ~= '' then
    -- First, so that the token goes to the next in line.
    redis.call('LPUSH', q.wake .. ':' .. args[2], '1')
    redis.call('PEXPIRE', q.wake .. ':' .. args[2], 10000)
  end
  return wake_successor(q, now)
end
