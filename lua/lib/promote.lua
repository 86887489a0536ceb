-- promote: what is due goes from `delayed` to `waiting`, with its due time as the ms of its rank.

local PROMOTE_STEP = 1000

-- Promotes the jobs that are due, and answers when the next one is; nil if no job is delayed.
local function promote_due(q, now)
  if q.bare then
    return nil
  end
  local head = redis.call('ZRANGE', q.delayed, 0, 0, 'WITHSCORES')
  if not head[1] or tonumber(head[2]) > now then
    return tonumber(head[2])
  end
  local due = redis.call('ZRANGEBYSCORE', q.delayed, '-inf', now, 'WITHSCORES', 'LIMIT', 0,
    PROMOTE_STEP)
  local ids, members = {}, {}
  for i = 1, #due, 2 do
    ids[#ids + 1] = due[i]
  end
  local priorities = rank_priorities(q.priority, ids)
  for i, id in ipairs(ids) do
    members[2 * i - 1] = rank_text(priorities[i] or 0, q.step, due[2 * i])
    members[2 * i] = id
  end
  groups_ready(q, members, priorities, now)
  redis.call('ZREMRANGEBYRANK', q.delayed, 0, #ids - 1)
  -- The time of one that waits for its children, or another of its waits, may be over.
  if not q.plain then redis.call('ZREM', q.base .. 'waiting-children', unpack(ids)) end
  events_add(q.events, q.kept, 'waiting', ids)
  return tonumber(redis.call('ZRANGE', q.delayed, 0, 0, 'WITHSCORES')[2])
end
