--- delete: remove a topic: its bindings, its kept messages, its settings. What is on its way arrives.
--
-- KEYS  1 meta      HASH    {q}:meta
--       2 topic     HASH    {q}:topic
--       3 bindings  HASH    {q}:bindings
--       4 replays   HASH    {q}:replays
--       5 messages  STREAM  {q}:messages
-- ARGV  none
-- REPLY 1 if there was something, else 0
-- ERR   LAYOUT
-- USES  layout
local function delete(keys)
  local refusal = layout_check(keys[1])
  if refusal then
    return refusal
  end
  return math.min(1, redis.call('UNLINK', unpack(keys, 2)))
end
