--- readmit: put jobs that come back from another queue's outbox into this queue, each once.
--
-- Each takes its place as it was added: due time, time to live, unique key. An ended job of its id
-- is replaced. If another job has taken its id or its key meanwhile, it arrives as failed, under an
-- id of its own if need be: so it isn't lost, and neither id nor key stands for two. The queue's
-- maximal length doesn't apply.
--
-- KEYS  1  jobs       HASH    {q}:jobs
--       2  waiting    ZSET    {q}:waiting
--       3  delayed    ZSET    {q}:delayed
--       4  completed  ZSET    {q}:completed
--       5  failed     ZSET    {q}:failed
--       6  priority   HASH    {q}:priority
--       7  attempts   HASH    {q}:attempts
--       8  stalls     HASH    {q}:stalls
--       9  misses     HASH    {q}:misses
--       10 progress   HASH    {q}:progress
--       11 listed     SET     {q}:listed
--       12 uniques    HASH    {q}:uniques
--       13 outcomes   HASH    {q}:outcomes
--       14 sources    HASH    {q}:sources
--       15 meta       HASH    {q}:meta
--       16 events     STREAM  {q}:events
--       17 wake       LIST    {q}:wake
-- ARGV  1 base   2 source   3 the outcome of a job that arrives as failed
--       then for each entry, in order: entry, job id, record, priority, due ms since epoch or '',
--       time to live in ms or '', the rule of its unique key (lib/unique.lua), the key or '', its
--       tags, a line each, and what its runs have recorded: see lib/outbox.lua
-- REPLY how many were added; how many arrived as failed
-- ERR   LAYOUT
-- USES  clock, layout, rank, order, events, wake, deadline, tries, unique, lanes, pools, tags,
--       children, columns, source, key, unfinished, meet, size, group_of, keys_of, groups, readmit
local function readmit(keys, args)
  local q = {
    jobs = keys[1], waiting = keys[2], delayed = keys[3], completed = keys[4], failed = keys[5],
    priority = keys[6], attempts = keys[7], stalls = keys[8], misses = keys[9],
    progress = keys[10], listed = keys[11], uniques = keys[12], outcomes = keys[13],
    sources = keys[14], meta = keys[15], events = keys[16], base = args[1],
  }
  local wake, source, outcome = keys[17], args[2], args[3]
  local meta = redis.call('HMGET', q.meta, 'layout', 'events', 'aging', 'paused', 'ttl',
    'newest', 'ended')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  q.step, q.ttl = rank_step(meta[3]), meta[5]
  q.order, q.newest, q.ended = false, meta[6], meta[7]
  local last, now = redis.call('HGET', q.sources, source) or '0-0', clock_now()
  local added, failed = {}, {}
  for i = 4, #args, 10 do
    if last == '0-0' or source_after(args[i], last) then
      local job = {
        id = args[i + 1], record = args[i + 2], priority = args[i + 3], due = args[i + 4],
        ttl = args[i + 5], rule = args[i + 6], key = args[i + 7], tags = args[i + 8],
        steps = args[i + 9], other = source .. ' ' .. args[i],
      }
      local taken = meet_by_id(q, job.id)
      -- With its own record it is this job: an earlier call was cut off half-way.
      if not taken or redis.call('HGET', q.jobs, job.id) ~= job.record then
        if taken or meet_by_key(q, job.id, job.key) then
          failed[#failed + 1] = readmit_failed(q, job, taken, outcome, now)
        else
          added[#added + 1] = readmit_job(q, job, now)
        end
      end
    end
  end
  layout_mark(q.meta, meta[1])
  if q.order then order_note(q.meta, q.order) end
  redis.call('HSET', q.sources, source, args[#args - 9])
  if #added + #failed > 0 then
    redis.call('HINCRBY', q.meta, 'added', #added + #failed)
    events_add(q.events, meta[2], 'added', added)
  end
  if #failed > 0 then
    redis.call('HINCRBY', q.meta, 'failed', #failed)
    events_add(q.events, meta[2], 'failed', failed)
  end
  if #added > 0 and not meta[4] then wake_one(wake) end
  return { #added, #failed }
end
