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
  return it.adds or (it.last ~= '-' and unfinished(q, it.last))
end

-- Why a tick adds no job, as a letter of the answer; nil if it adds one.
local function fire_against(q, it, tick)
  if tick.job == '' then
    return '-'
  elseif tick.overlap ~= 'a' and fire_unfinished(q, it) then
    return tick.overlap == 'l' and 'l' or 's'
  elseif redis.call('HEXISTS', q.jobs, tick.job) == 1 then
    return 'd'
  end
  return q.room and #q.adds >= q.room and 'f' or nil
end

-- Whether a schedule has added all the jobs that it may.
local function fire_over(it)
  return it.limit ~= '' and it.count >= tonumber(it.limit)
end

-- Decides on one tick, and answers a letter for it.
local function fire_judge(q, it, tick)
  if tick.this == '' then
    if redis.call('HEXISTS', q.schedules, it.id) == 0 then return '0' end
  elseif it.tick ~= tick.this or (it.changed and fire_over(it)) then
    return '0'
  end
  local against = fire_against(q, it, tick)
  if against == 'f' or against == 'l' then
    return against
  end
  it.changed, it.limit = true, tick.limit
  if tick.this ~= '' then it.tick, it.moved = tick.next, true end
  if against and against ~= 'd' then
    it.left = it.left + 1
    return against
  end
  it.count, it.last, tick.before = it.count + 1, tick.job, it.last
  if not against then
    it.adds, tick.it = true, it
    q.adds[#q.adds + 1] = tick
  end
  return against or '1'
end

-- The jobs to add, as the arguments of an add: see lib/add.lua.
local function fire_batch(q)
  local batch, specials, n = { '1', '', '', '', #q.adds }, {}, #q.adds
  for i, tick in ipairs(q.adds) do
    batch[4 + 2 * i], batch[5 + 2 * i] = tick.job, tick.record
    if tick.key ~= '' or tick.due ~= '' or tick.priority ~= '0' then
      local special = { priority = tonumber(tick.priority), due = tick.due, key = tick.key, unique = 0 }
      if tick.key ~= '' then
        q.keys[#q.keys + 1] = q.base .. 'unique:' .. tick.key
        special.unique, special.rule = #q.keys, tick.rule
        dedup_rule(special)
      end
      specials[i] = special
    end
  end
  batch[6 + 2 * n], q.after = '', 6 + 2 * n
  for i, tick in ipairs(q.adds) do
    if tick.ttl ~= '' then
      batch[#batch + 1], batch[#batch + 2] = i, tick.ttl
    end
  end
  return batch, specials
end

-- Adds the jobs. One that another stands for, by their unique key, is left out after all.
local function fire_add(q, letters)
  local batch, specials = fire_batch(q)
  q.fresh = #q.adds
  local duplicates = add_duplicates(q, q.keys, batch, #q.adds, specials)
  if q.fresh > 0 or q.meets then add_write(q, batch, #q.adds, specials, duplicates) end
  for i, tick in ipairs(q.adds) do
    local it, meet = tick.it, specials[i] and specials[i].meet
    if duplicates[i] and meet.how == '' then
      it.count, it.left, letters[tick.index] = it.count - 1, it.left + 1, 'u'
      if it.last == tick.job then it.last = tick.before end
    elseif duplicates[i] and it.last == tick.job then
      it.last = duplicates[i]
    end
  end
end

-- Writes what has become of the schedules.
local function fire_write(q, list)
  local moves, over, texts = {}, {}, {}
  for _, it in ipairs(list) do
    if it.moved and (it.tick == '' or fire_over(it)) then
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
