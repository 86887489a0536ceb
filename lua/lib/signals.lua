-- signals: values that were sent to a job and that no wait has taken, in {q}:steps:<id>. Under 'Q' and
-- a name stand the numbers of the first and of the next of that name, under 'q', the number, a space
-- and the name the values; under '?' how many there are.

-- The first signal of a name; nil if there is none.
local function signals_first(base, id, name)
  local steps = base .. 'steps:' .. id
  local first = string.match(redis.call('HGET', steps, 'Q' .. name) or '', '^%d+')
  return first and redis.call('HGET', steps, 'q' .. first .. ' ' .. name)
end

-- It was taken.
local function signals_drop(base, id, name)
  local steps = base .. 'steps:' .. id
  local first, following = string.match(redis.call('HGET', steps, 'Q' .. name), '^(%d+) (%d+)$')
  redis.call('HDEL', steps, 'q' .. first .. ' ' .. name)
  redis.call('HINCRBY', steps, '?', -1)
  if first + 1 < tonumber(following) then
    redis.call('HSET', steps, 'Q' .. name, first + 1 .. ' ' .. following)
  else
    redis.call('HDEL', steps, 'Q' .. name)
  end
end
