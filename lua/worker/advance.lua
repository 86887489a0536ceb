--- advance: settle a batch of runs, promote what is due, take up to n jobs, move the lease.
--
-- KEYS  1  jobs       HASH    {q}:jobs
--       2  waiting    ZSET    {q}:waiting
--       3  delayed    ZSET    {q}:delayed
--       4  workers    ZSET    {q}:workers
--       5  running    HASH    {q}:running:<worker>
--       6  priority   HASH    {q}:priority
--       7  attempts   HASH    {q}:attempts
--       8  stalls     HASH    {q}:stalls
--       9  misses     HASH    {q}:misses
--       10 progress   HASH    {q}:progress
--       11 listed     SET     {q}:listed
--       12 uniques    HASH    {q}:uniques
--       13 outcomes   HASH    {q}:outcomes
--       14 completed  ZSET    {q}:completed
--       15 failed     ZSET    {q}:failed
--       16 meta       HASH    {q}:meta
--       17 events     STREAM  {q}:events
--       18 wake       LIST    {q}:wake
-- ARGV  1 base, the prefix of this queue's other keys   2 worker   3 lease ms
--       4 how many jobs the worker believes it holds    5 how many more it wants
--         To receive by hand, 4 is '+' and for how many ms each job is out, 2 is the receive, and
--         `running` is {q}:running:by-hand. The receive ends with the first jobs.
--       6 throttle the queue for this many ms, 0 for not
--       7 how many jobs of which lanes the worker can start now, those that it limits: lines of a
--         number and a lane, each with its end
--       8 how many blocks of ended jobs follow; the blocks; then retried, released and errors:
--         see lib/settle.lua; then effects on other queues, if any: see lib/outbox.lua
-- REPLY now ms; ms until the next due job or the end of the next lease; jobs left waiting; the
--       limit that kept it from giving more, 'bytes' if no more fitted into the answer; ids as one
--       text, separated by spaces; records;
--       attempts, stalls and misses, each a list or false; the number of entries in the outbox, if
--       there are any or a list follows; and a list of pairs, if it has any: `expired` ids, as one
--       text, of the jobs not to run, `expires` ms until the next one does or -1, `dead_letter` the
--       queue's own dead-letter queue, `ticks` when the first schedule is due, ms
-- ERR   LAYOUT, LEASELOST, OUTOFSTEP
-- FIRST plain_advance
-- USES  clock, layout, rank, events, wake, lease, lanes, held, setback, running, deadline, tries,
--       unique, pools, tags, children, columns, key, retention, outbox, callers, cancels,
--       group_of, groups, groups_back, promote, hand, recover, active, limits, throttle, turn,
--       wish, suspend, settle, fit, expiry, rooms, pop, (group_limits & keyed in rotation), fetch,
--       handover, details
local function advance(keys, args, meta, leases)
  local q = {
    jobs = keys[1], waiting = keys[2], delayed = keys[3], workers = keys[4], running = keys[5],
    priority = keys[6], attempts = keys[7], stalls = keys[8], misses = keys[9],
    progress = keys[10], listed = keys[11], uniques = keys[12], outcomes = keys[13],
    completed = keys[14], failed = keys[15], meta = keys[16], events = keys[17], wake = keys[18],
    base = args[1], outbox = args[1] .. 'outbox', worker = args[2], held = tonumber(args[4]),
    rooms = args[7], purges = {}, trims = {},
  }
  local worker, lease = args[2], tonumber(args[3])
  local want, throttle, by_hand = tonumber(args[5]), tonumber(args[6]), string.byte(args[4]) == 43

  q.kept, q.step, q.paused, q.throttled_until = meta[2], rank_step(meta[3]), meta[4], meta[5]
  q.active, q.rate, q.tat, q.turn = meta[6], meta[7], meta[8], meta[9]
  q.expiring, q.throttled_from, q.lane_wakes, q.newest = meta[10], meta[12], meta[13], meta[17]
  q.cancelling, q.ended, q.grouped, q.pass, q.plain_pass = meta[18], meta[20], meta[21], meta[22], meta[23]
  q.owners = { completed = meta[15], failed = meta[16] }
  fit_begin(q, meta[14], want + EXPIRY_STEP)
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local own = lease_own(q.workers, worker, leases)
  if not own then
    return redis.error_reply('LEASELOST the worker is not known, or its lease ran out')
  end
  if not by_hand and redis.call('HLEN', q.running) ~= q.held then
    return redis.error_reply('OUTOFSTEP the worker holds other jobs than it believes')
  end

  -- A full Redis refuses a script at its first write if that may grow, and lets it go on if that
  -- shrinks. So jobs that ended leave `running` first. If there are none, this removes nothing.
  if args[8] == '0' then redis.call('HDEL', q.running, '') end
  local now, exact = clock_now()
  leases = setback_look(q, own, lease, now) or leases
  if by_hand then q.started = string.format('%.0f', now) .. ':' .. worker end
  columns_look(q)
  local at = 9
  for _ = 1, tonumber(args[8]) do
    at = settle_ended(q, args, at, now)
  end
  if args[at] ~= '0' then at = settle_retried(q, args, at, now) else at = at + 1 end
  if args[at] ~= '0' then at = settle_released(q, args, at, now) else at = at + 1 end
  at = settle_errors(q, args, at)
  if args[at] then
    outbox_add(q.base, args, at, q.sifted)
    q.bare = false
  end
  settle_clear(q, now)
  throttle_hold(q, throttle, now)
  if by_hand then lease_extend(q.workers, worker, now + lease) end
  local check = recover_oldest(q, leases, worker, now + lease, now)
  -- After the blocks: some jobs of this call may be the first in a lane.
  q.lanes = not q.bare and redis.call('EXISTS', q.base .. 'lanes') == 1
  local late = q.expiring and expiry_take(q, now)
  -- They count as active, and only jobs of names in `workers` do.
  if late and by_hand then hand_deliver(q, worker, late, now + q.held) end
  local due, waiting = promote_due(q, now), redis.call('ZCARD', q.waiting)
  local ids, why, look = fetch_jobs(q, want, waiting, now, exact)
  if not by_hand then lease_answer(q.workers, worker, now + lease, #ids + #(late or {})) end
  -- Before anybody counts what is active.
  if by_hand then hand_deliver(q, worker, ids, now + q.held) end
  local left = waiting - #ids
  if #ids == want or q.cut then handover_full(q, left > 0 and why == '', due, now) end
  if q.passes_turn or q.for_others then wake_one(q.wake) end
  rooms_wake(q)
  local first, ends = by_hand or q.held == 0, now + (by_hand and q.held or lease)
  if first and #ids > 0 and ends < now + WAKE_SLEEP then handover_lease(q, ends) end

  local more = {}
  if late then
    local expired, wait = expiry_hand_out(q, ids, late, now)
    more = { 'expired', expired, 'expires', wait }
  end
  if meta[11] or meta[19] then details_queue(more, meta[11], meta[19]) end
  local wait = math.max(0, math.ceil(math.min(check, due or math.huge, look or math.huge) - exact))
  local reply = { now, wait, left, q.cut and 'bytes' or why, late and table.concat(ids, ' ') or q.taken or '',
    details_of(q, ids) }
  local effects = q.bare and 0 or redis.call('XLEN', q.outbox)
  reply[10], reply[11] = (effects > 0 or #more > 0) and effects or nil, #more > 0 and more or nil
  return reply
end
