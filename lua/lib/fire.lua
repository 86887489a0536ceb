-- fire: what becomes of ticks. A schedule's `fired` is "<jobs>,<ticks without one>,<last job>", with '-'
-- if there is none.

-- How many arguments say what becomes of one tick.
local FIRE_STRIDE = 12

-- What is known of the schedules that the arguments name: by id, and as a list.
local function fire_known(q, args)
  local known, list, ids = {}, {}, {}
  for i = 1, q.n do
    local id = args[FIRE_STRIDE * (i - 1) + 4]
    if not known[id] then
      known[id] = { id = id }
      ids[#ids + 1], list[#list + 1] = id, known[id]
    end
  end
  local ticks = redis.call('ZMSCORE', q.ticks, unpack(ids))
  local fired = redis.call('HMGET', q.fired, unpack(ids))
  for i, it in ipairs(list) do
    local count, left, last = string.match(fired[i] or '', '^(%d+),(%d+),(%S+)$')
    it.tick, it.count, it.left = ticks[i], tonumber(count or 0), tonumber(left or 0)
    it.last = last or '-'
  end
  return known, list
end

-- Whether a schedule's last job waits or runs.
local function fire_unfinished(q, it)
  if it.adds then
    return true
  elseif it.last == '-' or redis.call('HEXISTS', q.jobs, it.last) == 0 then
    return false
  end
  for _, set in ipairs(q.ended) do
    if redis.call('ZSCORE', set, it.last) then return false end
  end
  return true
end

-- Why a tick adds no job, as a letter of the answer; nil if it adds one.
local function fire_against(q, it, tick)
  if tick.job == '' then
    return '-'
  elseif tick.overlap ~= 'a' and fire_unfinished(q, it) then
    return tick.overlap == 'l' and 'l' or 's'
  elseif redis.call('HEXISTS', q.jobs, tick.job) == 1 then
    return 'd'
  elseif tick.key ~= '' then
    local key = q.base .. 'unique:' .. tick.key
    if q.claimed[key] or redis.call('EXISTS', key) == 1 then return 'u' end
  end
  return q.room and #q.adds >= q.room and 'f' or nil
end

-- Moves a schedule to its next tick, unless the job was asked for out of turn.
local function fire_move(it, tick, adds)
  it.changed = true
  if adds then
    it.count, it.last = it.count + 1, tick.job
  else
    it.left = it.left + 1
  end
  if tick.this ~= '' then it.tick, it.moved = tick.next, true end
  if tick.limit ~= '' and it.count >= tonumber(tick.limit) then it.tick, it.moved = '', true end
end

-- Decides on one tick, and answers a letter for it.
local function fire_judge(q, it, tick)
  if tick.this == '' then
    if redis.call('HEXISTS', q.schedules, it.id) == 0 then return '0' end
  elseif it.tick ~= tick.this then
    return '0'
  end
  local against = fire_against(q, it, tick)
  if against == 'f' or against == 'l' then
    return against
  end
  local adds = not against or against == 'd'
  fire_move(it, tick, adds)
  if not against then
    it.adds = true
    if tick.key ~= '' then q.claimed[q.base .. 'unique:' .. tick.key] = true end
    q.adds[#q.adds + 1] = tick
  end
  return against or '1'
end

-- The jobs to add, as the arguments of an add: see lib/add.lua.
local function fire_batch(q)
  local batch, specials, n = { '1', '', '', '', #q.adds }, {}, #q.adds
  for i, tick in ipairs(q.adds) do
    batch[4 + 2 * i], batch[5 + 2 * i] = tick.job, tick.record
    if tick.key ~= '' then q.keys[#q.keys + 1] = q.base .. 'unique:' .. tick.key end
    if tick.key ~= '' or tick.due ~= '' or tick.priority ~= '0' then
      specials[i] = {
        priority = tonumber(tick.priority), due = tick.due, key = tick.key,
        unique = tick.key ~= '' and #q.keys or 0, lifetime = tonumber(tick.lifetime),
      }
    end
  end
  batch[6 + 2 * n] = ''
  q.after = 6 + 2 * n
  for i, tick in ipairs(q.adds) do
    if tick.ttl ~= '' then
      batch[#batch + 1], batch[#batch + 2] = i, tonumber(tick.ttl)
    end
  end
  return batch, specials
end

-- Writes what has become of the schedules.
local function fire_write(q, list)
  local moves, over, texts = {}, {}, {}
  for _, it in ipairs(list) do
    if it.moved and it.tick == '' then
      over[#over + 1] = it.id
    elseif it.moved then
      moves[#moves + 1], moves[#moves + 2] = it.tick, it.id
    end
    if it.changed then
      texts[#texts + 1] = it.id
      texts[#texts + 1] = string.format('%.0f,%.0f,%s', it.count, it.left, it.last)
    end
  end
  if #over > 0 then redis.call('ZREM', q.ticks, unpack(over)) end
  if #moves > 0 then redis.call('ZADD', q.ticks, unpack(moves)) end
  if #texts > 0 then redis.call('HSET', q.fired, unpack(texts)) end
end
