--- transfer: remove jobs from this queue and send others to other queues in their place.
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
-- ARGV  1 base; 2 why, for callers of requests among them, '' if these wait on; then for each job, at
--       most 1,000: id; the states that are meant: see lib/meant.lua; the SHA-1 of its record, '' for
--       any; target, job id, priority, record and what goes along of the job to send
-- REPLY a word for each job: 'sent'; '!' if its dead letter waits elsewhere; the state of one that is
--       active or isn't meant; 'waiting-children' of one that has flows; 'other' if it has another
--       record; '-' for a job that doesn't exist, or was named before
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, rank, order, events, wake, clock, deadline, tries, unique, lanes, pools, children,
--       key, group_of, groups, rerun, tags, columns, state, outbox, callers, removal, meant,
--       numbered, call
local function transfer(keys, args)
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
  for i = 3, #args, 8 do
    local id = args[i]
    local state, word = not seen[id] and state_of(q, id), 'sent'
    if not state then
      word = '-'
    elseif state == 'active' or not meant_in(args[i + 1], state) then
      word = state
    elseif args[i + 2] ~= '' and redis.sha1hex(redis.call('HGET', q.jobs, id)) ~= args[i + 2] then
      word = 'other'
    elseif (state == 'waiting' or state == 'delayed')
      and redis.call('HEXISTS', q.base .. 'children', id) == 1 then
      -- They stand here, and are found here alone.
      word = 'waiting-children'
    elseif state ~= 'waiting' and state ~= 'delayed'
      and rerun_elsewhere(redis.call('HGET', q.outcomes, id)) then
      word = '!'
    else
      ids[#ids + 1], sets[state], seen[id] = id, true, true
      local along, steps = { outbox_along(q.base, args[i + 7]) }, outbox_steps(q.base, id)
      if steps then along[#along + 1], along[#along + 2] = 'steps', steps end
      outbox_put(q.base, args[i + 3], args[i + 4], args[i + 5], args[i + 6], unpack(along))
    end
    words[#words + 1] = word
  end
  local reply = table.concat(words, ' ')
  if #ids == 0 then
    return reply
  end
  if sets.waiting then groups_yield(q, ids) end
  for state in pairs(sets) do
    redis.call('ZREM', key_of(q, state), unpack(ids))
  end
  removal_finish(q, ids, meta[2], args[2])
  return reply
end
