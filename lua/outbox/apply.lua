--- apply: put the entries of another queue's outbox into this queue, each once.
--
-- If an id exists here, an ended job is replaced and any other stays as it is. The queue's maximal
-- length doesn't apply: these jobs were accepted when they were written to the outbox.
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
--       10 listed     SET     {q}:listed
--       11 uniques    HASH    {q}:uniques
--       12 outcomes   HASH    {q}:outcomes
--       13 sources    HASH    {q}:sources
--       14 meta       HASH    {q}:meta
--       15 events     STREAM  {q}:events
--       16 wake       LIST    {q}:wake
-- ARGV  1 base   2 source
--       3 all job ids as one text, if none comes twice and all have priority 0; else ''
--       4 n; then for each entry, in order: job id, record; then for each again: its id, priority;
--       then pairs of index (from 1) and the job's tags, a line each, for jobs that have any
-- REPLY how many jobs were added
-- ERR   LAYOUT
-- USES  clock, layout, rank, events, wake, deadline, tries, unique, lanes, pools, tags, children,
--       columns, source, size, key, group_of, keys_of, groups
local function apply(keys, args)
  local q = {
    jobs = keys[1], waiting = keys[2], completed = keys[3], failed = keys[4], priority = keys[5],
    attempts = keys[6], stalls = keys[7], misses = keys[8], progress = keys[9], listed = keys[10],
    uniques = keys[11], outcomes = keys[12], sources = keys[13], meta = keys[14], events = keys[15],
    base = args[1],
  }
  local wake, source, n = keys[16], args[2], tonumber(args[4])
  local meta = redis.call('HMGET', q.meta, 'layout', 'events', 'aging', 'paused', 'ttl', 'turn', 'largest')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local first = source_first(args, 5 + 2 * n, n, redis.call('HGET', q.sources, source) or '0-0')
  if first > n then
    return 0
  end
  local step, now, news = rank_step(meta[3]), clock_now(), args[3]
  q.step = step
  local plain, asked = rank_text(0, step, now), {}
  for i = first, n do
    asked[#asked + 1] = args[3 + 2 * i]
  end
  local here, ids, seen = redis.call('HMGET', q.jobs, unpack(asked)), {}, {}
  local tags = source_tags(args, 5 + 4 * n, first)
  local records, from, ready, priorities, ended, own = args, 5, {}, {}, {}, {}
  -- Most batches are plain: all entries are new and no id exists here.
  if news ~= '' and first == 1 and not source_any(here, n) then
    for i = 1, n do
      ready[2 * i - 1], ready[2 * i] = plain, asked[i]
    end
    ids, asked = asked, {}
  else
    records, from = {}, 1
  end
  for i, id in ipairs(asked) do
    local stays = seen[id]
    if here[i] and not stays then
      stays = redis.call('ZREM', q.completed, id) + redis.call('ZREM', q.failed, id)
        + redis.call('ZREM', q.base .. 'cancelled', id) == 0
      if not stays then ended[#ended + 1] = id end
    end
    seen[id] = true
    local at = first + i - 1
    if stays then
      news, tags[at] = '', nil
    else
      local priority = news ~= '' and 0 or tonumber(args[4 + 2 * (n + at)])
      ids[#ids + 1] = id
      records[#records + 1], records[#records + 2] = id, args[4 + 2 * at]
      ready[#ready + 1], ready[#ready + 2] = plain, id
      if priority ~= 0 then
        ready[#ready - 1] = rank_text(priority, step, now)
        priorities[#priorities + 1], priorities[#priorities + 2] = id, priority
        own[#ids] = priority
      end
    end
  end
  columns_purge(q, ended)
  layout_mark(q.meta, meta[1])
  size_note(q.meta, meta[7], size_largest(args, 6, n))
  local soon = false
  -- The records and the source come last: if a key above has a wrong type, all entries come again.
  if #ids > 0 then
    keys_of_note(q, records, from - 1, #ids)
    groups_add(q, ready, own, now, group_of_all(records, from - 1, #ids), true)
    if #priorities > 0 then redis.call('HSET', q.priority, unpack(priorities)) end
    soon = meta[5] and source_expire(q, ids, tonumber(meta[5]), now)
    for at, text in pairs(tags) do
      tags_put(q, args[3 + 2 * at], text)
    end
    redis.call('HSET', q.jobs, unpack(records, from, from + 2 * #ids - 1))
  end
  redis.call('HSET', q.sources, source, args[3 + 4 * n])
  if #ids > 0 then
    redis.call('HINCRBY', q.meta, 'added', #ids)
    if news == '' or first > 1 then news = table.concat(ids, ' ') end
    events_say(q.events, meta[2], 'added', news)
    if soon or not (meta[4] or (meta[6] and wake_watched(meta[6], now))) then wake_one(wake) end
  end
  return #ids
end
