-- code_limits: limits that workers bring along in code, beside those that operators set.

-- Stores a limit that is set in code; '-' for none. What was set or cleared at run time wins. Answers
-- whether it has changed.
local function code_limits_set(meta, field, value)
  if value == '-' then return false end
  local found = redis.call('HMGET', meta, field, field .. '_by')
  if found[2] == 'operator' or value == (found[1] or '') then
    return false
  elseif value ~= '' then
    redis.call('HSET', meta, field, value)
  else
    redis.call('HDEL', meta, field)
  end
  if field == 'rate' then
    -- Another rate begins anew: nobody waits out an interval that no longer holds.
    redis.call('HDEL', meta, 'tat', 'turn')
  end
  return true
end
