--- enqueue: write effects on other queues to the outbox, without any change in this queue.
--
-- KEYS  1 outbox    STREAM  {q}:outbox
--       2 meta      HASH    {q}:meta
-- ARGV  1 base   2 n; then n times target, job id, priority, record and what goes along: see
--       lib/outbox.lua
-- REPLY how many
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, outbox, numbered, call
local function enqueue(keys, args)
  local refusal = layout_check(keys[2])
  if refusal then
    return refusal
  end
  outbox_add(args[1], args, 2)
  return tonumber(args[2])
end
