--- expect: take a signal for a run that waits for it, or note until when it waits.
--
-- KEYS  1  running    HASH    {q}:running:<worker>
--       2  listed     SET     {q}:listed
--       3  meta       HASH    {q}:meta
-- ARGV  1 base; 2 id; 3 field; 4 its position; 5 the signal's name; 6 until when: '+' and ms from now,
--       or ms since epoch; 7 '1' if it waits no longer; 8 the key of the flow whose end it is, or ''
-- REPLY text: now ms, a space, and: 't', a line feed and the signal; 'w' and until when it waits; 'o'
--       if the time is over, or the flow has ended. Or 'full', if there is no room; 'noflow', if there
--       is no such flow: see lib/home.lua
-- ERR   LAYOUT, LEASELOST
-- CALL  once: see lib/call.lua
-- USES  clock, layout, steps, signals, numbered, call
local function expect(keys, args)
  local running, q, now = keys[1], { base = args[1], listed = keys[2] }, clock_now()
  local id, field, name, due = args[2], args[3], args[5], tonumber(args[6])
  local refusal = layout_check(keys[3])
  if refusal then
    return refusal
  end
  if redis.call('HEXISTS', running, id) == 0 then
    return redis.error_reply('LEASELOST the worker no longer holds this job')
  end
  if string.sub(args[6], 1, 1) == '+' then due = now + due end
  local taken = signals_first(q.base, id, name)
  local over = args[7] == '1' or due <= now
  if not taken and args[8] ~= '' then
    local state = redis.call('HGET', q.base .. 'flow:' .. args[8], 'state')
    if not state then return 'noflow' end
    over = over or state == 'completed' or state == 'failed' or state == 'cancelled'
  end
  local value
  if taken then
    value = 't\n' .. taken
  elseif over then
    value = 'o'
  else
    value = 'w' .. string.format('%.0f', due)
  end
  local at = string.format('%.0f', now)
  if not steps_put(q, id, field, args[4] .. ' ' .. at .. ' ' .. value) then
    return 'full'
  end
  if taken then signals_drop(q.base, id, name) end
  return at .. ' ' .. value
end
