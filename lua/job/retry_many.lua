--- retry_many: run ended jobs again, each as job/retry does one: in the order in which they are named.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  priority   HASH    {q}:priority
--       7  attempts   HASH    {q}:attempts
--       8  stalls     HASH    {q}:stalls
--       9  misses     HASH    {q}:misses
--       10 outcomes   HASH    {q}:outcomes
--       11 uniques    HASH    {q}:uniques
--       12 meta       HASH    {q}:meta
--       13 events     STREAM  {q}:events
--       14 wake       LIST    {q}:wake
-- ARGV  1 base   2 '1' to forget what their runs have recorded
--       3 the states that are meant: see lib/meant.lua   4… ids, at most 1,000, each once
-- REPLY a word for each id: 'again' if it runs again; '=' and the job that has its unique key; '!' if
--       its dead letter waits elsewhere; the state of one that has not ended or isn't meant; '-' for a
--       job that doesn't exist
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  clock, layout, rank, order, events, wake, pools, deadline, tries, unique, children, key,
--       lanes, group_of, groups, rerun, whereabouts, meant, numbered, call
local function retry_many(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], priority = keys[6], attempts = keys[7], stalls = keys[8],
    misses = keys[9], outcomes = keys[10], uniques = keys[11], meta = keys[12],
    events = keys[13], wake = keys[14], base = args[1],
  }
  local meta, now = redis.call('HMGET', q.meta, 'layout', 'events', 'aging', 'newest'), clock_now()
  local refusal = layout_refusal(meta[1])
  if refusal then
    return refusal
  end
  q.kept, q.step, q.newest = meta[2], rank_step(meta[3]), meta[4]
  local ids, again, once = {}, {}, {}
  for i = 4, #args do
    ids[i - 3] = args[i]
  end
  local words, outcomes = whereabouts_of(q, ids), redis.call('HMGET', q.outcomes, unpack(ids))
  for i, id in ipairs(ids) do
    local state = words[i]
    if string.byte(state) == 61 then
      words[i] = 'active'
    elseif not meant_in(args[3], state) then
      words[i] = state
    elseif rerun_elsewhere(outcomes[i]) then
      words[i] = '!'
    elseif state ~= '-' and state ~= 'waiting' and state ~= 'delayed' then
      local _, kept, holder = rerun_claim(q, { id })
      words[i] = kept[1] and '=' .. holder or 'again'
      if not kept[1] then
        again[state] = again[state] or {}
        table.insert(again[state], id)
        once[#once + 1], once[#once + 2] = q.base .. 'once:job:' .. id, q.base .. 'steps:' .. id
      end
    end
  end
  for _, state in ipairs({ 'completed', 'failed', 'cancelled' }) do
    rerun_all(q, key_of(q, state), again[state] or {}, now)
    -- The next ones come behind these.
    q.newest = again[state] and redis.call('HGET', q.meta, 'newest') or q.newest
  end
  if args[2] == '1' and #once > 0 then
    redis.call('DEL', unpack(once))
    for _, set in pairs(again) do
      children_end(q.base, set, 1, #set, true)
    end
  end
  if #once > 0 then wake_one(q.wake) end
  return table.concat(words, ' ')
end
