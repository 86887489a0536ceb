--- remove: remove jobs and all that the queue keeps of them.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  jobs       HASH    {q}:jobs
--       7  priority   HASH    {q}:priority
--       8  attempts   HASH    {q}:attempts
--       9  stalls     HASH    {q}:stalls
--       10 misses     HASH    {q}:misses
--       11 progress   HASH    {q}:progress
--       12 listed     SET     {q}:listed
--       13 uniques    HASH    {q}:uniques
--       14 outcomes   HASH    {q}:outcomes
--       15 meta       HASH    {q}:meta
--       16 events     STREAM  {q}:events
-- ARGV  1 base; 2 why, for callers of requests among them; 3 the states that are meant: see
--       lib/meant.lua; 4… ids, at most 1,000
-- REPLY a word for each id: 'removed'; the state of a job that is active or isn't meant; '-' for one
--       that doesn't exist, or was named before
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, events, wake, clock, deadline, tries, unique, lanes, pools, tags, children,
--       columns, key, group_of, groups, state, outbox, callers, removal, meant, numbered, call
local function remove(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], jobs = keys[6], priority = keys[7], attempts = keys[8],
    stalls = keys[9], misses = keys[10], progress = keys[11], listed = keys[12],
    uniques = keys[13], outcomes = keys[14], meta = keys[15], events = keys[16],
    base = args[1],
  }
  local meta = redis.call('HMGET', q.meta, 'layout', 'events')
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  local ids, sets, seen, words = {}, {}, {}, {}
  for i = 4, #args do
    local id = args[i]
    local state = not seen[id] and state_of(q, id)
    if state and state ~= 'active' and meant_in(args[3], state) then
      ids[#ids + 1], words[i - 3] = id, 'removed'
      sets[state], seen[id] = true, true
    else
      words[i - 3] = state or '-'
    end
  end
  if sets.waiting then groups_yield(q, ids) end
  for state in pairs(sets) do
    redis.call('ZREM', key_of(q, state), unpack(ids))
  end
  if #ids > 0 then removal_finish(q, ids, meta[2], args[2]) end
  return table.concat(words, ' ')
end
