-- keyed: jobs that name keys of which only so many may run at once, over all workers. {q}:keys:active is a
-- ZSET of members '<key>\n<id>', all with score 0: jobs that are active. A job that would be one too many
-- leaves its place before it is fetched, and waits in the lane of that key, '\1<key>'; so does one that comes
-- behind the first of the lane. {q}:keys:blocked is a ZSET of the keys that have such jobs, with the rank of
-- the first, or KEYED_FULL for those of which a run has to end first.
--
-- A fetch puts the first jobs of lanes with room back to where they were, about as many as it may take.
-- {q}:keys:back has them, as members '<key>\n<id>', until they start: there may be a reason why they don't,
-- such as a group that is paused. Then a fetch that could take more puts others back as well.

-- How many keys a fetch looks at besides those that it opens.
local KEYED_STEP = 100

-- How many members are written at once: a thousand jobs may have several thousand.
local KEYED_WRITE = 2000

-- Beyond all ranks.
local KEYED_FULL = '9007199254740992'

-- How many jobs of a key are in a set of members '<key>\n<id>'.
local function keyed_count(q, set, key)
  return redis.call('ZLEXCOUNT', q.base .. set, '[' .. key .. '\n', '(' .. key .. '\11')
end

-- The keys of jobs, a text each; false for one without, and for one that has expired: it takes no room.
local function keyed_texts(q, ids, now)
  local texts = redis.call('HMGET', q.base .. 'keys_of', unpack(ids))
  if q.expiring then
    for i, score in ipairs(redis.call('ZMSCORE', q.base .. 'expiring', unpack(ids))) do
      local at = tonumber(score or -2)
      if at == -1 or (at >= 0 and at <= now) then texts[i] = false end
    end
  end
  return texts
end

-- How many jobs of a key may be active, as the first of its lane says.
local function keyed_most(q, key, first, active)
  local text = redis.call('HGET', q.base .. 'keys_of', first) or ''
  for most, name in string.gmatch(text, '(%d+) ([^\n]*)') do
    if name == key then return tonumber(most) end
  end
  -- It is a key of that job no more.
  return active + 1
end

