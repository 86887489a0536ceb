--- limits: set or clear what a queue allows, at run time.
--
-- KEYS  1  meta       HASH    {q}:meta
--       2  waiting    ZSET    {q}:waiting
--       3  wake       LIST    {q}:wake
--       4  priority   HASH    {q}:priority
--       5  workers    ZSET    {q}:workers
-- ARGV  1 base; then pairs field, value: rate '<interval ms> <burst>', active, max_length, aging ms, events,
--       ttl ms, dead_letter, overflow; '' for none; '-' gives it back to the code
-- REPLY 1
-- ERR   LAYOUT, INVALID, TOOLONG (aging, with too many jobs)
-- CALL  once: see lib/call.lua
-- USES  clock, layout, rank, wake, soon, number, running, active, lanes, key, group_of, groups,
--       rerank, numbered, call
local function limits(keys, args)
  local meta, wake = keys[1], keys[3]
  local q = { waiting = keys[2], priority = keys[4], workers = keys[5], base = args[1] }
  local found = redis.call('HMGET', meta, 'layout', 'aging')
  local refusal = layout_refusal(found[1])
  q.step, q.new_step = rank_step(found[2]), rank_step(found[2])
  for i = 2, #args, 2 do
    refusal = refusal or number_refusal(args[i], args[i + 1])
    if args[i] == 'aging' then q.new_step = rank_step(tonumber(args[i + 1])) end
  end
  if q.step ~= q.new_step then refusal = refusal or rerank_refusal(q) end
  if refusal then
    return refusal
  end
  -- A full Redis refuses a script whose first write may grow; and it is time for limits, then.
  redis.call('HDEL', meta, args[2] or '')
  layout_mark(meta, found[1])
  for i = 2, #args, 2 do
    local field, value = args[i], args[i + 1]
    if value == '-' then
      redis.call('HDEL', meta, field, field .. '_by')
    elseif value == '' then
      -- None is a decision, too: workers don't bring back what their code says.
      redis.call('HDEL', meta, field)
      redis.call('HSET', meta, field .. '_by', 'operator')
    else
      redis.call('HSET', meta, field, value, field .. '_by', 'operator')
    end
    if field == 'rate' then
      redis.call('HDEL', meta, 'tat', 'turn')
    end
  end
  local now = clock_now()
  if q.step ~= q.new_step then rerank_all(q, now) end
  if soon_any(q.waiting, q.base, now) then wake_one(wake) end
  return 1
end
