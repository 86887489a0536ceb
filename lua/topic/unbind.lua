--- unbind: stop sending a topic's messages to queues. Messages in the outbox still arrive.
--
-- KEYS  1 meta      HASH  {q}:meta
--       2 topic     HASH  {q}:topic
--       3 bindings  HASH  {q}:bindings
--       4 replays   HASH  {q}:replays
-- ARGV  1… bindings
-- REPLY how many of them existed
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  clock, layout, topic, numbered, call
local function unbind(keys, args)
  local topic, bindings, replays = keys[2], keys[3], keys[4]
  local refusal = layout_check(keys[1])
  if refusal then
    return refusal
  end
  local gone = redis.call('HDEL', bindings, unpack(args))
  redis.call('HDEL', replays, unpack(args))
  if gone > 0 then topic_changed(topic) end
  return gone
end
