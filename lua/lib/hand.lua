-- hand: the jobs that are out by hand. All of a queue are held under one name, so that nothing
-- depends on how many receives they come from. Each is out until a time of its own, in the ZSET
-- {q}:visibility; the lease of the name ends with the first of these. A job's value in `running`
-- ends with the receive that has it: "<rank>:<started ms>:<receive>".

local HAND = 'by-hand'

-- Whether a receive has the job of this value.
local function hand_holds(value, receive)
  return value and string.match(value, '[^:]*$') == receive
end

-- Moves the lease of the name to the first time in `visibility`. It ends with the last job.
local function hand_mind(workers, visibility)
  local first = redis.call('ZRANGE', visibility, 0, 0, 'WITHSCORES')
  if first[1] then
    redis.call('ZADD', workers, first[2], HAND)
  else
    redis.call('ZREM', workers, HAND)
  end
end

-- Notes until when jobs are out.
local function hand_out(workers, visibility, ids, deadline)
  local members, text = {}, string.format('%.0f', deadline)
  for i, id in ipairs(ids) do
    members[2 * i - 1], members[2 * i] = text, id
  end
  redis.call('ZADD', visibility, unpack(members))
  hand_mind(workers, visibility)
end

-- The receive has these jobs, and its own name has served.
local function hand_deliver(q, receive, ids, deadline)
  if #ids > 0 then
    hand_out(q.workers, q.base .. 'visibility', ids, deadline)
    redis.call('ZREM', q.workers, receive)
  end
end

-- Forgets until when jobs are out that are out no more.
local function hand_end(workers, visibility, ids)
  if #ids > 0 then redis.call('ZREM', visibility, unpack(ids)) end
  hand_mind(workers, visibility)
end

-- Up to `most` jobs whose time is over: their pairs in `running`, and all ids to end.
local function hand_overdue(base, now, most)
  local ids = redis.call('ZRANGEBYSCORE', base .. 'visibility', '-inf',
    string.format('(%.0f', now), 'LIMIT', 0, most)
  local held = {}
  if #ids > 0 then
    local values = redis.call('HMGET', base .. 'running:' .. HAND, unpack(ids))
    for i, value in ipairs(values) do
      if value then held[#held + 1], held[#held + 2] = ids[i], value end
    end
  end
  return held, ids
end
