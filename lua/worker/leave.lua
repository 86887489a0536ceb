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
-- REPLY how many jobs were released, or ended as cancelled; at most 1,000 a call, and the lease
--       ends with the last
-- ERR   LAYOUT
-- USES  clock, layout, rank, events, wake, running, deadline, tries, unique, lanes, pools, tags,
--       children, columns, key, retention, outbox, callers, cancels, group_of, groups, groups_back
local function leave(keys, args)
  local q = {
    workers = keys[1], waiting = keys[3], delayed = keys[4], expiring = keys[5], meta = keys[6],
    events = keys[7], wake = keys[8], base = string.sub(keys[6], 1, -5),
  }
  local running, worker, step, now = keys[2], args[1], 1000, clock_now()
  local found = redis.call('HMGET', q.meta, 'layout', 'events', 'cancelling')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  q.kept, q.cancelling = found[2], found[3]
  local held = redis.call('HRANDFIELD', running, step, 'WITHVALUES')
  local all = #held / 2
  local ids, members = running_members(cancels_sift(q, held, 1, all, 2))
  -- The first write can't grow, so that a full Redis lets the script go on. A job leaves `running`
  -- last: if a key has a wrong type, it is still held.
  if all > 0 then redis.call('HDEL', running, '') end
  if #ids > 0 then
    groups_back(q, members, now)
    running_expired(q.expiring, ids)
    redis.call('HDEL', running, unpack(ids))
    events_add(q.events, q.kept, 'released', ids)
  end
  cancels_end(q, running, now)
  if all < step then
    redis.call('ZREM', q.workers, worker)
    redis.call('HDEL', q.base .. 'identities', worker)
  end
  wake_successor(q, now)
  return all
end
