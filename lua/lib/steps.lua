-- steps: what the runs of a job have recorded, in the HASH {q}:steps:<id>. A field is a kind, a name,
-- a line feed and which of that name it is; its value a position, when it was recorded in ms, and
-- what Rust makes of it. Under '#' stand how many such fields there are and their bytes.

-- The most fields of a job, and their bytes; and how much more there may be of what undoes the others:
-- the failure, compensations, and how often these have begun.
local STEPS_MOST, STEPS_BYTES = 1000, 4194304
local STEPS_UNDOING, STEPS_UNDOING_BYTES = 1000, 1048576

-- Sets a field. Answers whether there was room for it.
local function steps_put(q, id, field, value)
  local steps = q.base .. 'steps:' .. id
  local count, bytes = string.match(redis.call('HGET', steps, '#') or '0 0', '^(%d+) (%d+)$')
  local old = redis.call('HGET', steps, field)
  count = count + (old and 0 or 1)
  bytes = bytes + #value + (old and -#old or #field)
  local undoes = field == 'x' or string.find(field, '^f?c')
  if count > STEPS_MOST + (undoes and STEPS_UNDOING or 0)
    or bytes > STEPS_BYTES + (undoes and STEPS_UNDOING_BYTES or 0) then
    return false
  end
  redis.call('SADD', q.listed, id)
  redis.call('HSET', steps, field, value, '#', count .. ' ' .. string.format('%.0f', bytes))
  return true
end

-- Removes a field, if it is there.
local function steps_drop(q, id, field)
  local steps = q.base .. 'steps:' .. id
  local old = field ~= '' and redis.call('HGET', steps, field)
  if old then
    local count, bytes = string.match(redis.call('HGET', steps, '#'), '^(%d+) (%d+)$')
    redis.call('HDEL', steps, field)
    redis.call('HSET', steps, '#', count - 1 .. ' ' .. string.format('%.0f', bytes - #field - #old))
  end
end
