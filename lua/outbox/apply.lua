--- apply: put what another queue's outbox says into this one, each entry once.
--
-- An id that is here already: a job that has ended makes room, one that lives stays as it is. A bound on
-- the queue's length doesn't hold here: what comes was accepted when it was written to the outbox.
--
-- KEYS  1  jobs       HASH    {q}:jobs
--       2  waiting    ZSET    {q}:waiting
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  priority   HASH    {q}:priority
--       6  attempts   HASH    {q}:attempts
--       7  stalls     HASH    {q}:stalls
--       8  misses     HASH    {q}:misses
--       9  progress   HASH    {q}:progress
--       10 traces     SET     {q}:traces
--       11 uniques    HASH    {q}:uniques
--       12 outcomes   HASH    {q}:outcomes
--       13 sources    HASH    {q}:sources
--       14 meta       HASH    {q}:meta
--       15 events     STREAM  {q}:events
--       16 wake       LIST    {q}:wake
-- ARGV  1 base   2 source; then for each entry, in order: its id, job id, priority, record
-- REPLY how many jobs were put in
-- ERR   LAYOUT
-- USES  clock, layout, rank, events, wake, unique, columns, source
local function apply(keys, args)
  local q = {
    jobs = keys[1], waiting = keys[2], completed = keys[3], failed = keys[4], priority = keys[5],
    attempts = keys[6], stalls = keys[7], misses = keys[8], progress = keys[9], traces = keys[10],
    uniques = keys[11], outcomes = keys[12], sources = keys[13], meta = keys[14], events = keys[15],
    base = args[1],
  }
  local wake, source = keys[16], args[2]
  local meta = redis.call('HMGET', q.meta, 'layout', 'events', 'aging', 'paused', 'ttl')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local step, last = rank_step(meta[3]), redis.call('HGET', q.sources, source) or '0-0'
  local records, ready, priorities, ids, ended, seen = {}, {}, {}, {}, {}, {}
  local newest, now = nil, clock_now()
  for i = 3, #args, 4 do
    local id = args[i + 1]
    if source_after(args[i], last) then
      newest = args[i]
      local here = seen[id] or redis.call('HEXISTS', q.jobs, id) == 1
      if here and not seen[id] then
        local gone = redis.call('ZREM', q.completed, id) + redis.call('ZREM', q.failed, id)
        if gone > 0 then ended[#ended + 1], here = id, false end
      end
      if not here then
        local priority = tonumber(args[i + 2])
        seen[id], ids[#ids + 1] = true, id
        records[#records + 1], records[#records + 2] = id, args[i + 3]
        ready[#ready + 1], ready[#ready + 2] = rank_text(priority, step, now), id
        if priority ~= 0 then
          priorities[#priorities + 1], priorities[#priorities + 2] = id, priority
        end
      end
    end
  end
  if not newest then
    return 0
  end
  columns_purge(q, ended)
  redis.call('HSET', q.sources, source, newest)
  layout_mark(q.meta, meta[1])
  if #ids > 0 then
    redis.call('HSET', q.jobs, unpack(records))
    redis.call('ZADD', q.waiting, unpack(ready))
    if #priorities > 0 then redis.call('HSET', q.priority, unpack(priorities)) end
    if meta[5] then
      local expiring = {}
      for i, id in ipairs(ids) do
        expiring[2 * i - 1], expiring[2 * i] = string.format('%.0f', now + meta[5]), id
      end
      redis.call('ZADD', q.base .. 'expiring', unpack(expiring))
      redis.call('HSET', q.meta, 'expiring', 1)
    end
    redis.call('HINCRBY', q.meta, 'added', #ids)
    events_add(q.events, meta[2], 'added', ids)
    if not meta[4] then wake_one(wake) end
  end
  return #ids
end