-- Puts jobs back whose keys have room again, and answers whether there were any. wanted: about how many.
-- keys: what is known of the keys of a plan, and how many jobs of them it has, if those are too few; times:
-- how many times as many it puts back then, since the first ones may not start.
local function keyed_open(q, wanted, now, keys, times)
  times = times or 1
  local most = keys and math.min(wanted * times, math.max(wanted, KEYED_STEP)) or wanted
  local blocked, members, ids, back = q.base .. 'keys:blocked', {}, {}, {}
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', blocked, '-inf', '(' .. KEYED_FULL, 'LIMIT', 0,
    2 * most + KEYED_STEP)) do
    local lane, active = q.base .. 'lane:\1' .. key, keyed_count(q, 'keys:active', key)
    local may = keyed_most(q, key, redis.call('ZRANGE', lane, 0, 0)[1], active)
    if active >= may then redis.call('ZADD', blocked, KEYED_FULL, key) end
    local known = keys and keys[key]
    local room = may - (known and known.count or keys and active
      or active + keyed_count(q, 'keys:back', key))
    room = math.min(room * times, most - #ids)
    local heads = room > 0 and redis.call('ZRANGE', lane, 0, room - 1, 'WITHSCORES') or {}
    for i = 1, #heads, 2 do
      ids[#ids + 1] = heads[i]
      members[#members + 1], members[#members + 2] = heads[i + 1], heads[i]
      back[#back + 1], back[#back + 2] = 0, key .. '\n' .. heads[i]
    end
    if #ids == most then break end
  end
  if #ids == 0 then
    return false
  end
  redis.call('ZADD', q.base .. 'keys:back', unpack(back))
  groups_ready(q, members, rank_priorities(q.priority, ids), now, true)
  lanes_leave_lanes(q.base, ids, 1, #ids)
  return true
end

-- The rank of a turn's job, among all jobs.
local function keyed_rank(q, turn)
  local score = tonumber(turn.mark)
  if score > -LANES_BELOW then
    return string.format('%.0f', lanes_rank(score))
  end
  local _, since = group_of_ids(q, { turn.id })
  return rank_text(redis.call('HGET', q.priority, turn.id) or 0, q.step, since[1])
end

-- What is known of a key: how many jobs of it are active, with those of this plan; and the rank of the first
-- of its lane.
local function keyed_known(q, r, key)
  if not r.keys[key] then
    local head = redis.call('ZSCORE', q.base .. 'keys:blocked', key)
    r.keys[key] = { count = keyed_count(q, 'keys:active', key), head = tonumber(head or nil) }
  end
  return r.keys[key]
end

-- The first of a job's keys that it has to wait for; nil if it may start.
local function keyed_full(q, r, turn, text)
  local names, rank = {}, nil
  for most, key in string.gmatch(text, '(%d+) ([^\n]*)') do
    local known = keyed_known(q, r, key)
    if known.count >= tonumber(most) then
      return key
    elseif known.head then
      rank = rank or tonumber(keyed_rank(q, turn))
      if (known.head < rank or known.head == LANES_BELOW)
        and not redis.call('ZSCORE', q.base .. 'keys:back', key .. '\n' .. turn.id) then
        return key
      end
    end
    names[#names + 1] = known
  end
  for _, known in ipairs(names) do
    known.count = known.count + 1
  end
end

-- In a group in order, a job holds the group's room while it waits for a key.
local function keyed_keep(q, r, turn)
  local set, id = turn.set, turn.id
  if set and group_limits_word(q.limits[set.group] or '', 'o') then
    local since = r.since[id]
    if since then
      redis.call('HSET', q.base .. 'group_of', id, string.format('%.0f ', since) .. set.group)
    end
    redis.call('ZADD', q.base .. 'groups:active', 0, set.group .. '\n' .. id)
  end
end

-- Takes the jobs of a plan that may not start to where they wait. Answers whether there are any: then the
-- plan is to be made anew.
local function keyed_hold(q, r, plan, now)
  local ids, lanes, parked = {}, {}, {}
  r.keys, r.keys_of = {}, {}
  for i, turn in ipairs(plan) do
    ids[i] = turn.id
  end
  for i, text in ipairs(#ids > 0 and keyed_texts(q, ids, now) or {}) do
    local key = text and keyed_full(q, r, plan[i], text)
    r.keys_of[ids[i]] = text
    if key then
      local lane = '\1' .. key
      lanes[lane] = lanes[lane] or {}
      table.insert(lanes[lane], keyed_rank(q, plan[i]))
      table.insert(lanes[lane], ids[i])
      parked[#parked + 1] = ids[i]
      keyed_keep(q, r, plan[i])
    end
  end
  if #parked > 0 then
    groups_yield(q, parked)
    lanes_free_keys(q.base, parked)
    lanes_leave(q.base, parked)
    lanes_put(q, lanes)
  end
  return #parked > 0
end

-- Writes or removes members, many at once.
local function keyed_write(command, set, list, width)
  for i = 1, #list, KEYED_WRITE * width do
    redis.call(command, set, unpack(list, i, math.min(i + KEYED_WRITE * width - 1, #list)))
  end
end

-- These jobs of the plan are about to begin.
local function keyed_take(q, r, ids)
  local active, back = {}, {}
  for _, id in ipairs(ids) do
    for key in string.gmatch(r.keys_of[id] or '', '%d+ ([^\n]*)') do
      active[#active + 1], active[#active + 2] = 0, key .. '\n' .. id
      back[#back + 1] = key .. '\n' .. id
    end
  end
  keyed_write('ZADD', q.base .. 'keys:active', active, 2)
  keyed_write('ZREM', q.base .. 'keys:back', back, 1)
end
