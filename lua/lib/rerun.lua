-- rerun: ended jobs go back to `waiting`, as if they had never run.

local function rerun_all(q, set, ids, now)
  local priorities = rank_priorities(q.priority, ids)
  local members = {}
  for i, id in ipairs(ids) do
    members[2 * i - 1] = rank_text(priorities[i] or 0, q.step, now)
    members[2 * i] = id
  end
  redis.call('ZREM', set, unpack(ids))
  redis.call('HDEL', q.outcomes, unpack(ids))
  redis.call('HDEL', q.attempts, unpack(ids))
  redis.call('HDEL', q.stalls, unpack(ids))
  redis.call('HDEL', q.misses, unpack(ids))
  redis.call('ZADD', q.waiting, unpack(members))
  events_add(q.events, q.kept, 'waiting', ids)
end
