--- give_back: end a receive, and release the jobs that it has taken unbeknown to its caller.
--
-- For a receive that was dropped, or whose answer was lost. Its calls that are still under way are
-- refused from then on.
--
-- KEYS  1 workers     ZSET    {q}:workers
--       2 hand        HASH    {q}:running:by-hand
--       3 visibility  ZSET    {q}:visibility
--       4 waiting     ZSET    {q}:waiting
--       5 meta        HASH    {q}:meta
--       6 events      STREAM  {q}:events
--       7 wake        LIST    {q}:wake
-- ARGV  1 the receive   2 where to go on among the jobs that are out, as the last call answered;
--       '0' at first
-- REPLY where to go on; '0' if all are done: about 1,000 jobs are looked at in a call
-- ERR   LAYOUT
-- USES  clock, layout, rank, events, wake, running, deadline, tries, unique, lanes, pools, tags,
--       children, columns, key, retention, outbox, callers, cancels, hand, group_of, groups,
--       groups_back
local function give_back(keys, args)
  local workers, hand, visibility, waiting = keys[1], keys[2], keys[3], keys[4]
  local meta, events, wake = keys[5], keys[6], keys[7]
  local receive, cursor, base = args[1], args[2], string.sub(meta, 1, -5)
  local found = redis.call('HMGET', meta, 'layout', 'events', 'cancelling')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  local page = redis.call('HSCAN', hand, cursor, 'COUNT', 1000)
  local out, held = page[2], {}
  for i = 1, #out, 2 do
    if hand_holds(out[i + 1], receive) then
      held[#held + 1], held[#held + 2] = out[i], out[i + 1]
    end
  end
  local q = {
    waiting = waiting, base = base, meta = meta, events = events, kept = found[2],
    cancelling = found[3],
  }
  local now, all = clock_now(), running_members(held)
  held = cancels_sift(q, held, 1, #held / 2, 2)
  local ids, members = running_members(held)
  redis.call('ZREM', workers, receive)
  cancels_end(q, hand, now)
  if #ids > 0 then
    groups_back(q, members, now)
    running_expired(base .. 'expiring', ids)
    redis.call('HDEL', hand, unpack(ids))
    events_add(events, found[2], 'released', ids)
  end
  if #all > 0 then hand_end(workers, visibility, all) end
  wake_successor({
    waiting = waiting, delayed = base .. 'delayed', expiring = base .. 'expiring',
    workers = workers, wake = wake,
  }, now)
  return page[1]
end
