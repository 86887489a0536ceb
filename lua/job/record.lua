--- record: note what a part of a run has come to.
--
-- KEYS  1  running    HASH    {q}:running:<worker>
--       2  listed     SET     {q}:listed
--       3  meta       HASH    {q}:meta
-- ARGV  1 base; 2 id; 3 field; 4 its position; 5 what it has come to; 6 '' or ms from now: when that
--       will be is appended; 7 a field that goes, '' for none
-- REPLY text: now ms, and with 6 a space and when it will be; 'full' if there is no room
-- ERR   LAYOUT, LEASELOST
-- CALL  once: see lib/call.lua
-- USES  clock, layout, steps, numbered, call
local function record(keys, args)
  local running, q, now = keys[1], { base = args[1], listed = keys[2] }, clock_now()
  local id, value, reply = args[2], args[5], string.format('%.0f', now)
  local refusal = layout_check(keys[3])
  if refusal then
    return refusal
  end
  if redis.call('HEXISTS', running, id) == 0 then
    return redis.error_reply('LEASELOST the worker no longer holds this job')
  end
  local head = args[4] .. ' ' .. reply .. ' '
  if args[6] ~= '' then
    local due = string.format('%.0f', now + tonumber(args[6]))
    value, reply = value .. due, reply .. ' ' .. due
  end
  if not steps_put(q, id, args[3], head .. value) then
    return 'full'
  end
  steps_drop(q, id, args[7])
  return reply
end
