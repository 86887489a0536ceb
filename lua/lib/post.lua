-- post: a signal reaches its job. It is kept until a wait takes it; see lib/signals.lua. A job that
-- waits for it is ready at once.

-- q: base, and what keys the script has. Answers 1 if it has ended a wait, 0 if it is kept. The job,
-- which hasn't ended, is in this state, with this score in its set.
local function post_signal(q, id, name, value, state, score)
  local steps = q.base .. 'steps:' .. id
  local first, following = string.match(redis.call('HGET', steps, 'Q' .. name) or '0 0',
    '^(%d+) (%d+)$')
  redis.call('SADD', key_of(q, 'listed'), id)
  redis.call('HSET', steps, 'q' .. following .. ' ' .. name, value, 'Q' .. name,
    first .. ' ' .. following + 1)
  redis.call('HINCRBY', steps, '?', 1)
  local names = state == 'delayed' and wish_of(q.base, id, score)
  if not names or not string.find('\n' .. names .. '\n', '\n' .. name .. '\n', 1, true) then
    return 0
  end
  local meta = redis.call('HMGET', key_of(q, 'meta'), 'events', 'aging')
  redis.call('ZREM', key_of(q, 'delayed'), id)
  if wish_is_for_children(names) then redis.call('ZREM', q.base .. 'waiting-children', id) end
  local priority = redis.call('HGET', key_of(q, 'priority'), id) or 0
  local now = clock_now()
  local rank = rank_text(priority, rank_step(meta[2]), now)
  groups_ready(q, { rank, id }, { priority }, now)
  events_add(key_of(q, 'events'), meta[1], 'waiting', { id })
  wake_one(key_of(q, 'wake'))
  return 1
end

-- The same for a job of which nothing is known. One that has ended takes no signal.
local function post_any(base, id, name, value)
  local q = { base = base, workers = base .. 'workers' }
  local state, score = state_of(q, id)
  if state == 'waiting' or state == 'delayed' or state == 'active' then
    post_signal(q, id, name, value, state, score)
  end
end
