--- progress: store the progress of a run.
--
-- KEYS  1  running    HASH    {q}:running:<worker>
--       2  progress   HASH    {q}:progress
--       3  meta       HASH    {q}:meta
--       4  events     STREAM  {q}:events
-- ARGV  1 id; 2 the progress, MessagePack
-- REPLY 1
-- ERR   LAYOUT, LEASELOST
-- CALL  once: see lib/call.lua
-- USES  layout, events, numbered, call
local function progress(keys, args)
  local running, column, meta, events = keys[1], keys[2], keys[3], keys[4]
  local id, value = args[1], args[2]
  local found = redis.call('HMGET', meta, 'layout', 'events')
  local refusal = layout_refusal(found[1])
  if refusal then
    return refusal
  end
  if redis.call('HEXISTS', running, id) == 0 then
    return redis.error_reply('LEASELOST the worker no longer holds this job')
  end
  redis.call('HSET', column, id, value)
  events_progress(events, found[2], id, value)
  return 1
end
