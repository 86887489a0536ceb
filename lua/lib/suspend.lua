-- suspend: jobs whose runs have ended before their handlers have. The HASH {q}:steps:<id> has under
-- '@' what such a job waits for: until when in ms, and after a space the names of signals, a line
-- each. It holds while the job stands in `delayed` with just that time. Under 'Q' and a name it has
-- which signals of the name have come and are not taken: see job/signal.

-- Notes what a job waits for, "@<ms> <names>", and answers for how long: no longer if such a signal
-- has come since its run looked, or if it waits for children of which none goes on: a failover may have
-- lost them after the run had started them, and another run does so again. Answers besides whether it
-- is for the end of the job's children: then the job stands in the ZSET {q}:waiting-children as well,
-- with score 0, for as long as it does in `delayed`.
local function suspend_for(q, id, wish, now)
  local steps = q.base .. 'steps:' .. id
  local due, names = string.match(wish, '^@(%d+) ?(.*)$')
  redis.call('HSET', steps, '@', string.sub(wish, 2))
  redis.call('HDEL', steps, '!')
  redis.call('SADD', q.listed, id)
  for name in string.gmatch(names, '[^\n]+') do
    if redis.call('HEXISTS', steps, 'Q' .. name) == 1 then return 1, false end
  end
  if not wish_is_for_children(names) then
    return math.max(1, due - now), false
  end
  -- The newest first, since that is the one in nearly all cases.
  local goes_on, flows = false, redis.call('HGET', q.base .. 'children', id) or ''
  for flow in string.gmatch(string.reverse(flows), '%S+') do
    local state = redis.call('HGET', q.base .. 'flow:' .. string.reverse(flow), 'state')
    goes_on = state and state ~= 'completed' and state ~= 'failed' and state ~= 'cancelled'
    if goes_on then break end
  end
  if not goes_on then return 1, false end
  redis.call('ZADD', q.base .. 'waiting-children', 0, id)
  return math.max(1, due - now), true
end
