-- parked: a job that waits until another of its unique key has ended. See lib/unique.lua.

-- Changes when such a job is due, in the value of its key. Answers whether the job, whose score in
-- `delayed` this is, is one.
local function parked_delay(base, id, score, due)
  if score ~= UNIQUE_PARKED then
    return false
  end
  local name = base .. 'unique:' .. redis.call('HGET', base .. 'uniques', id)
  local head = string.match(redis.call('GET', name), '^(%S+ %S+) ')
  redis.call('SET', name, head .. ' ' .. string.format('%.0f', due) .. ' ' .. id)
  return true
end
