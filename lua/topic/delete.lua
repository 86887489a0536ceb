--- delete: remove a topic: bindings, kept messages, settings. Messages in the outbox still arrive.
--
-- KEYS  1 meta      HASH    {q}:meta
--       2 topic     HASH    {q}:topic
--       3 bindings  HASH    {q}:bindings
--       4 replays   HASH    {q}:replays
--       5 messages  STREAM  {q}:messages
-- ARGV  none
-- REPLY 1 if it existed, else 0
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, numbered, call
local function delete(keys)
  local refusal = layout_check(keys[1])
  if refusal then
    return refusal
  end
  return math.min(1, redis.call('UNLINK', unpack(keys, 2)))
end
