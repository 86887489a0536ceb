--- cancel: end jobs as cancelled, or mark those that run.
--
-- A job that waits ends at once. One that runs is marked; its worker is told, and however the run
-- ends, but for a result, the job is cancelled then.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  meta       HASH    {q}:meta
--       7  events     STREAM  {q}:events
-- ARGV  1 base   2 the mark: see lib/cancels.lua   3 the states that are meant: see lib/meant.lua
--       4… ids, at most 1,000, each once
-- REPLY a word for each id: 'ended'; '=' and the worker that runs it; the state of a job that had
--       ended or isn't meant; '-' for a job that doesn't exist
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  clock, layout, events, wake, deadline, tries, unique, lanes, pools, tags, children,
--       columns, key, group_of, groups, retention, outbox, callers, cancels, whereabouts, meant,
--       numbered, call
local function cancel(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], meta = keys[6], events = keys[7], base = args[1],
  }
  local mark, ids, now = args[2], {}, clock_now()
  local found = redis.call('HMGET', q.meta, 'layout', 'events', 'ended')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  q.kept, q.ended = found[2], found[3]
  for i = 4, #args do
    ids[#ids + 1] = args[i]
  end
  local places, ended, marks = whereabouts_of(q, ids), { waiting = {}, delayed = {} }, {}
  for i, place in ipairs(places) do
    local runs = string.byte(place) == 61
    if not meant_in(args[3], runs and 'active' or place) then
      places[i] = runs and 'active' or place
    elseif ended[place] then
      table.insert(ended[place], ids[i])
      places[i] = 'ended'
    elseif runs then
      marks[#marks + 1] = ids[i]
    end
  end
  -- All leave their places first: a job that waits for the key of another must not get it.
  groups_yield(q, ended.waiting)
  for state, list in pairs(ended) do
    if #list > 0 then redis.call('ZREM', q[state], unpack(list)) end
  end
  for _, state in ipairs({ 'waiting', 'delayed' }) do
    if #ended[state] > 0 then cancels_finish(q, ended[state], mark, now) end
  end
  if #marks > 0 then
    -- The first to cancel a job says why.
    local known = redis.call('HMGET', q.base .. 'cancels', unpack(marks))
    local new = {}
    for i, id in ipairs(marks) do
      if not known[i] then new[#new + 1], new[#new + 2] = id, mark end
    end
    if #new > 0 then
      redis.call('HSET', q.base .. 'cancels', unpack(new))
      redis.call('HSET', q.meta, 'cancelling', '1')
    end
    whereabouts_tell(q.base, places, ids, mark)
  end
  return table.concat(places, ' ')
end
