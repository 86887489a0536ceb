--- put: write a schedule, unless it isn't as the caller has read it any more.
--
-- KEYS  1 schedules HASH    {q}:schedules
--       2 ticks     ZSET    {q}:ticks
--       3 marks     HASH    {q}:marks
--       4 owners    HASH    {q}:owners
--       5 ticking   STRING  {q}:ticking
--       6 meta      HASH    {q}:meta
--       7 wake      LIST    {q}:wake
-- ARGV  1 id   2 the rule and 3 the marks that the caller has read, '' for none
--       4 the rule   5 marks, '' for none   6 owner, '' for none
--       7 the next tick: '=<ms>'; '<<ms>' to keep an earlier one; '' for none
-- REPLY 1, or 0 if it has changed since the caller read it
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  clock, layout, wake, ticks, numbered, call
local function put(keys, args)
  local schedules, ticks, marks, owners, ticking = keys[1], keys[2], keys[3], keys[4], keys[5]
  local meta, wake, id, tick = keys[6], keys[7], args[1], tonumber(string.sub(args[7], 2))
  local found = redis.call('HMGET', meta, 'layout', 'ticks')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  if (redis.call('HGET', schedules, id) or '') ~= args[2]
    or (redis.call('HGET', marks, id) or '') ~= args[3] then
    return 0
  end
  redis.call('HSET', schedules, id, args[4])
  layout_mark(meta, found[1])
  for key, value in pairs({ [marks] = args[5], [owners] = args[6] }) do
    if value == '' then
      redis.call('HDEL', key, id)
    else
      redis.call('HSET', key, id, value)
    end
  end
  local before = redis.call('ZSCORE', ticks, id)
  if not tick then
    redis.call('ZREM', ticks, id)
  elseif string.sub(args[7], 1, 1) == '=' or not before or tonumber(before) > tick then
    redis.call('ZADD', ticks, string.sub(args[7], 2), id)
  end
  local head = ticks_note(meta, ticks)
  -- It may be the first to be due now: then whoever looks after the ticks doesn't know.
  if head and (not found[2] or tonumber(head) < tonumber(found[2])) then
    redis.call('DEL', ticking)
    wake_at(wake, tonumber(head), clock_now())
  end
  return 1
end
