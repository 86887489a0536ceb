-- tries: how often a job was tried, in the HASH {q}:attempts: "<failed attempts>", then "~<snoozes>"
-- if there were any, then "@<ms>" if it is due otherwise than its record says. What is reckoned from
-- when a job is due, such as its deadline, is so from there.

-- Notes when a job is due, unless it has run before: then its times have begun.
local function tries_due(base, id, due)
  local name = base .. 'attempts'
  local tries = redis.call('HGET', name, id)
  if not tries or string.sub(tries, 1, 2) == '0@' then
    redis.call('HSET', name, id, '0@' .. string.format('%.0f', due))
  end
end
