-- code_limits: limits that workers bring along in code, beside those that operators set.

-- A limit set in code. One set at run time, marked as such, wins.
local function code_limits_set(meta, field, value)
  if redis.call('HGET', meta, field .. '_by') == 'operator' then
    return
  elseif value ~= '' then
    redis.call('HSET', meta, field, value)
  else
    redis.call('HDEL', meta, field)
  end
end
