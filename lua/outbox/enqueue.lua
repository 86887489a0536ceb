--- enqueue: write effects on other queues to the outbox, without any change in this queue.
--
-- KEYS  1 outbox    STREAM  {q}:outbox
--       2 meta      HASH    {q}:meta
--       3… producer STRING  {q}:producer:<producer>
-- ARGV  1 base   2 the number of this producer's call   3 for how many ms to remember it
--       4 n; then n times target, job id, priority, record and what goes along: see lib/outbox.lua
-- REPLY how many. A call that was carried out before changes nothing, and has the same answer
-- ERR   LAYOUT
-- USES  layout, numbered, outbox
local function enqueue(keys, args)
  local refusal = layout_check(keys[2])
  if refusal then
    return refusal
  end
  if not numbered_answer(redis.call('GET', keys[3]), tonumber(args[2])) then
    outbox_add(args[1], args, 4)
    numbered_note(keys[3], args[2], args[3], '')
  end
  return tonumber(args[4])
end
