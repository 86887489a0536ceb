-- keyed: jobs that name keys of which only so many may run at once, over all workers. {q}:keys:active is a
-- ZSET of members '<key>\n<id>', all with score 0: jobs that are active. A job that would be one too many
-- leaves its place before it is fetched, and waits in the lane of that key, '\1<key>', until there is room:
-- {q}:keys:blocked is a ZSET of the keys that have such jobs, with 1 for those that may have room, and 0 for
-- those of which a run has to end first. A fetch puts the first of the lanes with room back to where they
-- were. So it costs by what it takes.

-- How many keys a fetch looks at that may have room, and how many jobs of each it puts back.
local KEYED_STEP = 100

-- How many jobs of a key are active.
local function keyed_active(q, key)
  return redis.call('ZLEXCOUNT', q.base .. 'keys:active', '[' .. key .. '\n', '(' .. key .. '\11')
end

-- How many jobs of a key may start now, as the first one of its lane says.
local function keyed_room(q, key, lane)
  local first = redis.call('ZRANGE', lane, 0, 0)[1]
  for most, name in string.gmatch(redis.call('HGET', q.base .. 'keys_of', first) or '', '(%d+) ([^\n]*)') do
    if name == key then return most - keyed_active(q, key) end
  end
  -- It is a key of that job no more.
  return 1
end

-- Jobs of keys that have room again go back to where they were.
local function keyed_open(q, now)
  local blocked, members, ids = q.base .. 'keys:blocked', {}, {}
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', blocked, 1, 1, 'LIMIT', 0, KEYED_STEP)) do
    local lane = q.base .. 'lane:\1' .. key
    local room = math.min(keyed_room(q, key, lane), KEYED_STEP)
    local heads = room > 0 and redis.call('ZRANGE', lane, 0, room - 1, 'WITHSCORES') or {}
    -- What goes back may go elsewhere than into a run, so the next fetch looks again.
    if room <= 0 then redis.call('ZADD', blocked, 0, key) end
    for i = 1, #heads, 2 do
      ids[#ids + 1] = heads[i]
      members[#members + 1], members[#members + 2] = heads[i + 1], heads[i]
    end
  end
  if #ids > 0 then
    lanes_leave(q.base, ids)
    groups_ready(q, members, rank_priorities(q.priority, ids), now)
  end
end

-- The first of a job's keys that has no room; nil if all have. counts: by key, with those of this plan.
local function keyed_full(q, counts, text)
  local names = {}
  for most, key in string.gmatch(text, '(%d+) ([^\n]*)') do
    counts[key] = counts[key] or keyed_active(q, key)
    if counts[key] >= tonumber(most) then
      return key
    end
    names[#names + 1] = key
  end
  for _, key in ipairs(names) do
    counts[key] = counts[key] + 1
  end
end

-- A turn's job leaves its place for the lane of a key: its rank there. In a group in order it holds the
-- group's room.
local function keyed_rank(q, r, turn)
  local id, score, set = turn.id, tonumber(turn.mark), turn.set
  if set and group_limits_word(q.limits[set.group] or '', 'o') then
    local since = r.since[id]
    if since then
      redis.call('HSET', q.base .. 'group_of', id, string.format('%.0f ', since) .. set.group)
    end
    redis.call('ZADD', q.base .. 'groups:active', 0, set.group .. '\n' .. id)
  end
  if score >= 0 then
    return turn.mark
  elseif score >= -LANES_BELOW then
    return string.format('%.0f', lanes_rank(score))
  end
  local _, since = group_of_ids(q, { id })
  return rank_text(redis.call('HGET', q.priority, id) or 0, q.step, since[1])
end

-- Takes the jobs of a plan that may not start to where they wait. Answers whether there are any: then the
-- plan is to be made anew.
local function keyed_hold(q, r, plan)
  local ids, counts, lanes, parked = {}, {}, {}, {}
  for i, turn in ipairs(plan) do
    ids[i] = turn.id
  end
  if #ids == 0 then
    return false
  end
  for i, text in ipairs(redis.call('HMGET', q.base .. 'keys_of', unpack(ids))) do
    local key = text and keyed_full(q, counts, text)
    if key then
      local lane = '\1' .. key
      lanes[lane] = lanes[lane] or {}
      table.insert(lanes[lane], keyed_rank(q, r, plan[i]))
      table.insert(lanes[lane], ids[i])
      parked[#parked + 1] = ids[i]
    end
  end
  if #parked > 0 then
    groups_yield(q, parked)
    lanes_leave(q.base, parked)
    lanes_put(q, lanes)
  end
  return #parked > 0
end

-- These jobs have begun.
local function keyed_take(q, ids)
  local active = {}
  for i, text in ipairs(redis.call('HMGET', q.base .. 'keys_of', unpack(ids))) do
    for key in string.gmatch(text or '', '%d+ ([^\n]*)') do
      active[#active + 1], active[#active + 2] = 0, key .. '\n' .. ids[i]
    end
  end
  if #active > 0 then redis.call('ZADD', q.base .. 'keys:active', unpack(active)) end
end
