--- join: become a worker under a new name, and take over the jobs held under the old one.
--
-- A worker that lost its lease, or the reply to a call, goes on under a new name. Calls that are
-- still in flight under the old name are then refused, and the worker knows again which jobs it
-- holds.
--
-- A job that it doesn't know of was handed out by an answer that it missed. Its run has not begun, so
-- it goes back to its place, and nothing is counted; or it ends as cancelled.
--
-- KEYS  1 workers   ZSET    {q}:workers
--       2 running   HASH    {q}:running:<worker>
--       3 former    HASH    {q}:running:<old worker>; the same as 2 where there is none
--       4 waiting   ZSET    {q}:waiting
--       5 expiring  ZSET    {q}:expiring
--       6 meta      HASH    {q}:meta
--       7 events    STREAM  {q}:events
--       8 wake      LIST    {q}:wake
-- ARGV  1 worker   2 old worker, '' for none   3 lease ms
--       4 rate and 5 active: limits set in code, '' for none, '-' to leave it; one set at run time
--       wins
--       6… ids of the jobs that the worker believes it holds
-- REPLY those among ARGV 6… that it holds
-- ERR   LAYOUT, INVALID
-- USES  clock, layout, rank, lease, lanes, held, setback, events, wake, soon, running, deadline, tries,
--       unique, pools, tags, children, columns, key, retention, outbox, callers, cancels,
--       group_of, groups, groups_back, reconcile, code_limits, number
local function join(keys, args)
  local q = {
    workers = keys[1], running = keys[2], waiting = keys[4], expiring = keys[5], meta = keys[6],
    events = keys[7], wake = keys[8], base = string.sub(keys[6], 1, -5),
  }
  local workers, former, meta = keys[1], keys[3], keys[6]
  local worker, old, lease = args[1], args[2], tonumber(args[3])
  local found = redis.call('HMGET', meta, 'layout', 'events', 'cancelling', 'ended')
  local refusal = layout_refusal(found[1]) or number_refusal('rate', args[4])
    or number_refusal('active', args[5])
  if refusal then
    return refusal
  end
  q.kept, q.cancelling, q.ended = found[2], found[3], found[4]

  redis.call('HDEL', q.running, '')
  -- A resend, perhaps of a try that comes late: by then the worker may have fetched under this name.
  local again = lease_held(workers, worker)
  local now, own = clock_now(), old ~= '' and redis.call('ZSCORE', workers, old)
  if own then setback_look(q, own, lease, now) else setback_look_around(q, now) end
  if old ~= '' then
    redis.call('ZREM', workers, old)
    redis.call('HDEL', q.base .. 'identities', old)
    if redis.call('EXISTS', former) == 1 then
      redis.call('RENAME', former, q.running)
    end
  end
  layout_mark(meta, found[1])
  lease_extend(workers, worker, now + lease)
  local rate = code_limits_set(meta, 'rate', args[4])
  local active = code_limits_set(meta, 'active', args[5])
  local known = {}
  for i = 6, #args do
    known[args[i]] = true
  end
  local kept, unknown = reconcile_known(q.running, known)
  local back = not again and reconcile_back(q, unknown, now)
  -- Under other limits, more may start; and nobody has the turn any more.
  if back or ((rate or active) and soon_any(q.waiting, q.base, now)) then wake_one(q.wake) end
  return kept
end
