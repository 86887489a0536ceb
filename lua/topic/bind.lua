--- bind: send a topic's messages to a queue.
--
-- For a new binding that starts in the past, this notes where the replay ends: messages published
-- from now on reach it anyway, since publishers must know the newest bindings.
--
-- KEYS  1 meta      HASH    {q}:meta
--       2 topic     HASH    {q}:topic
--       3 bindings  HASH    {q}:bindings
--       4 messages  STREAM  {q}:messages
--       5 replays   HASH    {q}:replays
-- ARGV  1 the binding   2 its filter   3 the maximal number of bindings
--       4 where among the kept messages it starts, '' for now
-- REPLY 1 if this changed something, else 0
-- ERR   LAYOUT, TOOMANY
-- CALL  once: see lib/call.lua
-- USES  clock, layout, topic, numbered, call
local function bind(keys, args)
  local meta, topic, bindings, messages, replays = keys[1], keys[2], keys[3], keys[4], keys[5]
  local binding, filter, most, start = args[1], args[2], tonumber(args[3]), args[4]
  local found = redis.call('HGET', meta, 'layout')
  local refusal = layout_refusal(found)
  if refusal then
    return refusal
  end
  local before = redis.call('HGET', bindings, binding)
  if before == filter then
    return 0
  end
  if not before and redis.call('HLEN', bindings) >= most then
    return redis.error_reply('TOOMANY ' .. most)
  end
  layout_mark(meta, found)
  redis.call('HSET', bindings, binding, filter)
  topic_changed(topic)
  if before then
    return 0
  end
  local newest = start ~= '' and redis.call('XREVRANGE', messages, '+', '-', 'COUNT', 1)[1]
  if newest then redis.call('HSET', replays, binding, start .. ' ' .. newest[1]) end
  return 1
end
